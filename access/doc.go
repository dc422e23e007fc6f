// Package access says who may do what in which environment: users, their roles, permissions and Hub logins, and the
// audit of what they did. Pure words and one decision, Role.Allows; where they are kept is the store's affair.
package access

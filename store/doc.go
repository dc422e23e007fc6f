// Package store keeps what is relational and small: users and their Hub logins, the audit, versioned objects, settings
// and the outbox of deliveries. SQLite in one file; the statements and migrations keep to what PostgreSQL understands as
// well ($1 parameters, BIGINT microseconds, BYTEA, ON CONFLICT), so that the distributed half passes the same suite
// (store/storetest) without touching a caller.
//
// Payment decisions have a file of their own, the Ledger, because they come by the thousand a second: its writes share
// commits, which do not wait for the disk one by one.
//
// Times are arguments, never read from a clock here. Lookups of something that may be absent answer (value, found,
// error), because the rooms that ask are siblings and share no error values with this one.
package store

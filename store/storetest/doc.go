// Package storetest is the suite every settings database must pass: SQLite today, PostgreSQL later. It speaks of
// behaviour only and never of SQL.
package storetest

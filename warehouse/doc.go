// Package warehouse keeps every record for analytical questions: in go event.Records with their positions in the log,
// out come search.Page, search.Story and search.Totals.
//
// DuckDB is the embedded warehouse, one file on one machine. A batch and the position it reaches are one transaction,
// so that a log may be replayed from any earlier position and each record is still kept exactly once. Whoever uses a
// warehouse declares the few methods it needs; every warehouse passes the suite of warehouse/warehousetest.
package warehouse

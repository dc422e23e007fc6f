package warehouse

import (
	"context"
	"database/sql"
	"database/sql/driver"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	duckdb "github.com/duckdb/duckdb-go/v2"
)

//go:embed schema.sql
var schema string

const (
	// catalog is the name the file is attached by.
	catalog = "warehouse"
	// schemaVersion is what progress.schema_version must be.
	schemaVersion = 2
	// rowGroup is how many rows are stored and rewritten together. A checkpoint writes the last, half full group anew,
	// and a record is some kilobytes: DuckDB's default of 122880 would write hundreds of megabytes each time.
	rowGroup = 16384
	// exportPlaces is how many exports may run at once.
	exportPlaces = 2
)

// makeFolders makes the folder of path, and the one that DuckDB spills to, for this user alone.
func makeFolders(path string) error {
	return errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.MkdirAll(path+".tmp", 0o700))
}

// hide takes DuckDB's files from other users of the machine, whose folder may not be ours. DuckDB makes the write-ahead
// log anew after each checkpoint.
func hide(path string) error {
	if err := os.Chmod(path+".wal", 0o600); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.Chmod(path, 0o600)
}

// openBase attaches the file to a DuckDB that lives in memory: only so may the size of row groups be chosen, and the
// storage format, whose default is that of old releases and costs a quarter more to write.
func openBase(path string, opts Options) (*base, error) {
	ctx := context.Background()
	var attached atomic.Bool
	connector, err := duckdb.NewConnector("", func(conn driver.ExecerContext) error {
		if !attached.Load() {
			return nil // this is the connection that attaches
		}
		_, err := conn.ExecContext(ctx, "USE "+catalog, nil)
		return err
	})
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(1 + opts.Readers + exportPlaces)
	db.SetMaxIdleConns(1 + opts.Readers)
	writer, err := attach(ctx, db, path, opts)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	attached.Store(true)
	opened := &base{db: db, writer: writer}
	if err := opened.ensureSchema(ctx); err != nil {
		return nil, errors.Join(err, opened.close())
	}
	if err := hide(path); err != nil {
		return nil, errors.Join(err, opened.close())
	}
	return opened, nil
}

// attach sets the bounds, attaches the file, and then locks DuckDB in: no other file, no extension, no network.
func attach(ctx context.Context, db *sql.DB, path string, opts Options) (*sql.Conn, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	for _, statement := range []string{
		"SET autoinstall_known_extensions = false",
		"SET autoload_known_extensions = false",
		"SET allow_community_extensions = false",
		fmt.Sprintf("SET threads = %d", opts.Threads),
		fmt.Sprintf("SET memory_limit = '%dB'", opts.Memory),
		fmt.Sprintf("SET max_temp_directory_size = '%dB'", opts.Spill),
		fmt.Sprintf("SET temp_directory = %s", quote(path+".tmp")),
		fmt.Sprintf("SET checkpoint_threshold = '%dB'", opts.Checkpoint),
		"SET preserve_insertion_order = false",
		// Close does it; a base that broke down must leave the file as it is.
		"PRAGMA disable_checkpoint_on_shutdown",
		fmt.Sprintf("ATTACH %s AS %s (ROW_GROUP_SIZE %d, STORAGE_VERSION 'v1.4.0')", quote(path), catalog, rowGroup),
		"USE " + catalog,
		"SET enable_external_access = false",
		"SET lock_configuration = true",
	} {
		if _, err := conn.ExecContext(ctx, statement); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
	}
	return conn, nil
}

// quote writes a text as an SQL literal, for the statements that take no parameters.
func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

func (b *base) ensureSchema(ctx context.Context) error {
	var tables int
	const count = "SELECT count(*) FROM duckdb_tables() WHERE database_name = ?"
	if err := b.writer.QueryRowContext(ctx, count, catalog).Scan(&tables); err != nil {
		return fmt.Errorf("read schema: %w", err)
	}
	if tables == 0 {
		return within(ctx, b.writer, "COMMIT", func(conn *sql.Conn) error {
			if _, err := conn.ExecContext(ctx, schema); err != nil {
				return fmt.Errorf("make schema: %w", err)
			}
			return nil
		})
	}
	var version int
	if err := b.writer.QueryRowContext(ctx, "SELECT schema_version FROM progress").Scan(&version); err != nil {
		return fmt.Errorf("the file exists, but it is not a warehouse: %w", err)
	}
	if version < 1 || version > schemaVersion {
		return fmt.Errorf("the file has schema version %d, this program knows version %d", version, schemaVersion)
	}
	return b.upgrade(ctx, version)
}

// upgrades lists what brings a file from version i+1 to the next. Older programs knew no policies, so there is nothing to
// fill in.
func upgrades() [][]string {
	return [][]string{{
		"ALTER TABLE actions ADD COLUMN policy VARCHAR DEFAULT ''",
		"ALTER TABLE actions ADD COLUMN detail VARCHAR DEFAULT ''",
	}}
}

// upgrade brings an older file up to date, all of it or nothing.
func (b *base) upgrade(ctx context.Context, version int) error {
	if version == schemaVersion {
		return nil
	}
	return within(ctx, b.writer, "COMMIT", func(conn *sql.Conn) error {
		for _, statements := range upgrades()[version-1:] {
			for _, statement := range statements {
				if _, err := conn.ExecContext(ctx, statement); err != nil {
					return fmt.Errorf("upgrade from schema version %d: %w", version, err)
				}
			}
		}
		if _, err := conn.ExecContext(ctx, "UPDATE progress SET schema_version = ?", schemaVersion); err != nil {
			return fmt.Errorf("upgrade from schema version %d: %w", version, err)
		}
		return nil
	})
}

func noTransaction(err error) bool { return strings.Contains(err.Error(), "no transaction is active") }

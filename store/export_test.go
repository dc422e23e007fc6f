package store

import (
	"context"
	"fmt"
)

// CapPages makes the database as small as a full disk would, for tests.
func (s *SQLite) CapPages(ctx context.Context, pages int) error {
	_, err := s.writer.ExecContext(ctx, fmt.Sprintf("PRAGMA max_page_count = %d", pages))
	return err
}

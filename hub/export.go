package hub

import (
	"context"
	"encoding/csv"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"wayguard/element"
	"wayguard/search"
)

const (
	// flushRows is how many rows of an export are sent at once; a page must take each lot within exportWrite.
	flushRows   = 500
	exportWrite = 30 * time.Second
)

// export answers GET /sessions.csv: every session that matches, as it is read, so that an export of millions needs no
// more memory than one of ten.
func (h *Hub) export(w http.ResponseWriter, r *http.Request, who visitor) error {
	q, err := h.exportQuery(r, who)
	if err != nil {
		return err
	}
	select {
	case h.exports <- struct{}{}:
		defer func() { <-h.exports }()
	default:
		return busy("exports")
	}
	// Data that leaves must leave a trace: no audit, no export.
	detail := fmt.Sprintf("field=%s values=%d from=%s to=%s", q.Field, len(q.Values), stamp(q.From), stamp(q.To))
	if err := h.record(r.Context(), who.env, who.user.Email, "sessions.export", detail, who.address); err != nil {
		return storeUnavailable(err)
	}
	ctx, cancel := context.WithTimeout(r.Context(), exportTime)
	defer cancel()
	out := &csvExport{to: w, control: http.NewResponseController(w), name: "sessions-" + h.deps.Now().UTC().Format("20060102-150405") + ".csv"}
	if err := h.deps.Warehouse.Each(ctx, q, out.row); err != nil {
		if !out.begun {
			return h.warehouseProblem(err)
		}
		// A cut connection is the only way left to say that the file is not whole.
		h.logger.Error("hub export broke off", "rows", out.rows, "error", err)
		panic(http.ErrAbortHandler)
	}
	if err := out.finish(); err != nil {
		h.logger.Info("hub export not delivered", "rows", out.rows, "error", err)
		panic(http.ErrAbortHandler)
	}
	return nil
}

// exportQuery is the search of the ticket, or the one in the address. What must not stand in an address is refused there:
// whoever sends it learns so at once, not from a proxy's log.
func (h *Hub) exportQuery(r *http.Request, who visitor) (search.Query, error) {
	if token := r.URL.Query().Get("ticket"); token != "" {
		q, there := h.tickets.redeem(token, who.login.TokenHash, h.deps.Now())
		if !there || q.Environment != who.env {
			return q, noSuchTicket()
		}
		return q, nil
	}
	q, err := h.parseQuery([]byte(r.URL.Query().Get("query")), who.env)
	if err != nil {
		return q, err
	}
	if h.sensitivity(q.Field, who.env) == element.Hashed {
		return q, badQuery("field", "values of this field must not stand in an address: send the query to POST /exports")
	}
	q.Limit, q.Offset = 0, 0
	return q, nil
}

// csvExport writes the file's head with its first row, so that a warehouse that fails at once still gets a proper error.
type csvExport struct {
	to      http.ResponseWriter
	control *http.ResponseController
	name    string
	writer  *csv.Writer
	begun   bool
	rows    int
}

func (e *csvExport) begin() error {
	e.begun = true
	if err := e.extend(); err != nil {
		return err
	}
	header := e.to.Header()
	header.Set("Content-Type", "text/csv; charset=utf-8; header=present")
	header.Set("Content-Disposition", `attachment; filename="`+e.name+`"`)
	header.Set("Cache-Control", "no-store")
	e.writer = csv.NewWriter(e.to)
	e.writer.UseCRLF = true
	return e.writer.Write([]string{"Session ID", "Session UTC", "Session Risk Rating", "# Events", "# Labels", "Duration",
		"Country", "City", "IP Address"})
}

func (e *csvExport) row(s search.Session) error {
	if !e.begun {
		if err := e.begin(); err != nil {
			return err
		}
	}
	cells := []string{string(s.ID), s.Opened.UTC().Format("2006-01-02 15:04:05.000"), s.Rating.Human(), strconv.FormatInt(s.Events, 10),
		strconv.FormatInt(s.Labels, 10), clock(s.Seconds), s.Country, s.City, s.Address}
	for i, cell := range cells {
		cells[i] = harmless(cell)
	}
	if err := e.writer.Write(cells); err != nil {
		return fmt.Errorf("write a row: %w", err)
	}
	if e.rows++; e.rows%flushRows == 0 {
		return e.flush()
	}
	return nil
}

func (e *csvExport) finish() error {
	if !e.begun {
		if err := e.begin(); err != nil {
			return err
		}
	}
	return e.flush()
}

func (e *csvExport) flush() error {
	if err := e.extend(); err != nil {
		return err
	}
	e.writer.Flush()
	if err := e.writer.Error(); err != nil {
		return fmt.Errorf("write rows: %w", err)
	}
	return e.control.Flush()
}

// extend moves the write deadline: an export may take long as a whole, but not stand still.
func (e *csvExport) extend() error {
	if err := e.control.SetWriteDeadline(time.Now().Add(exportWrite)); err != nil {
		return fmt.Errorf("set an export's write deadline: %w", err)
	}
	return nil
}

// harmless keeps a spreadsheet from running a cell as a formula (OWASP, CSV injection): a visitor chooses some of them.
func harmless(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}

// clock writes seconds as h:mm:ss, which spreadsheets read as a duration.
func clock(seconds float64) string {
	whole := int64(max(seconds, 0) + 0.5)
	return fmt.Sprintf("%d:%02d:%02d", whole/3600, whole/60%60, whole%60)
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return "open"
	}
	return t.UTC().Format(time.RFC3339)
}

package api

import (
	"encoding/csv"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"maps"

	"wayguard/decision"
)

// analytics is GET /api/admin/analytics: counts as JSON, or as lines of comma-separated values with format=csv.
func (a *API) analytics(w http.ResponseWriter, r *http.Request, _ *call) error {
	q := ask(r)
	from, to := q.span(a.deps.Now())
	format := q.oneOf("format", "json", "csv")
	if err := q.err(); err != nil {
		return err
	}
	ctx, cancel, err := a.long(w, r)
	if err != nil {
		return err
	}
	defer cancel()
	found, err := a.deps.Service.Analytics(ctx, from, to)
	if err != nil {
		return err
	}
	if format == "csv" {
		return writeCSV(w, found)
	}
	found.Days, found.Contexts, found.Rules, found.Outcomes = orEmpty(found.Days), orEmpty(found.Contexts), orEmpty(found.Rules), orEmpty(found.Outcomes)
	writeJSON(w, http.StatusOK, found)
	return nil
}

func writeCSV(w http.ResponseWriter, found decision.Analytics) error {
	var text strings.Builder
	lines := csv.NewWriter(&text)
	_ = lines.Write([]string{"by", "key", "total", "allowed", "reviewed", "blocked", "provisional", "fraud", "money"}) // a Builder takes all
	for _, group := range []struct {
		by   string
		rows []decision.Row
	}{{"day", found.Days}, {"context", found.Contexts}, {"rule", found.Rules}, {"outcome", found.Outcomes}} {
		for _, row := range group.rows {
			line := []string{group.by, harmless(row.Key)}
			for _, n := range []int64{row.Total, row.Allowed, row.Reviewed, row.Blocked, row.Provisional, row.Fraud} {
				line = append(line, strconv.FormatInt(n, 10))
			}
			var money []string
			for _, currency := range slices.Sorted(maps.Keys(row.Money)) {
				money = append(money, currency+" "+strconv.FormatInt(row.Money[currency], 10))
			}
			_ = lines.Write(append(line, strings.Join(money, "; ")))
		}
	}
	lines.Flush()
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Disposition", `attachment; filename="analytics.csv"`)
	_, _ = w.Write([]byte(text.String())) // the client went away: there is nobody to tell
	return nil
}

// harmless keeps a spreadsheet from taking a text for a formula.
func harmless(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}

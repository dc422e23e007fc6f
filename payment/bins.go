package payment

import (
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Bins is a table of card number prefixes, as a bank or a data seller gives it. It is never changed and may be used from many
// goroutines at once; a nil table knows nothing.
type Bins struct {
	// ranges are sorted by their first eight digits; a longer prefix stands behind the shorter one that holds it.
	ranges []binRange
	kinds  []Tree
}

// binRange is a prefix: all numbers whose first eight digits are from first to last.
type binRange struct {
	first, last uint32
	// parent is the place of the next shorter prefix that holds it plus one, kind where its data stand.
	parent, kind int32
}

// binKind is what is known of many prefixes alike.
type binKind struct {
	brand, fundingType, category, issuer, country string
	commercial, prepaid                           flag
}

// flag is a yes, a no or nothing known.
type flag uint8

const (
	flagUnknown flag = iota
	flagNo
	flagYes
)

// The bounds of a table of prefixes.
const (
	maxBins      = 2_000_000
	maxBinText   = 200
	minBinPrefix = 4
	maxBinPrefix = 8
)

// ReadBins reads a table from CSV. The first line names the columns, in any order: prefix (4 to 8 digits), and of brand, type ("credit",
// "debit", …), category, is_commercial, issuer, country (ISO 3166, two letters) and prepaid those that there are. Without is_commercial a
// category such as "commercial" or "corporate" tells. An error names the line, counted from 1.
func ReadBins(r io.Reader) (*Bins, error) {
	lines := csv.NewReader(r)
	lines.ReuseRecord = true
	header, err := lines.Read()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("bin table: it is empty; the first line must name the columns")
	}
	if err != nil {
		return nil, binError(lines, err)
	}
	columns, err := binColumns(header)
	if err != nil {
		return nil, err
	}
	b := binReader{columns: columns, places: map[binKind]int32{}, texts: map[string]string{}}
	for {
		record, err := lines.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, binError(lines, err)
		}
		if err := b.add(record); err != nil {
			return nil, binError(lines, err)
		}
	}
	return b.table()
}

// binError names the line. The CSV reader's own errors quote nothing of it.
func binError(lines *csv.Reader, err error) error {
	if parse := (*csv.ParseError)(nil); errors.As(err, &parse) {
		return fmt.Errorf("bin table: line %d: %w", parse.Line, parse.Err)
	}
	line, _ := lines.FieldPos(0)
	return fmt.Errorf("bin table: line %d: %w", line, err)
}

// binColumns are the names of the columns, checked.
func binColumns(header []string) ([]string, error) {
	columns := make([]string, len(header))
	for i, name := range header {
		if i == 0 {
			name = strings.TrimPrefix(name, "\ufeff")
		}
		name = strings.ToLower(strings.TrimSpace(name))
		switch name {
		case "prefix", "brand", "type", "category", "is_commercial", "issuer", "country", "prepaid":
		default:
			return nil, fmt.Errorf("bin table: line 1: column %d is none of prefix, brand, type, category, is_commercial, issuer, country and prepaid", i+1)
		}
		if slices.Contains(columns[:i], name) {
			return nil, fmt.Errorf("bin table: line 1: there are two columns %s", name)
		}
		columns[i] = name
	}
	if !slices.Contains(columns, "prefix") {
		return nil, errors.New("bin table: line 1: there is no column prefix")
	}
	return columns, nil
}

// binReader collects a table.
type binReader struct {
	columns []string
	ranges  []binRange
	kinds   []binKind
	// places says where a kind stands, texts holds each text once.
	places map[binKind]int32
	texts  map[string]string
}

func (b *binReader) add(record []string) error {
	if len(b.ranges) >= maxBins {
		return fmt.Errorf("there are more than %d prefixes", maxBins)
	}
	var kind binKind
	var prefix binRange
	for i, value := range record {
		value = strings.TrimSpace(value)
		if len(value) > maxBinText {
			return fmt.Errorf("%s is longer than %d bytes", b.columns[i], maxBinText)
		}
		var err error
		if b.columns[i] == "prefix" {
			prefix, err = readPrefix(value)
		} else {
			err = kind.set(b.columns[i], b.once(value))
		}
		if err != nil {
			return err
		}
	}
	if kind.commercial == flagUnknown {
		kind.commercial = commercialBy(kind.category)
	}
	place, seen := b.places[kind]
	if !seen {
		place = int32(len(b.kinds))
		b.kinds = append(b.kinds, kind)
		b.places[kind] = place
	}
	prefix.kind = place
	b.ranges = append(b.ranges, prefix)
	return nil
}

// once is a copy of the text, the same for the same text: a table of a million lines names a few thousand banks.
func (b *binReader) once(text string) string {
	if kept, ok := b.texts[text]; ok {
		return kept
	}
	text = strings.Clone(text)
	b.texts[text] = text
	return text
}

func readPrefix(text string) (binRange, error) {
	if len(text) < minBinPrefix || len(text) > maxBinPrefix || !allDigits(text) {
		return binRange{}, fmt.Errorf("prefix must be %d to %d digits", minBinPrefix, maxBinPrefix)
	}
	first, last := filled(text, '0'), filled(text, '9')
	return binRange{first: first, last: last}, nil
}

// filled is a prefix of up to eight digits with the rest of the eight filled with one digit.
func filled(prefix string, with byte) uint32 {
	n := uint32(0)
	for i := range maxBinPrefix {
		c := with
		if i < len(prefix) {
			c = prefix[i]
		}
		n = n*10 + uint32(c-'0')
	}
	return n
}

func (k *binKind) set(column, value string) (err error) {
	switch column {
	case "brand":
		k.brand = strings.ToLower(value)
	case "type":
		k.fundingType = strings.ToLower(value)
	case "category":
		k.category = strings.ToLower(value)
	case "issuer":
		k.issuer = value
	case "country":
		if k.country = strings.ToUpper(value); value != "" && !isCountry(k.country) {
			return errors.New("country must be two letters")
		}
	case "is_commercial":
		k.commercial, err = readFlag(column, value)
	case "prepaid":
		k.prepaid, err = readFlag(column, value)
	}
	return err
}

func readFlag(column, value string) (flag, error) {
	switch strings.ToLower(value) {
	case "":
		return flagUnknown, nil
	case "true", "yes", "y", "1", "t":
		return flagYes, nil
	case "false", "no", "n", "0", "f":
		return flagNo, nil
	}
	return flagUnknown, fmt.Errorf("%s must be true or false", column)
}

func commercialBy(category string) flag {
	if category == "" {
		return flagUnknown
	}
	for _, word := range [...]string{"commercial", "corporate", "business", "purchasing", "fleet"} {
		if strings.Contains(category, word) {
			return flagYes
		}
	}
	return flagNo
}

// table sorts what was collected and links each prefix to the one that holds it.
func (b *binReader) table() (*Bins, error) {
	slices.SortFunc(b.ranges, func(x, y binRange) int { return cmp.Or(cmp.Compare(x.first, y.first), cmp.Compare(y.last, x.last)) })
	var open []int32
	for i := range b.ranges {
		at := &b.ranges[i]
		if i > 0 && b.ranges[i-1].first == at.first && b.ranges[i-1].last == at.last {
			return nil, errors.New("bin table: the prefix " + strconv.FormatUint(uint64(at.first), 10) + " (filled up with zeros) stands twice")
		}
		for len(open) > 0 && b.ranges[open[len(open)-1]].last < at.first {
			open = open[:len(open)-1]
		}
		if len(open) > 0 {
			at.parent = open[len(open)-1] + 1
		}
		open = append(open, int32(i))
	}
	kinds := make([]Tree, len(b.kinds))
	for i := range kinds {
		kinds[i] = b.kinds[i].tree()
	}
	return &Bins{ranges: slices.Clip(b.ranges), kinds: kinds}, nil
}

// Len is the number of prefixes.
func (b *Bins) Len() int {
	if b == nil {
		return 0
	}
	return len(b.ranges)
}

// Find gives what is known of the first six to eight digits of a card number, by the longest prefix that holds them all: brand, type,
// category, issuer and country as strings, is_commercial and prepaid as booleans, each where it is known. The tree is the caller's.
func (b *Bins) Find(prefix string) (Tree, bool) {
	if b == nil || len(prefix) < minBinPrefix || len(prefix) > maxBinPrefix || !allDigits(prefix) {
		return nil, false
	}
	first, last := filled(prefix, '0'), filled(prefix, '9')
	at, exact := slices.BinarySearchFunc(b.ranges, first, func(r binRange, n uint32) int { return cmp.Compare(r.first, n) })
	for exact && at+1 < len(b.ranges) && b.ranges[at+1].first == first {
		at++
	}
	if !exact {
		at--
	}
	for at >= 0 {
		if found := b.ranges[at]; found.first <= first && found.last >= last {
			return maps.Clone(b.kinds[found.kind]), true
		}
		at = int(b.ranges[at].parent) - 1
	}
	return nil, false
}

func (k binKind) tree() Tree {
	tree := make(Tree, 7)
	for _, member := range [...]struct{ name, value string }{{"brand", k.brand}, {"type", k.fundingType}, {"category", k.category}, {"issuer", k.issuer}, {"country", k.country}} {
		if member.value != "" {
			tree[member.name] = member.value
		}
	}
	if k.commercial != flagUnknown {
		tree["is_commercial"] = k.commercial == flagYes
	}
	if k.prepaid != flagUnknown {
		tree["prepaid"] = k.prepaid == flagYes
	}
	return tree
}

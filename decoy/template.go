package decoy

import (
	"strconv"
	"strings"
	"time"
)

// section is one text of an answer: a header's value or the body.
type section struct {
	text  string
	marks []mark
}

// sample is one answer as it was learned.
type sample struct {
	at       time.Time
	duration time.Duration
	// visitor and session are hashes of who asked, by address and account, and in which session; session is 0 when unknown.
	visitor, session uint64
	// sections are the headers' values in their order, then the body.
	sections []section
	// fields are the names of what the request said, for those that are repeated; never the values.
	fields []string
}

func (s *sample) size() int {
	n := 256 + 32*len(s.fields)
	for i := range s.sections {
		n += len(s.sections[i].text) + 96*len(s.sections[i].marks) + 64
	}
	return n
}

// template is what answers of one shape have in common.
type template struct {
	sections [][]part
	slots    []slot
	// donors is the number of samples; a slot's pieces are in their order.
	donors int
	// repeats are the fields of requests that slots repeat; needs are those that each donor repeats, had those that its request
	// said, as bits.
	repeats    []string
	needs, had []uint64
}

// part is a text that is always the same, or a slot.
type part struct {
	text string
	slot int // -1 for text
}

// compile finds what the samples have in common; odd ones are left out. It is nil when they differ too much to be of one kind.
func compile(samples []*sample, chance *memos) *template {
	echoing := livingEchoes(samples)
	rows := make([][][]token, len(samples))
	for i, s := range samples {
		rows[i] = tokensOf(s, echoing)
	}
	for base := 0; base < min(3, len(samples)); base++ {
		kept, keptRows, matches := ofOneKind(samples, rows, base)
		if len(kept)*3 < len(samples)*2 || len(kept) < printableSamples || visitors(kept) < anonymous {
			continue // the first is the odd one
		}
		t := &template{sections: make([][]part, len(kept[0].sections)), donors: len(kept)}
		for n := range t.sections {
			column := make([][]token, len(kept))
			for i := range keptRows {
				column[i] = keptRows[i][n]
			}
			t.sections[n] = t.common(column, matches[n], kept, n)
		}
		t.twins()
		t.label(chance)
		t.repeating(kept)
		return t
	}
	return nil
}

// ofOneKind aligns all samples with the base, which becomes the first of those kept. The matches are by section, then sample.
func ofOneKind(samples []*sample, rows [][][]token, base int) (kept []*sample, keptRows [][][]token, matches [][][]int32) {
	sections := len(samples[base].sections)
	matches = make([][][]int32, sections)
	numbers, bases := make([]interner, sections), make([][]int32, sections)
	for n := range sections {
		numbers[n] = interner{}
		bases[n] = numbers[n].number(rows[base][n])
	}
	for i := range samples {
		at := (base + i) % len(samples)
		found, fits := make([][]int32, sections), true
		for n := 0; n < sections && fits; n++ {
			found[n], fits = align(bases[n], numbers[n].number(rows[at][n]))
		}
		if !fits {
			continue
		}
		kept, keptRows = append(kept, samples[at]), append(keptRows, rows[at])
		for n := range found {
			matches[n] = append(matches[n], found[n])
		}
	}
	return kept, keptRows, matches
}

// label gives the slots ids that stay when the template is made anew from other samples, by the text before them, and says by
// them which slots the origin fills by chance.
func (t *template) label(chance *memos) {
	times := map[string]int{}
	for n := range t.slots {
		s := &t.slots[n]
		place := strconv.Itoa(s.section) + ":" + s.before[max(0, len(s.before)-24):]
		s.id = place + ":" + strconv.Itoa(times[place])
		times[place]++
		s.hash = hashOf(s.id)
		s.choice = len(s.options) > 0 && !chance.byChance(s.hash)
		s.texts = nil
	}
}

func tokensOf(s *sample, echoing map[string]bool) [][]token {
	rows := make([][]token, len(s.sections))
	for n := range s.sections {
		section := &s.sections[n]
		marks := make([]mark, 0, len(section.marks))
		for _, m := range section.marks {
			if origin := sameOrigin(m.what); !strings.HasPrefix(origin, "echo:") || echoing[origin] {
				marks = append(marks, m)
			}
		}
		rows[n] = split(section.text, marks)
	}
	return rows
}

// livingEchoes are the origins of repetitions that are ones. What every request says alike, such as action=login, may stand
// in the answer by itself; a value that looks like somebody's is believed to be repeated even then.
func livingEchoes(samples []*sample) map[string]bool {
	texts := map[string]string{}
	living := map[string]bool{}
	for _, s := range samples {
		for n := range s.sections {
			for _, m := range s.sections[n].marks {
				origin := sameOrigin(m.what)
				if !strings.HasPrefix(origin, "echo:") {
					continue
				}
				text := strings.ToLower(s.sections[n].text[m.start:m.end])
				if before, seen := texts[origin]; seen && before != text || personal(text) || namesSomebody(origin) {
					living[origin] = true
				}
				texts[origin] = text
			}
		}
	}
	return living
}

// namesSomebody says whether a field is named as those are that tell who asks.
func namesSomebody(field string) bool {
	field = strings.ToLower(field)
	for _, part := range []string{"user", "login", "mail", "account", "phone", "cookie:"} {
		if strings.Contains(field, part) {
			return true
		}
	}
	return false
}

// personal says whether a text looks like somebody's: an address, or long, or with digits.
func personal(text string) bool {
	return strings.Contains(text, "@") || len(text) > 24 || strings.ContainsAny(text, digitLetters)
}

// common divides the rows of one section by what all have: that is text, the rest are slots. The first row is the base of the
// matches.
func (t *template) common(column [][]token, matches [][]int32, samples []*sample, section int) []part {
	base := column[0]
	parts := &partList{}
	places := make([]int, len(column)) // the first token of each row that is not used up
	take := func(until int) {
		if parts.nothing(places, matches, until) {
			return
		}
		pieces := make([][]token, len(column))
		for i := range column {
			end := len(column[i])
			if until < len(base) {
				end = int(matches[i][until])
			}
			pieces[i] = column[i][places[i]:end]
			places[i] = end
		}
		t.put(parts, pieces, samples, section)
	}
	for k := range base {
		if !inAll(matches, k) {
			continue
		}
		take(k)
		if column[0][k].mark == nil {
			// What all have, and is no mark of the first, is a mark of none: marks are numbered by what they are.
			for i := range column {
				places[i]++
			}
			parts.write(column[0][k].text)
			continue
		}
		pieces := make([][]token, len(column))
		for i := range column {
			pieces[i] = column[i][places[i] : places[i]+1]
			places[i]++
		}
		t.put(parts, pieces, samples, section)
	}
	take(len(base))
	return parts.all()
}

// partList joins texts that follow each other.
type partList struct {
	list []part
	text strings.Builder
}

func (p *partList) write(text string) { p.text.WriteString(text) }

// all ends the text that is under way.
func (p *partList) all() []part {
	if p.text.Len() > 0 {
		p.list = append(p.list, part{text: p.text.String(), slot: -1})
		p.text.Reset()
	}
	return p.list
}

// slot adds a slot; before is the text that it follows.
func (p *partList) slot(n int) { p.list = append(p.all(), part{slot: n}) }

// before is the text before what comes next, empty behind a slot.
func (p *partList) before() string {
	if p.text.Len() > 0 || len(p.list) == 0 {
		return p.text.String()
	}
	return p.list[len(p.list)-1].text
}

// nothing says whether no row has anything before the next token that all have.
func (p *partList) nothing(places []int, matches [][]int32, until int) bool {
	for i := range places {
		if until >= len(matches[i]) || int(matches[i][until]) != places[i] {
			return false
		}
	}
	return true
}

func inAll(matches [][]int32, k int) bool {
	for _, match := range matches {
		if match[k] < 0 {
			return false
		}
	}
	return true
}

// put adds what stands at one place in every sample.
func (t *template) put(parts *partList, pieces [][]token, samples []*sample, section int) {
	first := join(pieces[0])
	same, marked := true, false
	for i := range pieces {
		same = same && join(pieces[i]) == first
		marked = marked || len(pieces[i]) == 1 && pieces[i][0].mark != nil
	}
	if same && !(marked && mustMove(pieces, samples)) {
		parts.write(first)
		return
	}
	t.slots = append(t.slots, newSlot(pieces, samples, section, parts.before()))
	parts.slot(len(t.slots) - 1)
}

// mustMove says whether a mark that has the same text in all samples is one nevertheless: a repetition of what looks like
// somebody's, or a date where all samples are of one moment.
func mustMove(pieces [][]token, samples []*sample) bool {
	what := ""
	for i := range pieces {
		if len(pieces[i]) != 1 || pieces[i][0].mark == nil {
			return false
		}
		m := pieces[i][0].mark
		if what = m.what; strings.HasPrefix(what, "date:") && (m.offset > time.Hour || m.offset < -time.Hour) {
			return false
		}
	}
	if strings.HasPrefix(what, "date:") {
		span := samples[len(samples)-1].at.Sub(samples[0].at)
		return span < 5*time.Second && span > -5*time.Second
	}
	// A digest of a body that never changed follows from it all the same.
	return true
}

// twins finds slots that have the same text in every sample, such as a token that stands in a cookie and in a form. They are
// filled once.
func (t *template) twins() {
	byTexts := map[string]int{}
	for n := range t.slots {
		s := &t.slots[n]
		key := strings.Join(s.texts, "\x00")
		if s.plain || strings.Trim(key, "\x00") == "" {
			continue
		}
		if before, ok := byTexts[key]; ok {
			s.twin = before
			continue
		}
		byTexts[key] = n
	}
}

package decoy

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// anonymous is the number of different visitors from which a text is nobody's own.
const anonymous = 3

// slot is a place at which the samples differ.
type slot struct {
	// id is the same as long as the place is: what is drawn for it follows from it.
	id string
	// before is the end of the text before it, by which an operator's canary finds its place.
	before string
	// section is the text it stands in.
	section int
	// donors are what the samples had here, in their order.
	donors [][]piece
	// forms are those of the texts that are made up.
	forms []form
	// options are the texts here that are nobody's, where they are few; choice says that there are some, and that the origin is
	// not seen to take one of them by chance. chosen are, by donor, the hash of what stood here.
	options []string
	choice  bool
	chosen  []uint64
	hash    uint64
	// lasting slots have one value in a session, such as a token against forged requests.
	lasting bool
	counter *counter
	// twin is the slot whose text this one repeats, -1 for none.
	twin int

	// texts are only there while the template is made; plain says that they are too short to be told apart.
	texts []string
	plain bool
}

// piece is one part of what a sample had in a slot.
type piece struct {
	// what is the origin of a mark, empty for text.
	what string
	// after is how much later than the answer a date lies.
	after time.Duration
	// text is given as it is, or is the model of what is made up by forms[form].
	text string
	form int // -1: as it is
}

// counter is a number that only grows.
type counter struct {
	last float64
	at   time.Time
	// rate is the growth in a second.
	rate float64
}

func newSlot(pieces [][]token, samples []*sample, section int, before string) slot {
	s := slot{section: section, before: before[max(0, len(before)-64):], twin: -1, texts: make([]string, len(pieces)), plain: true}
	for i := range pieces {
		s.texts[i] = join(pieces[i])
		s.plain = s.plain && len(s.texts[i]) <= 3
	}
	s.lasting = lasting(s.texts, samples)
	known := commonTexts(s.texts, samples)
	spelled := spellingsIn(pieces)
	whole := s.machine(known)
	if s.counter = counting(s.texts, samples); s.counter != nil {
		s.plain = true // two counters are two
	}
	apart := &apartForms{slot: &s, pieces: pieces, at: map[int]int{}}
	for i := range pieces {
		text := s.texts[i]
		s.chosen = append(s.chosen, hashOf(text))
		switch {
		case !marked(pieces[i]) && (known[text] || isPlain(text)):
			s.option(text, known[text])
			s.donors = append(s.donors, []piece{{text: text, form: -1}})
		case !marked(pieces[i]) && whole >= 0:
			s.donors = append(s.donors, []piece{{text: skeleton(text), form: whole}})
		default:
			s.donors = append(s.donors, apart.donor(pieces[i], samples[i], spelled))
		}
	}
	return s
}

// option adds a text to those that are chosen among.
func (s *slot) option(text string, known bool) {
	if known && text != "" && len(s.options) < maxOptions && !slices.Contains(s.options, text) {
		s.options = append(s.options, text)
	}
}

// machine makes one form of all texts, where they are one word of a machine's each; -1 otherwise.
func (s *slot) machine(known map[string]bool) int {
	var texts []string
	for _, text := range s.texts {
		if text != "" && !known[text] {
			texts = append(texts, text)
		}
	}
	if len(texts) == 0 || alphabetOf(withoutBreaks(texts)) == "" {
		return -1
	}
	if !madeUp(texts) {
		return -1
	}
	s.forms = append(s.forms, formOf(texts))
	return len(s.forms) - 1
}

// madeUp says whether texts are a machine's and no words: they have digits, or are equally long in one case.
func madeUp(texts []string) bool {
	even := alphabetOf(texts) == upperLetters || alphabetOf(texts) == lowerLetters
	for _, text := range texts {
		if strings.ContainsAny(text, digitLetters) {
			return true
		}
		even = even && len(text) >= 6 && len(text) == len(texts[0])
	}
	return even && len(texts) >= enoughForLetter
}

// apartForms makes the forms of slots that hold more than a word: one for each place among the tokens.
type apartForms struct {
	slot   *slot
	pieces [][]token
	at     map[int]int
}

func (a *apartForms) donor(tokens []token, from *sample, spelled map[string]string) []piece {
	list := make([]piece, 0, len(tokens))
	for n := range tokens {
		t := &tokens[n]
		switch {
		case t.mark != nil:
			list = append(list, piece{what: respell(t.mark.what, spelled), after: t.mark.offset - from.duration, form: -1})
		case !isWord(t.text[0]) || isPlain(t.text):
			list = append(list, piece{text: t.text, form: -1})
		default:
			list = append(list, piece{text: skeleton(t.text), form: a.form(n)})
		}
	}
	return list
}

func (a *apartForms) form(n int) int {
	if f, ok := a.at[n]; ok {
		return f
	}
	var texts []string
	digits := false
	for _, tokens := range a.pieces {
		if n < len(tokens) && tokens[n].mark == nil && isWord(tokens[n].text[0]) {
			texts = append(texts, tokens[n].text)
			digits = digits || strings.ContainsAny(tokens[n].text, digitLetters)
		}
	}
	f := form{}
	if digits {
		f = formOf(texts)
	}
	a.slot.forms = append(a.slot.forms, f)
	a.at[n] = len(a.slot.forms) - 1
	return a.at[n]
}

func marked(tokens []token) bool {
	return slices.ContainsFunc(tokens, func(t token) bool { return t.mark != nil })
}

// commonTexts are those that different visitors were shown, so that none of them is told from them.
func commonTexts(texts []string, samples []*sample) map[string]bool {
	visitors := map[string][]uint64{}
	for i, text := range texts {
		if !strings.Contains(text, "@") && !slices.Contains(visitors[text], samples[i].visitor) {
			visitors[text] = append(visitors[text], samples[i].visitor)
		}
	}
	known := map[string]bool{}
	for text, list := range visitors {
		known[text] = len(list) >= anonymous
	}
	return known
}

// spellingsIn is, by a repetition's origin, the one spelling beside the raw one that the samples show: where a value needs no
// escape the two look alike.
func spellingsIn(pieces [][]token) map[string]string {
	found := map[string]string{}
	for _, tokens := range pieces {
		for i := range tokens {
			if m := tokens[i].mark; m != nil {
				name, field, ok := strings.Cut(strings.TrimPrefix(m.what, "echo:"), ":")
				if ok && strings.HasPrefix(m.what, "echo:") && name != "raw" {
					found[field] = name
				}
			}
		}
	}
	return found
}

func respell(what string, spelled map[string]string) string {
	if rest, ok := strings.CutPrefix(what, "echo:raw:"); ok && spelled[rest] != "" {
		return "echo:" + spelled[rest] + ":" + rest
	}
	return what
}

// lasting says whether every session that is among the samples several times had one text throughout.
func lasting(texts []string, samples []*sample) bool {
	first, pairs := map[uint64]string{}, 0
	for i, s := range samples {
		if s.session == 0 {
			continue
		}
		before, seen := first[s.session]
		if seen && before != texts[i] {
			return false
		}
		if seen {
			pairs++
		}
		first[s.session] = texts[i]
	}
	return pairs >= 2
}

// counting finds a number that grows with time.
func counting(texts []string, samples []*sample) *counter {
	if len(texts) < enoughForLetter {
		return nil
	}
	type step struct {
		at    time.Time
		count float64
	}
	steps := make([]step, len(texts))
	for i, text := range texts {
		number, err := strconv.ParseUint(text, 10, 52)
		if err != nil || len(text) < 3 || text[0] == '0' {
			return nil
		}
		steps[i] = step{samples[i].at, float64(number)}
	}
	slices.SortStableFunc(steps, func(a, b step) int { return a.at.Compare(b.at) })
	grown := 0
	for i := 1; i < len(steps); i++ {
		if steps[i].count > steps[i-1].count {
			grown++
		}
	}
	last, span := steps[len(steps)-1], steps[len(steps)-1].at.Sub(steps[0].at).Seconds()
	if grown*10 < 9*(len(steps)-1) || span <= 0 || last.count <= steps[0].count {
		return nil
	}
	return &counter{last: last.count, at: last.at, rate: (last.count - steps[0].count) / span}
}

// next is the number at a moment, for somebody who comes by chance within the time of one step.
func (c *counter) next(at time.Time, r *stream) string {
	grown := math.Max(0, at.Sub(c.at).Seconds()) * c.rate
	return strconv.FormatFloat(math.Floor(c.last+1+grown+r.unit()), 'f', 0, 64)
}

// skeleton is a text's form without the text: letters and digits give way to others of their class.
func skeleton(text string) string {
	out := []byte(text)
	for i, c := range out {
		switch {
		case c >= '0' && c <= '9':
			out[i] = '0'
		case c >= 'A' && c <= 'Z':
			out[i] = 'A'
		case strings.IndexByte("aeiou", c) >= 0:
			out[i] = 'a'
		case c >= 'a' && c <= 'z':
			out[i] = 'b'
		}
	}
	return string(out)
}

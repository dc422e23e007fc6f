package oracle

import (
	"hash/fnv"
	"math"
	"slices"
	"strconv"
	"strings"
)

// The number of features: those with a meaning of their own, then the hashed ones.
const (
	headerSlots = 40
	wordSlots   = 256
)

// table says what each feature is.
type table struct {
	numbers []string
	headers map[string]int // by name, the slot of its value's length
	order   []string
}

func newTable() *table {
	return &table{headers: map[string]int{}, numbers: []string{"status", "duration", "body length", "headers", "order of headers", "digits", "capitals",
		"different words", "longest word", "length of header values", "letters beyond f", "letters beyond f in headers", "capitals in headers"}}
}

func (t *table) size() int { return len(t.numbers) + 2*headerSlots + wordSlots }

// features are what there is to see of an answer.
func (t *table) features(o *Observation) []float32 {
	x := make([]float32, t.size())
	x[0] = float32(o.Status)
	x[1] = float32(math.Log1p(float64(o.Duration.Microseconds())))
	x[2] = float32(len(o.Body))
	x[3] = float32(len(o.Header))
	names, lengths := fnv.New32a(), 0
	for i := range o.Header {
		f := &o.Header[i]
		_, _ = names.Write([]byte(f.Name + "\n"))
		lengths += len(f.Value)
		slot := t.headerSlot(f.Name)
		x[len(t.numbers)+slot] += float32(len(f.Value) + 1)
		x[len(t.numbers)+headerSlots+slot] += digits(f.Value)
		beyond, capitals := madeUp(f.Value)
		x[11], x[12] = x[11]+beyond, x[12]+capitals
		t.words(x, f.Name+": "+f.Value)
	}
	x[4] = float32(names.Sum32() >> 8)
	x[9] = float32(lengths)
	t.shape(x, o.Body)
	t.words(x, string(o.Body))
	return x
}

// shape are simple figures of the body.
func (t *table) shape(x []float32, body []byte) {
	seen := map[string]bool{}
	for _, word := range split(string(body)) {
		seen[word] = true
		x[8] = max(x[8], float32(len(word)))
	}
	x[7] = float32(len(seen))
	x[10], _ = madeUp(string(body))
	for _, c := range body {
		switch {
		case c >= '0' && c <= '9':
			x[5]++
		case c >= 'A' && c <= 'Z':
			x[6]++
		}
	}
}

func digits(text string) (n float32) {
	for i := range len(text) {
		if text[i] >= '0' && text[i] <= '9' {
			n++
		}
	}
	return n
}

// madeUp counts, in long words with digits, the letters that base16 has not, and the capitals.
func madeUp(text string) (beyond, capitals float32) {
	for _, word := range split(text) {
		if len(word) < 8 || digits(word) == 0 {
			continue
		}
		for i := range len(word) {
			switch c := word[i]; {
			case c >= 'g' && c <= 'z':
				beyond++
			case c >= 'A' && c <= 'Z':
				capitals++
			}
		}
	}
	return beyond, capitals
}

// headerSlot is where the lengths of a header's values are counted; rare names share the last one.
func (t *table) headerSlot(name string) int {
	if slot, ok := t.headers[name]; ok {
		return slot
	}
	if len(t.headers) >= headerSlots-1 {
		return headerSlots - 1
	}
	slot := len(t.headers)
	t.headers[name] = slot
	t.order = append(t.order, name)
	return slot
}

// words counts words, pairs of them, and the three letters with which a word begins, by hash.
func (t *table) words(x []float32, text string) {
	base := len(t.numbers) + 2*headerSlots
	before := ""
	count := func(gram string) {
		digest := fnv.New32a()
		_, _ = digest.Write([]byte(gram))
		x[base+int(digest.Sum32()%wordSlots)]++
	}
	for _, word := range split(text) {
		count(word)
		count(before + " " + word)
		if len(word) > 6 {
			count("^" + word[:3])
			count("#" + strconv.Itoa(len(word)))
		}
		before = word
	}
}

func split(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool {
		return !(r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= 0x80)
	})
}

// names are the features with the greatest gains, for people.
func (t *table) names(gains map[int]float64) []string {
	list := make([]int, 0, len(gains))
	for feature := range gains {
		list = append(list, feature)
	}
	slices.SortFunc(list, func(a, b int) int {
		if gains[a] != gains[b] {
			if gains[a] > gains[b] {
				return -1
			}
			return 1
		}
		return a - b
	})
	var names []string
	for _, feature := range list[:min(len(list), 5)] {
		names = append(names, t.name(feature))
	}
	return names
}

func (t *table) name(feature int) string {
	if feature < len(t.numbers) {
		return t.numbers[feature]
	}
	feature -= len(t.numbers)
	slot, what := feature%headerSlots, "length of "
	if feature >= headerSlots {
		what = "digits in "
	}
	switch {
	case feature >= 2*headerSlots:
		return "words " + strconv.Itoa(feature-2*headerSlots)
	case slot < len(t.order):
		return what + t.order[slot]
	}
	return what + "rare headers"
}

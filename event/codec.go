package event

import (
	"encoding/json"
	"errors"
	"fmt"
)

// codecVersion is the first byte of an encoded record. A record that is JSON begins with a brace. Those before it are still
// read: secondVersion brought what the wire shows, codecVersion an action's policy and detail.
const (
	codecVersion  = 3
	secondVersion = 2
	firstVersion  = 1
)

// Codec encodes records in a compact binary form, for the log, and decodes them. It never changes once made and may be
// used from many goroutines at once.
//
// A record is codecVersion and then the fields in the order in which the types declare them, without names; what came with
// a later version (codec_wire.go) stands behind a mask of what is there:
//
//	number  v+1 in groups of seven bits, the lowest first, each but the last with its top bit set (LEB128)
//	signed  a number that is twice v, or -2v-1 when v is negative
//	flags   a byte with bit 6 set; the other bits say which fields follow and what booleans are true
//	list    a number of entries, then the entries
//	time    seconds since 1970 as signed, nanoseconds as number, minutes east of UTC as signed
//	text    textEmpty; or textLong and a number for its length, or its length and textShort in one byte, then its bytes
//	word    a text; or, for one of knownWords, a byte of 128 and its number, or wordSecond or wordThird and a byte
//	part    a word; or textTail and a number: what stands in the element's value from that byte on
//
// No byte of it is zero: a number never has one, and in texts, which are valid UTF-8, a zero byte is written as C0 80.
// The log's reader can so tell records from the frames around them, whatever a visitor sends.
type Codec struct{ words *words }

// NewCodec makes a codec.
func NewCodec() *Codec { return &Codec{words: newWords()} }

// The first bytes of texts, words and parts. What is textShort or more but less than 128 is a length.
const (
	textEmpty  = 1
	wordSecond = 2
	wordThird  = 3
	textTail   = 4
	textLong   = 5
	textShort  = 6
	// longestShort is the longest text whose length stands in one byte.
	longestShort = 127 - textShort
	// wordsInByte is how many words a byte that is not zero tells apart.
	wordsInByte = 255
)

// The bits of flags.
const (
	flagsAlways = 1 << 6
	// Of an element: its kind, which fields it has, and whether name, kind and type are those of the one before it.
	elementEntity    = 1
	elementAttribute = 2
	elementKind      = 3
	elementValue     = 1 << 2
	elementDisplay   = 1 << 3
	elementParts     = 1 << 4
	elementAgain     = 1 << 5
	// Of a label.
	labelSignature = 1
	labelShadow    = 2
	// Of an action, which are a number: before codecVersion there was actionShadow only.
	actionShadow = 1
	actionPolicy = 2
	actionDetail = 4
)

var errMalformed = errors.New("not an encoded record")

// Decode reads a record that Append, or Record.Append, has written. It takes nothing that they do not write, and no more
// memory than a small multiple of the text's. The record shares no memory with it.
func (c *Codec) Decode(b []byte) (Record, error) {
	var record Record
	if len(b) > 0 && b[0] == '{' {
		if err := json.Unmarshal(b, &record); err != nil {
			return Record{}, fmt.Errorf("decode record: %w", err)
		}
		return record, nil
	}
	if len(b) == 0 || b[0] < firstVersion || b[0] > codecVersion {
		return Record{}, fmt.Errorf("decode record: %w", errMalformed)
	}
	d := decoder{text: string(b), at: 1, words: c.words, version: b[0]}
	d.record(&record)
	if d.broken || d.at != len(d.text) {
		return Record{}, fmt.Errorf("decode record: %w", errMalformed)
	}
	return record, nil
}

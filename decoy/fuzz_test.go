package decoy

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"wayguard/capture"
	"wayguard/event"
	"wayguard/policy"
)

// FuzzLearn learns hostile answers to hostile requests, and feigns: nothing may fail, headers stay headers, JSON that the origin
// writes well stays well written.
func FuzzLearn(f *testing.F) {
	o := newSimulated(1, true)
	for _, json := range []bool{true, false} {
		o.json = json
		r, _ := o.request("o'neil@mail.example")
		a := o.fails(r, "o'neil@mail.example")
		f.Add(r.Body.Bytes, a.Body.Bytes, fieldValue(r.Header, "Content-Type"), fieldValue(a.Header, "Content-Type"), "a=b", "x")
	}
	f.Add([]byte("a=%zz&=&&b"), []byte("\x00<a \xff>1772359528175"), "text/plain", "", "sid=123456; b", "gzip")
	f.Fuzz(func(t *testing.T, asked, answered []byte, sent, given, cookie, coding string) {
		s := testSet(t)
		at := time.Unix(1772359528, 0).UTC()
		request := func(i int) (*capture.Request, *event.Event) {
			r := &capture.Request{ID: event.ID(fmt.Sprint("r", i)), Time: at.Add(time.Duration(i) * time.Second), Method: "POST", Host: "h", Path: "/p", Query: cookie,
				Header: []capture.Field{{Name: "Content-Type", Value: sent}, {Name: "Cookie", Value: cookie}},
				Body:   capture.Body{Bytes: fmt.Appendf(bytes.Clone(asked), "&n=value%d", i)}}
			return r, &event.Event{ID: r.ID, Time: r.Time, Evidence: event.Evidence{Address: fmt.Sprint(i % 7)}}
		}
		for i := range 24 {
			r, e := request(i)
			body := fmt.Appendf(bytes.Clone(answered), " value%d %x", i, i*7919)
			s.Learn("p", event.Failure, r, &capture.Response{Status: 401, Duration: time.Duration(i+1) * time.Millisecond,
				Header: []capture.Field{{Name: "Content-Type", Value: given}, {Name: "Content-Encoding", Value: coding}, {Name: "X-N", Value: cookie + fmt.Sprint(i)}},
				Body:   capture.Body{Bytes: body}}, e)
		}
		r, e := request(99)
		a, ok := s.Feign("p", "failure", policy.TemplateConfig{Canaries: map[string]string{"n": "hex:8"}}, r, e, "s", r.Time)
		if !ok {
			return
		}
		for _, field := range a.Header {
			if strings.ContainsAny(field.Value, "\r\n\x00") && !strings.ContainsAny(cookie+given+coding, "\r\n\x00") {
				t.Fatalf("%q: %q", field.Name, field.Value)
			}
		}
		if a.After <= 0 || a.Status != 401 {
			t.Fatalf("%+v", a)
		}
	})
}

// FuzzPut looks for pages that are damaged: without the content they must be what they were.
func FuzzPut(f *testing.F) {
	f.Add([]byte(examplePage))
	f.Add([]byte("<form method=post><svg></body><template>"))
	traps, problems := New([]byte("k"), Settings{}).Traps([]policy.DecoyConfig{{Name: "a", Path: "/a"}, {Name: "b", Field: "b"}})
	if len(problems) > 0 {
		f.Fatal(problems)
	}
	c := traps.Content("/")
	f.Fuzz(func(t *testing.T, page []byte) {
		before := bytes.Clone(page)
		out := c.Put(page)
		if !bytes.Equal(page, before) {
			t.Fatal("the page itself was changed")
		}
		if bytes.Contains(page, c.link) || bytes.Contains(page, c.field) {
			return
		}
		if bare := bytes.ReplaceAll(bytes.ReplaceAll(out, c.field, nil), c.link, nil); !bytes.Equal(bare, page) {
			t.Fatalf("%q became %q", page, out)
		}
	})
}

// FuzzAlign checks that pairs are of equal tokens and in order, that none is overlooked in equal rows, and that joined tokens are
// the text.
func FuzzAlign(f *testing.F) {
	f.Add("a b c d", "a x c d e")
	f.Add("", "x")
	f.Fuzz(func(t *testing.T, one, two string) {
		n := interner{}
		a, b := split(one, nil), split(two, nil)
		if join(a) != one || join(b) != two {
			t.Fatal("tokens are not the text")
		}
		x, y := n.number(a), n.number(b)
		match, ok := align(x, y)
		if !ok {
			return
		}
		last, pairs := int32(-1), 0
		for i, j := range match {
			if j < 0 {
				continue
			}
			pairs++
			if j <= last || int(j) >= len(y) || x[i] != y[j] {
				t.Fatalf("pair %d-%d after %d", i, j, last)
			}
			last = j
		}
		if len(x)*len(y) < 10_000 && pairs != longest(x, y) {
			t.Fatalf("%d pairs of %q and %q, %d are possible", pairs, one, two, longest(x, y))
		}
	})
}

// longest is the length of the longest common row, the slow and sure way.
func longest(a, b []int32) int {
	row := make([]int, len(b)+1)
	for i := range a {
		before := 0
		for j := range b {
			here := row[j+1]
			if a[i] == b[j] {
				row[j+1] = before + 1
			} else {
				row[j+1] = max(row[j+1], row[j])
			}
			before = here
		}
	}
	return row[len(b)]
}

// FuzzAsked reads hostile requests: the values are bounded, and no password is among them.
func FuzzAsked(f *testing.F) {
	f.Add("application/json", []byte(`{"a":{"password":"x","b":[1,"c"]}}`), "a=b")
	f.Add("application/x-www-form-urlencoded", []byte("user=a%20b&passwd=hunter2"), "")
	f.Fuzz(func(t *testing.T, media string, body []byte, query string) {
		a := readAsked(&capture.Request{Method: "POST", Host: "h", Path: "/p", Query: query, Body: capture.Body{Bytes: body},
			Header: []capture.Field{{Name: "Content-Type", Value: media}}})
		if len(a.values) > maxValues {
			t.Fatalf("%d values", len(a.values))
		}
		for _, v := range a.values {
			if v.text == "" || len(v.text) > maxValueSize || isSecretName(v.field) {
				t.Fatalf("%q", v.field)
			}
			for _, s := range spellings(v.text) {
				if s.text == "" || utf8.ValidString(v.text) && !utf8.ValidString(s.text) {
					t.Fatalf("%s of %q is %q", s.name, v.text, s.text)
				}
			}
		}
	})
}

// FuzzUnpack undoes hostile codings within the bound.
func FuzzUnpack(f *testing.F) {
	f.Add("gzip", pack(packer{coding: "gzip", level: 6}, []byte("text")))
	f.Add("br", pack(packer{coding: "br", level: 5}, []byte("text")))
	f.Fuzz(func(t *testing.T, coding string, body []byte) {
		plain, err := unpack(coding, body)
		if err == nil && len(plain) > maxBody {
			t.Fatalf("%d bytes", len(plain))
		}
		if err == nil && (coding == "gzip" || coding == "br") {
			again, err := unpack(coding, pack(calibrate(coding, plain, body), plain))
			if err != nil || !bytes.Equal(again, plain) {
				t.Fatalf("packed again it is another: %v", err)
			}
		}
	})
}

package decoy

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"wayguard/event"
	"wayguard/policy"
)

func BenchmarkFeign(b *testing.B) {
	o, s := newSimulated(1, false), testSet(b)
	o.teach(s, 300)
	r, e := o.request("anna.meyer@mail.example")
	b.ReportAllocs()
	for b.Loop() {
		s.Feign("login", "failure", policy.TemplateConfig{}, r, e, "s", r.Time)
	}
}

func BenchmarkLearn(b *testing.B) {
	o, s := newSimulated(1, false), testSet(b)
	o.teach(s, 300)
	b.ReportAllocs()
	for b.Loop() {
		o.teach(s, 1)
	}
}

// BenchmarkLearnLarge learns pages of the largest size, each time with a new template.
func BenchmarkLearnLarge(b *testing.B) {
	o, s := newSimulated(1, false), testSet(b)
	filler := strings.Repeat(`<li class="item"><a href="/p/1">Thing</a> costs 12.50</li>`+"\n", 1000)
	for b.Loop() {
		user := o.username()
		r, e := o.request(user)
		a := o.fails(r, user)
		a.Body.Bytes = bytes.Replace(a.Body.Bytes, []byte("<footer>"), []byte(filler+fmt.Sprint(o.hex(32))+"<footer>"), 1)
		s.Learn("login", event.Failure, r, a, e)
		s.known("login", event.Failure).print(r.Time)
	}
}

func BenchmarkPut(b *testing.B) {
	traps, _ := testSet(b).Traps([]policy.DecoyConfig{{Name: "a", Path: "/a"}, {Name: "b", Field: "b"}})
	page := []byte(strings.Replace(examplePage, "<body", strings.Repeat("<p>text</p>\n", 4000)+"<body", 1))
	c := traps.Content("/")
	b.SetBytes(int64(len(page)))
	for b.Loop() {
		c.Put(page)
	}
}

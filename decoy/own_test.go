package decoy

import (
	"strings"
	"testing"
	"unsafe"

	"wayguard/capture"
	"wayguard/event"
	"wayguard/policy"
)

// lent is text in memory that its owner writes over afterwards, as the data path's is.
type lent [][]byte

func (l *lent) text(s string) string {
	memory := []byte(s)
	*l = append(*l, memory)
	return unsafe.String(unsafe.SliceData(memory), len(memory))
}

func (l *lent) fields(fields []capture.Field) []capture.Field {
	for i := range fields {
		fields[i].Name, fields[i].Value = l.text(fields[i].Name), l.text(fields[i].Value)
	}
	return fields
}

// scribble writes over everything that was lent.
func (l *lent) scribble() {
	for _, memory := range *l {
		for i := range memory {
			memory[i] = '#'
		}
	}
	*l = nil
}

// What is learned of one visitor must not stand in memory that the next visitor's request is written to.
func TestNothingLentIsKept(t *testing.T) {
	o, s := newSimulated(5, true), testSet(t)
	var borrowed lent
	for range 60 {
		user := o.username()
		r, e := o.request(user)
		answer := o.fails(r, user)
		r.Path, r.Query, r.Header = borrowed.text(r.Path), borrowed.text(r.Query), borrowed.fields(r.Header)
		answer.Header = borrowed.fields(answer.Header)
		borrowed = append(borrowed, r.Body.Bytes, answer.Body.Bytes)
		for i := range e.Elements {
			e.Elements[i].Value = borrowed.text(e.Elements[i].Value)
		}
		s.Learn(borrowed.text("login"), event.Result(borrowed.text(string(event.Failure))), r, answer, e)
		s.Submitted(r, e, event.ID(borrowed.text("a session")), borrowed.text("a policy"), policy.SinkConfig{})
		borrowed.scribble()
	}
	a := feign(t, s, o, "anna", "a session")
	for _, field := range a.Header {
		if strings.Contains(field.Name+field.Value, "##") {
			t.Errorf("a header is %q: %q", field.Name, field.Value)
		}
	}
	if strings.Contains(string(a.Body), "##") {
		t.Errorf("the body is %s", a.Body)
	}
	r, _ := o.request("anna")
	for _, entry := range s.Entries(100, r.Time) {
		if strings.Contains(entry.Account+entry.Policy+entry.Spec+string(entry.Session), "##") {
			t.Fatalf("an entry is %+v", entry)
		}
	}
}

package proxy

import (
	"strings"
	"testing"
	"unsafe"
)

// TestIdioms checks that a text comes back in memory of its own, and a known one in the same.
func TestIdioms(t *testing.T) {
	common := newIdioms()
	buffer := []byte("Mozilla/5.0 (X11; Linux x86_64)")
	first := common.own(unsafe.String(&buffer[0], len(buffer)))
	second := common.own(unsafe.String(&buffer[0], len(buffer)))
	if unsafe.StringData(first) != unsafe.StringData(second) {
		t.Error("a known text was copied again")
	}
	clear(buffer)
	if first != "Mozilla/5.0 (X11; Linux x86_64)" {
		t.Errorf("shares the message's memory: %q", first)
	}
	long := strings.Repeat("x", longestIdiom+1)
	if got := common.own(long); got != long || unsafe.StringData(got) == unsafe.StringData(long) {
		t.Error("a long text was not copied")
	}
	for i := range 4 * knownIdioms { // more than there is room for
		text := "agent " + strings.Repeat("a", i%300) + strings.Repeat("b", i/300)
		if got := common.own(text); got != text {
			t.Fatalf("%q became %q", text, got)
		}
	}
	if allocations := testing.AllocsPerRun(100, func() { common.own("again and again") }); allocations != 0 {
		t.Errorf("a known text costs %v allocations", allocations)
	}
}

package challenge_test

import (
	"context"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"wayguard/event"
	"wayguard/policy"
)

// asWorker runs the page's solver as a browser's worker does, with the task in its first argument; "hash" has it hash texts instead.
const asWorker = `
const self = { postMessage(m) { if (m.found >= 0) { console.log(m.found); } } };
const solver = new Function('self', require('fs').readFileSync('pages/solve.js', 'utf8') + '; return solver;')(self);
const task = JSON.parse(process.argv[1]);
if (task.hash) { for (const text of task.hash) { console.log(solver.sha256(text)); } }
else { self.onmessage({ data: task }); }
`

func node(t *testing.T, task string) string {
	t.Helper()
	program, err := exec.LookPath("node")
	if err != nil {
		t.Skip("SKIPPED: the page's script is not tested, because node is not installed")
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, program, "-e", asWorker, task).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return strings.TrimSpace(string(out))
}

// The script's SHA-256 is SHA-256: vectors of FIPS 180-4 and the lengths around a block.
func TestScriptHashes(t *testing.T) {
	got := strings.Fields(node(t, `{"hash":["","abc","abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq","`+strings.Repeat("a", 55)+`","`+strings.Repeat("a", 64)+`"]}`))
	want := []string{"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
		"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1", "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318",
		"ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb"}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("%v", got)
	}
}

// The page's own script solves the page, and we take its solution.
func TestScriptSolves(t *testing.T) {
	b := newBrowser(t, newSet(t, policy.MitigationConfig{}, nil))
	p := b.offer(rated("proof", event.Malicious), b.navigate("GET", "/cart"))
	form := solve(t, p)
	n := node(t, `{"prefix":"`+match(p, `data-prefix="([^"]*)"`)+`","bits":`+match(p, `data-bits="([^"]*)"`)+`,"at":0,"step":1}`)
	if n != form.Get("visit-solution") {
		t.Errorf("the script found %s, and not the first that fits, %s", n, form.Get("visit-solution"))
	}
	form.Set("visit-solution", n)
	if passed := b.serve(b.form(prefix+"pass", encode(form))); headerOf(passed, "Location") != "/cart" {
		t.Errorf("%+v", b.last())
	}
	// Workers share the numbers out among themselves: one of three finds it.
	found := ""
	for at := range 3 {
		found += node(t, `{"prefix":"word?expires=1&","target":"`+hash("word?expires=1&123")+`","most":500,"at":`+strconv.Itoa(at)+`,"step":3}`)
	}
	if found != "123" {
		t.Errorf("found %q", found)
	}
}

//go:build e2e

package payments

import (
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"

	"wayguard/e2e"
)

// fuzzFor is how long each parser of what others write is fuzzed.
const fuzzFor = "10s"

// CheckWords runs the tests of what is written down: every operation of the OpenAPI document, the seed's tables row by row, and fuzzing of
// the mapping and of the condition language.
func CheckWords(ctx context.Context) ([]e2e.Figure, error) {
	contract, err := goTest(ctx, "./api", "-run", "^(TestContract|TestRoutesAreDocumented)$")
	figures := []e2e.Figure{passed("every route is in the OpenAPI document, and every operation answered as it says", contract, err)}
	if found := regexp.MustCompile(`(\d+) operations, (\d+) answers checked`).FindStringSubmatch(contract); found != nil {
		operations, answers := number(found[1]), number(found[2])
		figures = append(figures, e2e.AtLeast("operations exercised", operations, 50), e2e.AtLeast("answers checked against their schemas", answers, operations))
	} else {
		figures = append(figures, e2e.Holds("operations exercised", "none told", false, ">= 50"))
	}
	for _, one := range []struct{ name, test string }{
		{"the seed's table of mapping entries", "TestEntries"}, {"the seed's table of filters", "TestTheDocumentedFilters"},
		{"the seed's table of placeholders", "TestPlaceholders"}, {"the seed's rules for headers", "TestForward"},
	} {
		out, err := goTest(ctx, "./interceptor", "-run", "^"+one.test+"$")
		figures = append(figures, passed(one.name, out, err))
	}
	for _, one := range []struct{ name, room, test string }{
		{"fuzz of the mapping", "./interceptor", "FuzzMap"}, {"fuzz of its filters", "./interceptor", "FuzzFilters"},
		{"fuzz of the condition language as a tree", "./ruleset", "FuzzDecodeRules"}, {"fuzz of it as text", "./ruleset", "FuzzParseText"},
	} {
		out, err := goTest(ctx, one.room, "-run", "^$", "-fuzz", "^"+one.test+"$", "-fuzztime", fuzzFor)
		figures = append(figures, fuzzed(one.name, out, err))
	}
	return figures, nil
}

// goTest runs tests of one room and gives what they print.
func goTest(ctx context.Context, room string, args ...string) (string, error) {
	root, err := e2e.Root()
	if err != nil {
		return "", err
	}
	command := exec.CommandContext(ctx, "go", append([]string{"test", "-count=1", "-v", room}, args...)...)
	command.Dir = root
	out, err := command.CombinedOutput()
	return string(out), err
}

// passed is met where tests ran and none failed; a name that fits no test is none.
func passed(name, out string, err error) e2e.Figure {
	ran := len(regexp.MustCompile(`(?m)^--- PASS`).FindAllString(out, -1))
	value := "pass"
	if err != nil || ran == 0 {
		value = fmt.Sprintf("%d passed, %v", ran, err)
	}
	return e2e.Holds(name, value, err == nil && ran > 0, "pass")
}

func fuzzed(name, out string, err error) e2e.Figure {
	most := 0
	for _, found := range regexp.MustCompile(`execs: (\d+)`).FindAllStringSubmatch(out, -1) {
		most = max(most, number(found[1]))
	}
	return e2e.Holds(name+", inputs tried in "+fuzzFor, strconv.Itoa(most), err == nil && most > 1000, "> 1000, none fails")
}

func number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		return -1
	}
	return n
}

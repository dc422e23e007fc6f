package main_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// floors is the house: a package imports only rooms on strictly lower floors. A folder inside a room stands on the
// room's floor and may import its own room.
func floors() map[string]int {
	return map[string]int{
		"event": 0, "recent": 0, "limit": 0, "document": 0, "element": 0, "velocity": 0, "http1": 0, "fingerprint": 0,
		"access": 1, "agent": 1, "world": 1, "search": 1, "capture": 1, "identity": 1, "session": 1, "entity": 1, "location": 1, "reputation": 1, "replay": 1, "site": 1, "sidechain": 0,
		"policy": 1, "payment": 1, "journey": 1,
		"rule": 2, "ruleset": 2,
		"interceptor": 3, "decision": 4, "walls": 4,
		"challenge": 3, "decoy": 3, "mitigation": 4,
		"engine": 3, "packs": 3,
		"socket": 4,
		"listen": 5, "http2": 5, "origin": 5,
		"api": 5, "backend": 5,
		"hub": 5, "state": 5, "stream": 5, "warehouse": 5, "store": 5, "integration": 5, "sim": 5,
		"proxy":  6,
		"config": 7,
		"app":    8,
		"":       9,
		"e2e":    10, "bench": 10, "eval": 10,
	}
}

// pureBelow is the first floor that may touch the world.
const pureBelow = 4

// The budgets on tails; medians say nothing.
const (
	fileLines     = 500
	functionLines = 75
)

type source struct {
	path, room string
	file       *ast.File
	set        *token.FileSet
	lines      int
}

func (s source) floor() int { return floors()[s.room] }

func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "node_modules" || d.Name() == "testdata" || path != "." && strings.HasPrefix(d.Name(), ".")) {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, text, parser.ParseComments)
		if err != nil {
			return err
		}
		room, _, below := strings.Cut(filepath.ToSlash(path), "/")
		if !below {
			room = ""
		}
		all = append(all, source{path, room, file, set, strings.Count(string(text), "\n")})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 50 {
		t.Fatalf("only %d source files found", len(all))
	}
	return all
}

func TestEveryRoomHasAFloor(t *testing.T) {
	for _, s := range sources(t) {
		if _, ok := floors()[s.room]; !ok {
			t.Errorf("%s: room %q is on no floor; add it to the house or move the code", s.path, s.room)
		}
	}
}

func TestImportsPointDown(t *testing.T) {
	for _, s := range sources(t) {
		for _, spec := range s.file.Imports {
			path, _ := strconv.Unquote(spec.Path.Value)
			rest, own := strings.CutPrefix(path, "wayguard/")
			if !own {
				continue
			}
			room, _, _ := strings.Cut(rest, "/")
			if room != s.room && floors()[room] >= s.floor() {
				t.Errorf("%s (floor %d) imports %s (floor %d)", s.path, s.floor(), room, floors()[room])
			}
		}
	}
}

// worldly are packages that touch the world or keep hidden state.
func worldly() []string {
	return []string{"os", "os/exec", "os/signal", "io/ioutil", "net", "net/http", "net/http/httputil", "log", "log/slog", "math/rand",
		"math/rand/v2", "crypto/rand", "database/sql", "path/filepath", "syscall", "context", "sync/errgroup"}
}

func TestThinkingIsPure(t *testing.T) {
	for _, s := range sources(t) {
		if s.floor() >= pureBelow {
			continue
		}
		for _, spec := range s.file.Imports {
			path, _ := strconv.Unquote(spec.Path.Value)
			// A ruleset hands the caller's context through to whoever asks risk backends, and does nothing else with it.
			if path == "context" && s.room == "ruleset" {
				continue
			}
			if slices.Contains(worldly(), path) {
				t.Errorf("%s: a pure room imports %s", s.path, path)
			}
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GoStmt:
				t.Errorf("%s: a pure room starts a goroutine", at(s, n))
			case *ast.SelectorExpr:
				if pkg, ok := n.X.(*ast.Ident); ok && pkg.Name == "time" && slices.Contains([]string{"Now", "Since", "Until", "After", "Tick", "NewTimer", "NewTicker", "Sleep", "AfterFunc"}, n.Sel.Name) {
					t.Errorf("%s: a pure room looks at the clock (time.%s)", at(s, n), n.Sel.Name)
				}
			}
			return true
		})
	}
}

func TestNoInitAndNoPackageState(t *testing.T) {
	for _, s := range sources(t) {
		for _, d := range s.file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil && d.Name.Name == "init" {
					t.Errorf("%s: init()", at(s, d))
				}
			case *ast.GenDecl:
				if d.Tok == token.VAR {
					checkVars(t, s, d)
				}
			}
		}
	}
}

// checkVars admits error values, embedded files, compiled patterns and interface guards: things nobody writes to.
func checkVars(t *testing.T, s source, d *ast.GenDecl) {
	for _, spec := range d.Specs {
		v := spec.(*ast.ValueSpec)
		embedded := strings.Contains(comments(d.Doc)+comments(v.Doc), "//go:embed")
		for i, name := range v.Names {
			if name.Name == "_" || embedded {
				continue
			}
			if i < len(v.Values) && constantCall(v.Values[i]) {
				continue
			}
			t.Errorf("%s: package-level var %s", at(s, name), name.Name)
		}
	}
}

func comments(g *ast.CommentGroup) string {
	var b strings.Builder
	if g != nil {
		for _, c := range g.List {
			b.WriteString(c.Text)
		}
	}
	return b.String()
}

func constantCall(value ast.Expr) bool {
	call, ok := value.(*ast.CallExpr)
	if !ok {
		return false
	}
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	pkg, ok := sel.X.(*ast.Ident)
	return ok && slices.Contains([]string{"errors.New", "fmt.Errorf", "regexp.MustCompile"}, pkg.Name+"."+sel.Sel.Name)
}

func TestEverythingExportedIsDocumented(t *testing.T) {
	packageDocs := map[string]bool{}
	for _, s := range sources(t) {
		dir := filepath.Dir(s.path)
		packageDocs[dir] = packageDocs[dir] || s.file.Doc != nil
		for _, d := range s.file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Name.IsExported() && exportedReceiver(d) && d.Doc == nil {
					t.Errorf("%s: %s has no doc comment", at(s, d), d.Name.Name)
				}
			case *ast.GenDecl:
				checkDocs(t, s, d)
			}
		}
	}
	for dir, documented := range packageDocs {
		if !documented {
			t.Errorf("%s: no package comment", dir)
		}
	}
}

func checkDocs(t *testing.T, s source, d *ast.GenDecl) {
	for _, spec := range d.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			if spec.Name.IsExported() && d.Doc == nil && spec.Doc == nil {
				t.Errorf("%s: type %s has no doc comment", at(s, spec), spec.Name.Name)
			}
		case *ast.ValueSpec:
			if spec.Names[0].IsExported() && d.Doc == nil && spec.Doc == nil && spec.Comment == nil {
				t.Errorf("%s: %s has no doc comment", at(s, spec), spec.Names[0].Name)
			}
		}
	}
}

func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	name := ""
	ast.Inspect(d.Recv.List[0].Type, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && name == "" {
			name = id.Name
		}
		return true
	})
	return ast.IsExported(name)
}

func TestNothingGrowsTooLong(t *testing.T) {
	for _, s := range sources(t) {
		if s.lines > fileLines {
			t.Errorf("%s: %d lines, at most %d: is it still about one thing?", s.path, s.lines, fileLines)
		}
		for _, d := range s.file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || isTable(f) {
				continue
			}
			if n := s.set.Position(f.End()).Line - s.set.Position(f.Pos()).Line; n > functionLines {
				t.Errorf("%s: %s is %d lines, at most %d", at(s, f), f.Name.Name, n, functionLines)
			}
		}
	}
}

// isTable is a function that only returns a literal: a constant table, which Go cannot express as a constant.
func isTable(f *ast.FuncDecl) bool {
	if f.Body == nil || len(f.Body.List) != 1 {
		return false
	}
	_, ok := f.Body.List[0].(*ast.ReturnStmt)
	return ok
}

func TestNoVagueNames(t *testing.T) {
	for _, s := range sources(t) {
		base := strings.TrimSuffix(filepath.Base(s.path), ".go")
		for _, vague := range []string{"util", "utils", "common", "helper", "helpers", "manager", "misc"} {
			if s.room == vague || base == vague || s.file.Name.Name == vague {
				t.Errorf("%s: %q names nothing", s.path, vague)
			}
		}
	}
}

func at(s source, n ast.Node) string {
	p := s.set.Position(n.Pos())
	return fmt.Sprintf("%s:%d", p.Filename, p.Line)
}

package main

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// limitsOfTheTrade reads from the source of the root package the names of its exported constants that are a most, a least or
// a time.
func limitsOfTheTrade(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("../../*.go")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.CONST {
				for _, spec := range g.Specs {
					names = append(names, limitsIn(spec.(*ast.ValueSpec))...)
				}
			}
		}
	}
	if len(names) < 50 {
		t.Fatalf("only %q found", names)
	}
	return names
}

func limitsIn(spec *ast.ValueSpec) []string {
	timed := false
	for _, v := range spec.Values {
		ast.Inspect(v, func(n ast.Node) bool {
			x, ok := n.(*ast.Ident)
			timed = timed || ok && x.Name == "time"
			return true
		})
	}
	var out []string
	for _, id := range spec.Names {
		if id.IsExported() && (timed || strings.HasPrefix(id.Name, "Max") || strings.HasPrefix(id.Name, "Min")) {
			out = append(out, id.Name)
		}
	}
	return out
}

// TestEveryLimitIsPrinted finds a limit that the config command forgets, and one that the documentation does.
func TestEveryLimitIsPrinted(t *testing.T) {
	t.Parallel()
	src, err := os.ReadFile("limits.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range limitsOfTheTrade(t) {
		if !bytes.Contains(src, []byte("innsigli."+name+",")) && !bytes.Contains(src, []byte("innsigli."+name+")")) {
			t.Errorf("%s is not printed", name)
		}
	}
	doc, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(limits()) {
		if !bytes.Contains(doc, []byte("    "+line)) {
			t.Errorf("docs/operations.md lacks: %s", line)
		}
		if strings.Contains(line, "%!") {
			t.Errorf("a number is missing or too many: %s", line)
		}
	}
}

// TestEverySettingIsPrinted finds a flag of serve that the config command, the config file or the documentation forgets.
func TestEverySettingIsPrinted(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	var c configCmd
	parser, err := kong.New(&c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse(nil); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := c.Run(console{&out, &out}); err != nil {
		t.Fatal(err)
	}
	flags := 0
	for _, f := range parser.Model.Flags {
		if f.Name == "help" {
			continue
		}
		flags++
		if !slices.Contains(configNames, f.Name) {
			t.Errorf("%s is no line of a config file", f.Name)
		}
		if f.Hidden { // a secret
			continue
		}
		if !strings.Contains("\n"+out.String(), "\n"+f.Name+" ") && !strings.Contains("\n"+out.String(), "\n# "+f.Name+" ") {
			t.Errorf("%s is not printed", f.Name)
		}
		if !bytes.Contains(doc, []byte("| `--"+f.Name)) {
			t.Errorf("docs/operations.md has no row for --%s", f.Name)
		}
	}
	if flags != len(configNames) {
		t.Errorf("%d flags, and %d lines that a config file may have", flags, len(configNames))
	}
}

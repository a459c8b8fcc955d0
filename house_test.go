package innsigli_test

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// module is the path that every import of ours begins with.
const module = "github.com/innsigli/innsigli"

// house is who may import whom. A package that is not listed fails the test. Read from top to bottom it only ever
// points up: that is the drawing in ARCHITECTURE.md.
var house = map[string][]string{
	"cms":                       {},
	"pdf":                       {},
	"lang":                      {},
	"tmpl":                      {},
	"blob":                      {},
	"keyring":                   {},
	"render":                    {},
	"pki":                       {"cms"},
	"pades":                     {"cms", "pdf"},
	"xades":                     {"cms"},
	".":                         {"cms", "pades"},
	"paper":                     {".", "lang"},
	"ledger":                    {},
	"store":                     {".", "ledger"}, // the tree over the log is computed where its lines are
	"job":                       {"."},
	"eid":                       {"."},
	"notify":                    {".", "lang", "tmpl"},
	"web":                       {"."},
	"api":                       {".", "web", "tmpl"},
	"inbound":                   {".", "web"},
	"page":                      {".", "web", "lang"},
	"portal":                    {".", "web", "lang"},
	"docs/examples/webhooks/go": {},
	"innsiglitest/handmade":     {},
	"innsiglitest":              {"innsiglitest/handmade", ".", "store", "blob", "keyring", "job", "notify", "pki"},
	"cmd/innsigli":              {".", "api", "inbound", "page", "portal", "web", "store", "ledger", "blob", "keyring", "job", "notify", "eid", "paper", "render", "pki", "lang", "tmpl", "cms", "pades", "xades"},
}

// foreign is what may be imported from outside of module and standard library, where that is fixed: the engine, the
// domain and the keys depend on nobody. An entry allows the packages below it too.
var foreign = map[string][]string{
	".":       {},
	"pdf":     {},
	"cms":     {"golang.org/x/crypto/ocsp"},
	"pades":   {},
	"xades":   {"golang.org/x/text"},        // ISO-8859-1 and Windows-1252, which Icelandic programs still write
	"pki":     {"golang.org/x/crypto/ocsp"}, // the responder: RFC 6960 by the Go team, rather than by us a second time
	"keyring": {},
	"blob":    {"filippo.io/age"},
	"ledger":  {"golang.org/x/mod/sumdb"}, // trees, proofs and signed notes of Go's checksum database
	"tmpl":    {},
	"lang":    {"github.com/go-playground/locales", "golang.org/x/text"},
}

// pkg is what `go list` knows of a package.
type pkg struct {
	ImportPath string   `json:"ImportPath"`
	Doc        string   `json:"Doc"`
	Imports    []string `json:"Imports"`
}

// name is the path of a package below the module, "." for the root.
func (p pkg) name() string { return below(p.ImportPath) }

func below(path string) string {
	if path == module {
		return "."
	}
	return strings.TrimPrefix(path, module+"/")
}

func isOurs(path string) bool { return path == module || strings.HasPrefix(path, module+"/") }

// isStandard goes by the rule that only paths of the standard library have no dot in their first element.
func isStandard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".")
}

func packages(t *testing.T) []pkg {
	t.Helper()
	var all []pkg
	for dec := json.NewDecoder(bytes.NewReader(goTool(t, "list", "-json=ImportPath,Doc,Imports", "./..."))); dec.More(); {
		var p pkg
		if err := dec.Decode(&p); err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	if len(all) == 0 {
		t.Fatal("go list found no package")
	}
	return all
}

// goTool runs the go command and returns what it prints.
func goTool(t *testing.T, args ...string) []byte {
	t.Helper()
	var stderr strings.Builder
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go %s: %v\n%s", args[0], err, stderr.String())
	}
	return out
}

func TestHouse(t *testing.T) {
	for _, p := range packages(t) {
		allowed, ok := house[p.name()]
		if !ok {
			t.Errorf("%s is not in the house; add it, with what it may import", p.ImportPath)
			continue
		}
		for _, path := range p.Imports {
			if isOurs(path) && !slices.Contains(allowed, below(path)) {
				t.Errorf("%s may not import %s", p.name(), below(path))
			}
		}
	}
}

func TestHouseKeepsForeignersOut(t *testing.T) {
	for _, p := range packages(t) {
		allowed, ok := foreign[p.name()]
		if !ok {
			continue
		}
		for _, path := range p.Imports {
			isAllowed := slices.ContainsFunc(allowed, func(a string) bool {
				return path == a || strings.HasPrefix(path, a+"/")
			})
			if !isOurs(path) && !isStandard(path) && !isAllowed {
				t.Errorf("%s may not import %s", p.name(), path)
			}
		}
	}
}

func TestTheDomainKnowsNoTransportAndNoStorage(t *testing.T) {
	for _, p := range packages(t) {
		for _, path := range p.Imports {
			if p.name() == "." && (strings.HasPrefix(path, "net/http") || strings.HasPrefix(path, "database/sql")) {
				t.Errorf("the root may not import %s", path)
			}
		}
	}
}

func TestEveryPackageSaysWhatItIs(t *testing.T) {
	for _, p := range packages(t) {
		if p.Doc == "" {
			t.Errorf("%s has no package comment", p.name())
		}
	}
}

func TestNoModuleIsReplaced(t *testing.T) {
	for _, file := range []string{"go.mod", "tools/go.mod"} {
		var mod struct {
			Replace []any `json:"Replace"`
		}
		if err := json.Unmarshal(goTool(t, "mod", "edit", "-json", file), &mod); err != nil {
			t.Fatal(err)
		}
		if len(mod.Replace) > 0 {
			t.Errorf("%s replaces a module: a clone elsewhere would not build", file)
		}
	}
}

// TestNoPathOfOneMachine looks for the folders that this program is written in. They are spelled in two parts here,
// so that the test does not find itself.
func TestNoPathOfOneMachine(t *testing.T) {
	var paths [][]byte
	for _, folder := range []string{"wo" + "rk", "fa" + "rm"} {
		paths = append(paths, []byte("/"+folder+"/"))
	}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && slices.Contains([]string{".git", "bin", "data"}, path) {
			return filepath.SkipDir // not in the repository
		}
		if path == ".git" { // a file in a linked worktree
			return nil
		}
		if !d.Type().IsRegular() || strings.HasSuffix(path, ".sum") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, p := range paths {
			if before, _, found := bytes.Cut(text, p); found {
				t.Errorf("%s:%d names the folder %s of one machine", path, 1+bytes.Count(before, []byte("\n")), p)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

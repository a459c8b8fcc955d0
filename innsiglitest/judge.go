package innsiglitest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Verdict is what a stranger says of one file.
type Verdict struct {
	Judge      string            `json:"judge"`
	File       string            `json:"file"`
	Error      string            `json:"error"` // why it could say nothing
	Signatures []JudgedSignature `json:"signatures"`
	Timestamps []JudgedTimestamp `json:"timestamps"`
	Millis     int               `json:"ms"`
}

// JudgedSignature is a verdict on one signature. Empty is what the judge does not tell.
type JudgedSignature struct {
	Name       string `json:"name"`       // of the field
	Format     string `json:"format"`     // PAdES_BASELINE_LTA; EU DSS only
	Indication string `json:"indication"` // EN 319 102-1: TOTAL_PASSED with EU DSS, PASSED with pyHanko
	Sub        string `json:"sub"`
	By         string `json:"by"`
	Time       string `json:"time"` // best signature time

	// What pyHanko says of later revisions: NONE, LTA_UPDATES, FORM_FILLING, ...
	Modifications string   `json:"modifications"`
	Coverage      string   `json:"coverage"`
	Valid         bool     `json:"valid"`         // its bottom line, which takes in the modifications
	Certification bool     `json:"certification"` // DocMDP was kept to
	Changes       []string `json:"changes"`       // what EU DSS finds that is neither evidence nor form
	Messages      []string `json:"messages"`
}

// JudgedTimestamp is a verdict of EU DSS on a time stamp of a signature or of the document.
type JudgedTimestamp struct {
	Type       string   `json:"type"`
	Indication string   `json:"indication"`
	Sub        string   `json:"sub"`
	Time       string   `json:"time"`
	Messages   []string `json:"messages"`
}

// String is the verdict in one line, for a test that fails.
func (v Verdict) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s on %s:", v.Judge, filepath.Base(v.File))
	if v.Error != "" {
		fmt.Fprintf(&b, " %s", v.Error)
	}
	for _, s := range v.Signatures {
		fmt.Fprintf(&b, " [%s %s %s %s %s %v %v]", s.Name, s.Format, s.Indication, s.Sub, s.Modifications, s.Changes, s.Messages)
	}
	for _, t := range v.Timestamps {
		if t.Type != "" {
			fmt.Fprintf(&b, " (%s %s %s %v)", t.Type, t.Indication, t.Sub, t.Messages)
		}
	}
	return b.String()
}

// DSS asks EU DSS about signed PDF or XML files, in one JVM, with roots as PEM for trust anchors. A time that is not
// zero is when it judges. It has no network: what proves a certificate must be in the file.
func DSS(tb testing.TB, roots []byte, at time.Time, files ...string) []Verdict {
	tb.Helper()
	NeedTool(tb, "java", "default-jdk-headless")
	return ask(tb, roots, at, files, "dss")
}

// DSSObjects asks EU DSS like [DSS], and pages of revisions are not compared as pictures: that takes minutes for pages of
// some metres.
func DSSObjects(tb testing.TB, roots []byte, files ...string) []Verdict {
	tb.Helper()
	NeedTool(tb, "java", "default-jdk-headless")
	return ask(tb, roots, time.Time{}, files, "dss", "-objects")
}

// PyHanko asks pyHanko about signed PDFs, in one process, by the rules of EN 319 102-1; the rest is as with DSS.
func PyHanko(tb testing.TB, roots []byte, at time.Time, files ...string) []Verdict {
	tb.Helper()
	NeedTool(tb, "python3", "python3-venv")
	return ask(tb, roots, at, files, "pyhanko")
}

// VeraPDF asks veraPDF, in one process, whether PDFs are what PDF/A-3b wants; each one that is not fails the test.
func VeraPDF(tb testing.TB, files ...[]byte) {
	tb.Helper()
	NeedTool(tb, "java", "default-jdk-headless")
	dir := tb.TempDir()
	args := []string{"verapdf"}
	for i, b := range files {
		args = append(args, writeFile(tb, filepath.Join(dir, fmt.Sprintf("%d.pdf", i)), b))
	}
	said := string(runJudge(tb, nil, args...))
	for _, name := range args[1:] {
		if !strings.Contains(said, "PASS "+name) {
			tb.Errorf("no PDF/A-3b: %s\n%s", filepath.Base(name), said)
		}
	}
}

// DKIMVerdict is what dkimpy says of one DKIM signature of a mail.
type DKIMVerdict struct {
	Domain    string   `json:"domain"`
	Selector  string   `json:"selector"`
	Algorithm string   `json:"algorithm"`
	Fields    []string `json:"fields"` // in lower case, as often as they are signed
	Valid     bool     `json:"valid"`
	Why       string   `json:"why"`
}

// DKIM asks dkimpy about the signatures of a mail, from the top. It has no DNS: records are by name the texts that it would find.
func DKIM(tb testing.TB, mail []byte, records map[string]string) []DKIMVerdict {
	tb.Helper()
	NeedTool(tb, "python3", "python3-venv")
	b, err := json.Marshal(records)
	if err != nil {
		tb.Fatal(err)
	}
	var all []DKIMVerdict
	out := runJudge(tb, mail, "dkim", writeFile(tb, filepath.Join(tb.TempDir(), "records.json"), b))
	if err := json.Unmarshal(out, &all); err != nil {
		tb.Fatalf("verdicts of dkimpy: %v", err)
	}
	return all
}

// PyHankoSamples lets pyHanko sign a document under a root of its own, given as PEM: b, t, lt and lta are the levels
// (the last a certification), approval is t signed once more to LTA, tampered is lta with one byte changed.
func PyHankoSamples(tb testing.TB, document []byte) (samples map[string][]byte, root []byte) {
	tb.Helper()
	NeedTool(tb, "python3", "python3-venv")
	dir := tb.TempDir()
	in := writeFile(tb, filepath.Join(dir, "in.pdf"), document)
	runJudge(tb, nil, "sample", in, dir)
	samples = map[string][]byte{}
	for _, name := range []string{"b", "t", "lt", "lta", "approval", "tampered"} {
		samples[name] = readFile(tb, filepath.Join(dir, name+".pdf"))
	}
	return samples, readFile(tb, filepath.Join(dir, "root.pem"))
}

// LibPDFSample signs a document with LibPDF (JavaScript), with the key in a PKCS #12 file whose password is "x".
func LibPDFSample(tb testing.TB, document []byte, key string) []byte {
	tb.Helper()
	NeedTool(tb, "node", "nodejs")
	dir := tb.TempDir()
	in, out := writeFile(tb, filepath.Join(dir, "in.pdf"), document), filepath.Join(dir, "out.pdf")
	runJudge(tb, nil, "libpdf", in, key, out)
	return readFile(tb, out)
}

// Axe is the script of axe-core: run in a page it makes an object axe, which judges the page by the rules of WCAG.
func Axe(tb testing.TB) string {
	tb.Helper()
	return string(runJudge(tb, nil, "axe"))
}

func ask(tb testing.TB, roots []byte, at time.Time, files []string, args ...string) []Verdict {
	tb.Helper()
	judge := args[0]
	if !at.IsZero() {
		args = append(args, "-at", at.UTC().Format(time.RFC3339))
	}
	args = append(args, writeFile(tb, filepath.Join(tb.TempDir(), "roots.pem"), roots))
	out := runJudge(tb, []byte(strings.Join(files, "\n")), args...)
	var all []Verdict
	for dec := json.NewDecoder(bytes.NewReader(out)); dec.More(); {
		var v Verdict
		if err := dec.Decode(&v); err != nil {
			tb.Fatalf("verdicts of %s: %v", judge, err)
		}
		all = append(all, v)
	}
	if len(all) != len(files) {
		tb.Fatalf("%s answered on %d of %d files", judge, len(all), len(files))
	}
	return all
}

// notBuilt is how judge.sh exits when it has no such judge.
const notBuilt = 3

func runJudge(tb testing.TB, stdin []byte, args ...string) []byte {
	tb.Helper()
	var stderr strings.Builder
	cmd := exec.CommandContext(tb.Context(), filepath.Join(checkout(tb), "tools", "validators", "judge.sh"), args...) //nolint:gosec // G204: the script and its arguments are the tests' own
	cmd.Stdin = bytes.NewReader(stdin)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() == notBuilt {
		missing(tb, strings.TrimSpace(stderr.String()))
	}
	if err != nil {
		tb.Fatalf("judge %s: %v\n%s", args[0], err, stderr.String())
	}
	return out
}

// checkout is the folder of go.mod: a test runs somewhere below it.
func checkout(tb testing.TB) string {
	tb.Helper()
	dir, err := os.Getwd()
	if err != nil {
		tb.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			tb.Fatal("no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
}

func writeFile(tb testing.TB, name string, b []byte) string {
	tb.Helper()
	if err := os.WriteFile(name, b, 0o600); err != nil {
		tb.Fatal(err)
	}
	return name
}

func readFile(tb testing.TB, name string) []byte {
	tb.Helper()
	b, err := os.ReadFile(name) //nolint:gosec // G304: the tests name the file
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

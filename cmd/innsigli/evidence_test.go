package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/innsiglitest"
)

// The evidence inside of sealed documents, taken out by a stranger and held to the published schema.

// checkEvidence detaches evidence.json with poppler and holds it to the published schema.
func checkEvidence(t *testing.T, p process, intake, sealed []byte) {
	t.Helper()
	e := evidenceIn(t, sealed)
	sum := sha256.Sum256(intake)
	if e.Outcome != "completed" || string(e.Process.Key) != p.Key || e.Document.SHA256 != hex.EncodeToString(sum[:]) ||
		e.Document.Size != int64(len(intake)) || e.Document.Pages != 2 || len(e.Signees) != len(p.Signees) {
		t.Errorf("evidence: %+v", e)
	}
	for i, s := range e.Signees {
		if !s.Signed || s.SignedAt == nil || s.CodeVia != "email" || s.CodeTo != p.Signees[i].Email || s.Act != "plain" || !strings.HasSuffix(p.Signees[i].Key, s.Reference) {
			t.Errorf("signee in the evidence: %+v", s)
		}
		if len(s.Invitations) != 1 || len(s.Codes) != 1 || s.Invitations[0].ID == "" || s.Wrong != 0 || s.Codes[0].ID == "" || s.Consent != nil {
			t.Errorf("messages and consent of a signature over the API: %+v", s)
		}
	}
}

func evidenceIn(tb testing.TB, sealed []byte) innsigli.Evidence {
	tb.Helper()
	innsiglitest.NeedTool(tb, "pdfdetach", "poppler-utils")
	dir := tb.TempDir()
	file, to := filepath.Join(dir, "sealed.pdf"), filepath.Join(dir, "evidence.json")
	writeFile(tb, file, sealed)
	if out, err := exec.CommandContext(tb.Context(), "pdfdetach", "-savefile", "evidence.json", "-o", to, file).CombinedOutput(); err != nil {
		tb.Fatalf("pdfdetach: %v: %s", err, out)
	}
	raw, err := os.ReadFile(to)
	if err != nil {
		tb.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "evidence.schema.json"))
	if err != nil {
		tb.Fatal(err)
	}
	var root, value map[string]any
	if err := json.Unmarshal(text, &root); err != nil {
		tb.Fatal(err)
	}
	if err := json.Unmarshal(raw, &value); err != nil {
		tb.Fatalf("evidence.json: %v: %.300s", err, raw)
	}
	for _, wrong := range (schema{root, root}).judge("evidence", value) {
		tb.Error(wrong)
	}
	var e innsigli.Evidence
	if err := json.Unmarshal(raw, &e); err != nil {
		tb.Fatal(err)
	}
	return e
}

// schema is a JSON Schema and the document that its references point into.
type schema struct{ root, here map[string]any }

// judge holds a value to the part of JSON Schema that our schema uses. Stricter than the standard in one thing:
// a member that the schema does not name is wrong, since we wrote both.
func (s schema) judge(at string, v any) []string {
	if ref, ok := s.here["$ref"].(string); ok {
		defs, _ := s.root["$defs"].(map[string]any)
		def, ok := defs[strings.TrimPrefix(ref, "#/$defs/")].(map[string]any)
		if !ok {
			return []string{at + ": no definition " + ref}
		}
		return schema{s.root, def}.judge(at, v)
	}
	if list, ok := s.here["enum"].([]any); ok && !slices.Contains(list, v) {
		return []string{fmt.Sprintf("%s: %v is not one of %v", at, v, list)}
	}
	var kind string
	var wrong []string
	switch x := v.(type) {
	case map[string]any:
		kind, wrong = "object", s.judgeObject(at, x)
	case []any:
		kind = "array"
		items, _ := s.here["items"].(map[string]any)
		for i, item := range x {
			wrong = append(wrong, schema{s.root, items}.judge(fmt.Sprintf("%s[%d]", at, i), item)...)
		}
	case string:
		kind, wrong = "string", s.judgeText(at, x)
	case float64:
		kind = "integer"
		if least, _ := s.here["minimum"].(float64); x != float64(int64(x)) || x < least {
			wrong = append(wrong, fmt.Sprintf("%s: %v is no such number", at, x))
		}
	case bool:
		kind = "boolean"
	}
	if s.here["type"] != kind {
		wrong = append(wrong, fmt.Sprintf("%s: %q in place of %v", at, kind, s.here["type"]))
	}
	return wrong
}

func (s schema) judgeObject(at string, x map[string]any) []string {
	var wrong []string
	required, _ := s.here["required"].([]any)
	for _, name := range required {
		if _, ok := x[fmt.Sprint(name)]; !ok {
			wrong = append(wrong, fmt.Sprintf("%s: %v is missing", at, name))
		}
	}
	named, _ := s.here["properties"].(map[string]any)
	other, _ := s.here["additionalProperties"].(map[string]any)
	for name, member := range x {
		def, ok := named[name].(map[string]any)
		if !ok {
			def = other
		}
		if def == nil {
			wrong = append(wrong, at+": "+name+" is not in the schema")
			continue
		}
		wrong = append(wrong, schema{s.root, def}.judge(at+"."+name, member)...)
	}
	return wrong
}

func (s schema) judgeText(at, x string) []string {
	pattern, _ := s.here["pattern"].(string)
	if !regexp.MustCompile(pattern).MatchString(x) {
		return []string{fmt.Sprintf("%s: %q does not match %s", at, x, pattern)}
	}
	if _, err := time.Parse(time.RFC3339Nano, x); s.here["format"] == "date-time" && err != nil {
		return []string{fmt.Sprintf("%s: %q is no time", at, x)}
	}
	return nil
}

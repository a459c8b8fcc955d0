package paper

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/innsigli/innsigli"
)

// schema is the part of JSON Schema 2020-12 that docs/evidence.schema.json uses.
type schema struct {
	Ref        string            `json:"$ref"`
	Defs       map[string]schema `json:"$defs"`
	Type       string            `json:"type"`
	Format     string            `json:"format"`
	Pattern    string            `json:"pattern"`
	Enum       []string          `json:"enum"`
	Minimum    *float64          `json:"minimum"`
	Required   []string          `json:"required"`
	Properties map[string]schema `json:"properties"`
	Additional *schema           `json:"additionalProperties"`
	Items      *schema           `json:"items"`
}

func readSchema(t *testing.T) schema {
	t.Helper()
	b, err := os.ReadFile("../docs/evidence.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var s schema
	if err := json.Unmarshal(b, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// resolve follows a reference into $defs.
func (s schema) resolve(at schema) schema {
	if name, ok := strings.CutPrefix(at.Ref, "#/$defs/"); ok {
		return s.Defs[name]
	}
	return at
}

// faults lists what of v is against the schema. It is stricter than the schema: a member that it lacks is a fault too.
func (s schema) faults(at schema, path string, v any) []string {
	at = s.resolve(at)
	switch v := v.(type) {
	case map[string]any:
		return s.objectFaults(at, path, v)
	case []any:
		if at.Type != "array" || at.Items == nil {
			return []string{path + ": an array is no " + at.Type}
		}
		var out []string
		for i, x := range v {
			out = append(out, s.faults(*at.Items, fmt.Sprintf("%s[%d]", path, i), x)...)
		}
		return out
	case string:
		return at.textFaults(path, v)
	case float64:
		if at.Type == "integer" && v == float64(int64(v)) && (at.Minimum == nil || v >= *at.Minimum) {
			return nil
		}
	case bool:
		if at.Type == "boolean" {
			return nil
		}
	}
	return []string{fmt.Sprintf("%s: %v is no %q", path, v, at.Type)}
}

func (s schema) objectFaults(at schema, path string, v map[string]any) []string {
	var out []string
	if at.Type != "object" {
		out = append(out, path+": an object is no "+at.Type)
	}
	for _, k := range at.Required {
		if _, ok := v[k]; !ok {
			out = append(out, path+": lacks "+k)
		}
	}
	for k, x := range v {
		p, ok := at.Properties[k]
		switch {
		case ok:
		case at.Additional != nil:
			p = *at.Additional
		default:
			out = append(out, path+": "+k+" is not in the schema")
			continue
		}
		out = append(out, s.faults(p, path+"."+k, x)...)
	}
	return out
}

func (s schema) textFaults(path, v string) []string {
	var out []string
	if s.Type != "string" || s.Enum != nil && !slices.Contains(s.Enum, v) || !regexp.MustCompile(s.Pattern).MatchString(v) {
		out = append(out, fmt.Sprintf("%s: %q is no %s of %v %s", path, v, s.Type, s.Enum, s.Pattern))
	}
	if _, err := time.Parse(time.RFC3339, v); s.Format == "date-time" && err != nil {
		out = append(out, fmt.Sprintf("%s: %q is no time", path, v))
	}
	return out
}

func asJSON(t *testing.T, e innsigli.Evidence) map[string]any {
	t.Helper()
	b, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	var v map[string]any
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestEvidenceIsAsTheSchemaSays(t *testing.T) {
	s := readSchema(t)
	noted := three()
	noted.Notes = map[string]string{"clock": "synchronized"}
	bare := innsigli.Evidence{
		Version: innsigli.EvidenceVersion, Outcome: completed, Process: three().Process, Document: three().Document,
		Signees: []innsigli.EvidenceSignee{{Reference: "si0a", Name: "A", Type: innsigli.Qualified.String()}},
	}
	for name, e := range map[string]innsigli.Evidence{
		"completed": three(), "canceled": stopped(canceled), "expired": stopped(expired), "notes": noted, "bare": bare, "apart": apartFrom(),
	} {
		for _, f := range s.faults(s, name, asJSON(t, e)) {
			t.Error(f)
		}
	}
}

func TestEvidenceThatLacksOrMistakesAMemberIsSeen(t *testing.T) {
	s := readSchema(t)
	for name, change := range map[string]func(map[string]any){
		"lacks the outcome": func(v map[string]any) { delete(v, "outcome") },
		"an outcome that is none": func(v map[string]any) {
			v["outcome"] = "done"
		},
		"a signee without a name": func(v map[string]any) { delete(v["signees"].([]any)[0].(map[string]any), "name") },
		"a member too many":       func(v map[string]any) { v["document"].(map[string]any)["md5"] = "x" },
		"a time that is none":     func(v map[string]any) { v["events"].([]any)[0].(map[string]any)["at"] = "yesterday" },
		"a fingerprint too short": func(v map[string]any) { v["document"].(map[string]any)["sha256"] = "00" },
		"a size that is a word":   func(v map[string]any) { v["document"].(map[string]any)["size"] = "7" },
	} {
		v := asJSON(t, three())
		change(v)
		if n := len(s.faults(s, "", v)); n != 1 {
			t.Errorf("%s: %d faults found, want 1", name, n)
		}
	}
}

// TestSchemaAndTypesNameTheSameMembers walks the Go types, so that a member that no test sets cannot drift either.
func TestSchemaAndTypesNameTheSameMembers(t *testing.T) {
	s := readSchema(t)
	var walk func(path string, typ reflect.Type, at schema)
	walk = func(path string, typ reflect.Type, at schema) {
		at = s.resolve(at)
		for typ.Kind() == reflect.Pointer {
			typ = typ.Elem()
		}
		if typ.Kind() == reflect.Slice {
			walk(path, typ.Elem(), *at.Items)
			return
		}
		if typ.Kind() != reflect.Struct || typ == reflect.TypeFor[time.Time]() {
			return
		}
		var all, required []string
		for field := range typ.Fields() {
			name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
			if name == "-" {
				continue
			}
			all = append(all, name)
			if !strings.Contains(options, "omitempty") {
				required = append(required, name)
			}
			walk(path+"."+name, field.Type, at.Properties[name])
		}
		slices.Sort(all)
		if d := cmp.Diff(slices.Sorted(maps.Keys(at.Properties)), all); d != "" {
			t.Errorf("%s: members of the schema (-) and the type (+):\n%s", path, d)
		}
		if d := cmp.Diff(at.Required, required); d != "" {
			t.Errorf("%s: required by the schema (-) and always written by the type (+):\n%s", path, d)
		}
	}
	walk("evidence", reflect.TypeFor[innsigli.Evidence](), s)
	if !regexp.MustCompile(s.Properties["version"].Pattern).MatchString(innsigli.EvidenceVersion) {
		t.Errorf("version %s is not the schema's", innsigli.EvidenceVersion)
	}
}

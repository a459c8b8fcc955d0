package innsigli

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

func keysOf(flows []Flow) (keys []FlowKey) {
	for _, f := range flows {
		keys = append(keys, f.Key)
	}
	return keys
}

// limitedTo is a key that may do everything with keys, and read signing in some flows.
func limitedTo(flows ...FlowKey) APIKey {
	return APIKey{ID: 4, Permissions: []Permission{{Resource: "Auth", Verbs: verbs}, {Resource: "Signing", Verbs: []string{"GET"}, Flows: flows}}}
}

// TestWhichFlowsAKeyReaches: a permission without flows is for every flow, one whose flows are none for none, and several for
// what any of them names.
func TestWhichFlowsAKeyReaches(t *testing.T) {
	in := func(verb string, flows ...FlowKey) Permission {
		return Permission{Resource: "Signing", Verbs: []string{verb}, Flows: flows}
	}
	for name, c := range map[string]struct {
		permissions  []Permission
		may          bool
		f1, f2, none bool // none: what belongs to no flow
	}{
		"everything":                  {nil, true, true, true, true},
		"every flow":                  {[]Permission{in("GET")}, true, true, true, true},
		"one":                         {[]Permission{in("GET", "f1")}, true, true, false, false},
		"two":                         {[]Permission{in("GET", "f1", "f2")}, true, true, true, false},
		"two, by two permissions":     {[]Permission{in("GET", "f1"), in("GET", "f2")}, true, true, true, false},
		"one, and every":              {[]Permission{in("GET", "f1"), in("GET")}, true, true, true, true},
		"one, and another by another": {[]Permission{in("GET", "f1"), in("POST", "f2")}, true, true, false, false},
		"none":                        {[]Permission{{"Signing", []string{"GET"}, []FlowKey{}}}, true, false, false, false},
		"by another verb":             {[]Permission{in("POST", "f1")}, false, false, false, false},
	} {
		for _, verb := range []string{"GET", "HEAD"} {
			k := APIKey{Permissions: c.permissions}
			got, err := Caller{Key: k}.Allow("Signing", verb)
			if (err == nil) != c.may {
				t.Errorf("%s, %s: %v", name, verb, err)
			}
			if err != nil {
				continue
			}
			for f, want := range map[FlowKey]bool{"f1": c.f1, "f2": c.f2, "": c.none, "f": c.none, "f1,f2": c.none} {
				if got.Flows.Has(f) != want {
					t.Errorf("%s, %s: flow %q: %v", name, verb, f, !want)
				}
			}
			if whole := got.AllowWhole(); (whole == nil) != c.none || whole != nil && KindOf(whole) != Forbidden {
				t.Errorf("%s, %s: the whole company: %v", name, verb, whole)
			}
		}
	}
}

// TestWhatCoversWhat: nobody makes a key that reaches further than their own.
func TestWhatCoversWhat(t *testing.T) {
	none := limitedTo()
	none.Permissions[1].Flows = []FlowKey{}
	apart := APIKey{Permissions: []Permission{
		{Resource: "Auth", Verbs: verbs}, {Resource: "Signing", Verbs: []string{"GET"}, Flows: []FlowKey{"f1"}}, {Resource: "Signing", Verbs: []string{"GET"}, Flows: []FlowKey{"f2"}},
	}}
	for name, c := range map[string]struct {
		by, other APIKey
		covers    bool
	}{
		"everything, one flow":          {fullKey, limitedTo("f1"), true},
		"one flow, everything":          {limitedTo("f1"), fullKey, false},
		"itself":                        {limitedTo("f1"), limitedTo("f1"), true},
		"one flow, another":             {limitedTo("f1"), limitedTo("f2"), false},
		"two flows, one":                {limitedTo("f1", "f2"), limitedTo("f2"), true},
		"one flow, two":                 {limitedTo("f1"), limitedTo("f1", "f2"), false},
		"one flow, every":               {limitedTo("f1"), limitedTo(), false},
		"every flow, one":               {limitedTo(), limitedTo("f1"), true},
		"one flow, none":                {limitedTo("f1"), none, true},
		"no flow, one":                  {none, limitedTo("f1"), false},
		"no flow, every":                {none, limitedTo(), false},
		"two by two permissions, two":   {apart, limitedTo("f1", "f2"), true},
		"two, two by two permissions":   {limitedTo("f1", "f2"), apart, true},
		"one, two by two permissions":   {limitedTo("f1"), apart, false},
		"two by two permissions, every": {apart, limitedTo(), false},
	} {
		if got := c.by.Covers(c.other); got != c.covers {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestWhoOwnsAProcess: the company, by a key that reaches the flow of each process of the group.
func TestWhoOwnsAProcess(t *testing.T) {
	alone := Facts{Process: Process{Key: testProcess, Company: "c", Flow: "f1"}}
	both := alone
	both.Members = []Member{{Process: alone.Process}, {Process: Process{Key: "sp2", Company: "c", Flow: "f2"}}}
	for name, c := range map[string]struct {
		by    *Caller
		of    Facts
		owned bool
	}{
		"nobody":                       {nil, alone, false},
		"its company":                  {&Caller{Company: Company{Key: "c"}}, alone, true},
		"another company":              {&Caller{Company: Company{Key: "d"}}, alone, false},
		"its flow":                     {&Caller{Company: Company{Key: "c"}, Flows: FlowsOf("f1")}, alone, true},
		"its flow, of another company": {&Caller{Company: Company{Key: "d"}, Flows: FlowsOf("f1")}, alone, false},
		"another flow":                 {&Caller{Company: Company{Key: "c"}, Flows: FlowsOf("f2")}, alone, false},
		"no flow":                      {&Caller{Company: Company{Key: "c"}, Flows: FlowsOf()}, alone, false},
		"one of two flows":             {&Caller{Company: Company{Key: "c"}, Flows: FlowsOf("f1")}, both, false},
		"the other of two flows":       {&Caller{Company: Company{Key: "c"}, Flows: FlowsOf("f2")}, both, false},
		"both flows":                   {&Caller{Company: Company{Key: "c"}, Flows: FlowsOf("f2", "f1")}, both, true},
	} {
		if got := c.of.its(c.by) != nil; got != c.owned {
			t.Errorf("%s: %v", name, got)
		}
		if v := (View{Facts: c.of}).by(c.by); v.Trusted != c.owned {
			t.Errorf("%s: the view is trusted: %v", name, v.Trusted)
		}
	}
}

// TestACompanyIsNamedInOnePlace: a target with a company and without the flows of its key would be for every flow.
func TestACompanyIsNamedInOnePlace(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) < 100 {
		t.Fatal(len(files), err)
	}
	named := regexp.MustCompile(`Target\{[^}]*Company:[^}]*\}`)
	for _, f := range files {
		src, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if got := named.FindAllString(string(src), -1); len(got) > 0 && f != "apikey_flows.go" && f != "apikey_flows_test.go" {
			t.Errorf("%s: %q: take process or sequence of the Caller", f, got)
		}
	}
}

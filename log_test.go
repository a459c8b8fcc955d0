package innsigli

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"slices"
	"strings"
	"testing"
)

const p0, s0 = "sp231f52f87d6f", "si1234567890ab"

// TestLogTextsAreThePublicAPIsToTheBlank: the sentences of facts/wire.md 2.2, with their odd blanks, capitals and
// missing full stops.
func TestLogTextsAreThePublicAPIsToTheBlank(t *testing.T) {
	for _, tc := range []struct {
		status, detail, want string
	}{
		{"Created", "", "Signing process created. ProcessKey: sp231f52f87d6f."},
		{"SigneeAdded", "", "Signee added. Processkey: sp231f52f87d6f. Signee key: si1234567890ab."},
		{"SignupSent", "Sms", "Signup sent. Processkey: sp231f52f87d6f. Signee: si1234567890ab. Delivery method : Sms "},
		{"SignupSent", "Email", "Signup sent. Processkey: sp231f52f87d6f. Signee: si1234567890ab. Delivery method : Email "},
		{"Started", "", "Signing process started. ProcessKey: sp231f52f87d6f."},
		{"SigneeSigned", "", "Signee signed. ProcessKey: sp231f52f87d6f. Signee key: si1234567890ab"},
		{"Completed", "", "Signing completed. ProcessKey: sp231f52f87d6f."},
		{"Canceled", "", "Signing canceled. ProcessKey: sp231f52f87d6f."}, // design/decisions.md 1, row 12
	} {
		e := LogEntry{Kind: LogKind(tc.status), Process: p0, Signee: s0, Detail: tc.detail}
		if got := e.Description(); got != tc.want {
			t.Errorf("%s:\n got %q\nwant %q", tc.status, got, tc.want)
		}
	}
}

// logKinds reads the constants of log.go, so that a new kind cannot be forgotten here.
func logKinds(t *testing.T) map[string]LogKind {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "log.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]LogKind{}
	ast.Inspect(file, func(n ast.Node) bool {
		v, ok := n.(*ast.ValueSpec)
		if !ok || v.Type == nil {
			return true
		}
		if id, ok := v.Type.(*ast.Ident); ok && id.Name == "LogKind" {
			for i, name := range v.Names {
				kinds[name.Name] = LogKind(strings.Trim(v.Values[i].(*ast.BasicLit).Value, `"`))
			}
		}
		return true
	})
	if len(kinds) < 10 {
		t.Fatalf("only %d kinds found", len(kinds))
	}
	return kinds
}

func TestEveryKindOfLineHasASentenceWithItsProcess(t *testing.T) {
	kinds := logKinds(t)
	for name, k := range kinds {
		got := LogEntry{Kind: k, Process: p0, Signee: s0, Detail: "Email"}.Description()
		if got == string(k) || !strings.Contains(got, p0) || strings.Contains(got, "%!") {
			t.Errorf("%s reads %q", name, got)
		}
	}
	if stated, known := len(logSentences), len(slices.Collect(maps.Keys(kinds))); stated != known {
		t.Errorf("%d sentences for %d kinds", stated, known)
	}
}

func TestUnknownKindReadsAsItsName(t *testing.T) {
	if got := (LogEntry{Kind: "FromTheFuture"}).Description(); got != "FromTheFuture" {
		t.Errorf("got %q", got)
	}
}

// TestDetailCannotFormat: a parameter is never taken for a format.
func TestDetailCannotFormat(t *testing.T) {
	got := LogEntry{Kind: LogSignupSent, Process: p0, Signee: "%s%[1]s%n", Detail: "%d"}.Description()
	if want := "Signup sent. Processkey: " + p0 + ". Signee: %s%[1]s%n. Delivery method : %d "; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestSentencesNameNobody: what could name a person stands in the erasable half of a line.
func TestSentencesNameNobody(t *testing.T) {
	for name, k := range logKinds(t) {
		e := LogEntry{
			Kind: k, Process: p0, Signee: s0, Detail: "Email", Actor: "anna@example.com", Mail: "anna@example.com",
			Client: Client{Address: "192.0.2.1", Agent: "Browser"},
		}
		for _, secret := range []string{"anna", "192.0.2.1", "Browser"} {
			if strings.Contains(e.Description(), secret) {
				t.Errorf("%s: %q", name, e.Description())
			}
		}
	}
}

func TestCreatedByIsTheServerWhenNobodyElse(t *testing.T) {
	if got := (LogEntry{}).CreatedBy(); got != "Innsigli" {
		t.Errorf("got %q", got)
	}
	if got := (LogEntry{Actor: testUser}).CreatedBy(); got != testUser {
		t.Errorf("got %q", got)
	}
}

// TestCreatedByAsInThePublicAPI: the column of facts/wire.md 2.2; its system actor is called Innsigli here.
func TestCreatedByAsInThePublicAPI(t *testing.T) {
	created := decideCreated(factsOf(Created, cilia()), testUser)
	signs, err := decideSign(factsToSign(Started, keyAnna, anna(), bjorn()), testToken, Act{})
	if err != nil {
		t.Fatal(err)
	}
	done, err := decideCompleted(factsOf(Sealing, signed(anna())), Document{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := map[LogKind]string{
		LogCreated: testUser, LogSigneeAdded: SystemActor, LogStarted: testUser, LogSigned: SystemActor, LogCompleted: SystemActor,
	}
	got := map[LogKind]string{}
	for _, e := range slices.Concat(created.Log, signs.Log, done.Log) {
		got[e.Kind] = e.CreatedBy()
	}
	if !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

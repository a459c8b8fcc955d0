package innsigli

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// update rewrites the golden texts: go test -run Golden -update .
var update = flag.Bool("update", false, "rewrite testdata/changes")

// golden compares a change with testdata/changes/NAME.txt: the whole consequence of a decision, for a reader.
func golden(t *testing.T, name string, c Change) {
	t.Helper()
	path := filepath.Join("testdata", "changes", name+".txt")
	got := c.String()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; run with -update", err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("change differs from %s (-want +got):\n%s", path, d)
	}
}

// The people and things of all tests in this package.
const (
	testProcess  ProcessKey = "sp11111111111111111111111111111111"
	testCompany  CompanyKey = "c0ffee000001"
	testFlow     FlowKey    = "f10000000001"
	keyAnna      SigneeKey  = "sia1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1"
	keyBjorn     SigneeKey  = "sib2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2"
	keyCilia     SigneeKey  = "sic3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3"
	keyDora      SigneeKey  = "sid4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4"
	testToken    Token      = "70000000000000000000000000000001"
	shownSHA256             = "5e11a5e11a5e11a5e11a5e11a5e11a5e11a5e11a5e11a5e11a5e11a5e11a5e11"
	testUser                = "boss@acme.example"
	testKeyName             = "API key 1"
	officeMail              = "office@acme.example"
	testBlobName            = "b10b"
)

// testNow is when everything in these tests happens.
var testNow = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

func anna() Signee {
	return Signee{
		Key: keyAnna, Process: testProcess, Name: "Anna Jónsdóttir", Ssn: "0101701239", Email: "anna@example.com",
		Phone: "+3545550001", Delivery: DeliverEmail, Type: Simple, Language: LangIs,
	}
}

func bjorn() Signee {
	return Signee{
		Key: keyBjorn, Process: testProcess, Name: "Björn", Email: "bjorn@example.com", Delivery: DeliverEmail, Type: Simple,
		Language: LangEn,
	}
}

// cilia has a phone only.
func cilia() Signee {
	return Signee{Key: keyCilia, Process: testProcess, Name: "Cilia", Phone: "+3545550003", Type: Simple, Language: LangDa}
}

// dora cannot be reached at all.
func dora() Signee {
	return Signee{Key: keyDora, Process: testProcess, Name: "Dóra", Type: Simple}
}

// signed is the signee some time after signing.
func signed(s Signee) Signee {
	s.SignedAt, s.SignedVia, s.SignedTo, s.SignedSHA256 = testNow.Add(-time.Hour), "sms", s.Phone, shownSHA256
	return s
}

// facts are those of a process in a state with these signees, a week old and good for three more.
func factsOf(st State, signees ...Signee) Facts {
	return Facts{
		Now:     testNow,
		Company: Company{Key: testCompany, Name: "Acme ehf.", Email: officeMail},
		Flow:    Flow{Key: testFlow, Company: testCompany, Name: "Default", Active: true},
		Process: Process{
			Key: testProcess, Group: GroupKey(testProcess), Company: testCompany, Flow: testFlow, State: st,
			FileName: "lease.pdf", User: testUser,
			Document:  Document{Blob: testBlobName, Size: 1234, SHA256: shownSHA256, Pages: 3},
			Signees:   signees,
			CreatedAt: testNow.AddDate(0, 0, -7), ExpiresAt: testNow.AddDate(0, 0, 23),
		},
	}
}

// withHooks registers one webhook for each type, with ids from 1.
func withHooks(f Facts, types ...EventType) Facts {
	for i, e := range types {
		f.Webhooks = append(f.Webhooks, Webhook{ID: int64(i + 1), Flow: testFlow, URL: "https://hooks.example/", Type: e})
	}
	return f
}

// everyState lists all states, from the enum itself.
func everyState() []State {
	var all []State
	for s := Created; s <= Declined; s++ {
		all = append(all, s)
	}
	return all
}

// countLog says how often a kind stands in a change's log.
func countLog(c Change, k LogKind) int {
	n := 0
	for _, e := range c.Log {
		if e.Kind == k {
			n++
		}
	}
	return n
}

// jobsOf picks the jobs of a kind.
func jobsOf(c Change, k JobKind) []Job {
	var out []Job
	for _, j := range c.Jobs {
		if j.Kind == k {
			out = append(out, j)
		}
	}
	return out
}

func TestChangeZeroIsEmptyAndEveryFieldCounts(t *testing.T) {
	if c := (Change{}); !c.Empty() || c.String() != "" {
		t.Errorf("zero change: Empty %v, text %q", c.Empty(), c.String())
	}
	for name, c := range map[string]Change{
		"state":     {State: Canceled},
		"invited":   {Invited: []SigneeKey{keyAnna}},
		"seen":      {Seen: keyAnna},
		"sign":      {Sign: []Signature{{Signee: keyAnna}}},
		"challenge": {Challenge: &Challenge{Token: testToken}},
		"add":       {Add: []Signee{{Key: keyAnna}}},
		"remove":    {Remove: []SigneeKey{keyAnna}},
		"edit":      {Edit: []Signee{{Key: keyAnna}}},
		"hush":      {Hush: []Hush{{Signee: keyAnna}}},
		"meta":      {Meta: map[string]string{"a": "b"}},
		"decline":   {Decline: &Refusal{Signee: keyAnna}},
		"sealed":    {Sealed: &Document{Blob: "b"}},
		"key":       {Key: KeyHeld},
		"forget":    {Forget: true},
		"log":       {Log: []LogEntry{{Kind: LogViewed}}},
		"drop":      {Drop: []JobKind{JobExpire}},
		"read":      {Read: &Read{}},
		"jobs":      {Jobs: []Job{{Kind: JobSeal}}},
		"members":   {Members: []MemberChange{{Process: testProcess}}},
	} {
		if c.Empty() {
			t.Errorf("a change with %s counts as empty", name)
		}
		if c.String() == "" {
			t.Errorf("a change with %s has no text", name)
		}
	}
}

// TestGoldenChangePrintsEverythingAReviewerNeeds holds the golden text's own format.
func TestGoldenChangePrintsEverythingAReviewerNeeds(t *testing.T) {
	golden(t, "every_member", Change{
		State: Canceled, EndedBy: "x@example.com", Invited: []SigneeKey{keyAnna}, Seen: keyBjorn,
		Reassign:  []Reassignment{{keyAnna, bjorn()}},
		Read:      &Read{keyBjorn, Reading{testNow, 12, "1-3", 1}},
		Sign:      []Signature{{Signee: keyAnna, Via: "sms", SHA256: shownSHA256}},
		Challenge: &Challenge{Token: testToken, Signee: keyAnna, Via: "email", ExpiresAt: testNow},
		Decline:   &Refusal{Signee: keyBjorn, Reason: "no"},
		Edit:      []Signee{{Key: keyAnna, Email: "new@example.com", City: "Akureyri"}},
		Hush:      []Hush{{Signee: keyAnna, Address: "old@example.com"}, {Signee: keyBjorn}},
		Quiet:     []Quiet{{Signee: keyAnna, Off: true}, {Signee: keyBjorn}},
		Reminded:  []SigneeKey{keyBjorn},
		Meta:      map[string]string{"b": "2", "a": "1"},
		Sealed:    &Document{Blob: testBlobName, Size: 9}, Key: HoldDestroyed, Forget: true,
		Log:  []LogEntry{{Kind: LogOtpSent, Signee: keyAnna, Detail: "Sms", Actor: "anna@example.com"}, {Kind: LogExpired}},
		Drop: []JobKind{JobExpire},
		Jobs: []Job{{Kind: JobWebhook, Signee: keyAnna, Address: "a@b.example", Language: LangIs, Ref: "3", Event: EventCanceled, Due: testNow}},
	})
}

// TestChangeTextHidesNoWebhookEvent fails when two changes that differ in the event alone read the same.
func TestChangeTextHidesNoWebhookEvent(t *testing.T) {
	a := Change{Jobs: []Job{{Kind: JobWebhook, Ref: "1", Event: EventCanceled}}}
	b := Change{Jobs: []Job{{Kind: JobWebhook, Ref: "1", Event: EventAllSigned}}}
	if a.String() == b.String() {
		t.Errorf("both read %q", a.String())
	}
}

func TestKeyMovesHaveNames(t *testing.T) {
	seen := map[string]bool{}
	for k := KeyStays; k <= HoldDestroyed; k++ {
		if k.String() == "" || seen[k.String()] {
			t.Errorf("KeyMove %d is called %q", k, k)
		}
		seen[k.String()] = true
	}
}

// keepsSecrets fails when a job row would hold what must not outlive the process (design/decisions.md 2).
func keepsSecrets(t *testing.T, c Change) {
	t.Helper()
	for _, j := range c.Jobs {
		for name, v := range map[string]string{"ref": j.Ref, "lane": j.Lane, "uniq": j.Uniq, "kind": string(j.Kind)} {
			if strings.Contains(v, "@") || strings.Contains(v, "+354") || strings.Contains(v, "Anna") {
				t.Errorf("job %s: %s names a person: %q", j.Kind, name, v)
			}
		}
		if j.Kind == "" {
			t.Errorf("a job without a kind: %+v", j)
		}
	}
}

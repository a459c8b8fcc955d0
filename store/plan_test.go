package store_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/innsiglitest"
	"github.com/innsigli/innsigli/ledger"
)

// scanned finds a table that SQLite reads from one end to the other ("SCAN p", but not "SCAN d USING INDEX job_due").
var scanned = regexp.MustCompile(`SCAN ([a-z]\w*)(?: USING (?:COVERING )?INDEX (\w+))?`)

// mayScan are scans that do not grow with the number of processes: rotation and health look at everything by nature,
// the partial indexes hold only what is unfinished, t and free are the receivers that something waits for, a step of the
// walk over the log is of so many lines at most, of the domains those that asked for something lately, and of the checkpoints the newest alone is read.
var mayScan = regexp.MustCompile(`^(c|x|y|n|webhook_old_key|mail_pace|t|free|step|log_new|log_checkpoint|schema_version|kek|job_\w+|process_sealing|sqlite_\w+)$`)

// once are statements of migrations, which look at everything by nature.
var once = regexp.MustCompile(`^update log_person set company = coalesce`)

// TestNoStatementOfAVerbReadsAWholeTable lets every verb run and asks SQLite how it carried out each statement.
func TestNoStatementOfAVerbReadsAWholeTable(t *testing.T) {
	t.Parallel()
	w := newWorld(t, innsiglitest.SQLite)
	everyVerb(t, w)
	looked, turns := 0, 0
	for _, text := range w.Texts() {
		verb, _, _ := strings.Cut(strings.TrimSpace(text), " ")
		if verb == "pragma" || verb == "create" || verb == "alter" || verb == "begin" || verb == "commit" || verb == "rollback" {
			continue
		}
		if once.MatchString(text) {
			continue
		}
		looked++
		args := make([]any, strings.Count(text, "$")) // more than needed are refused, so as many as there are numbers
		n := 0
		for n < len(args) && strings.Contains(text, fmt.Sprintf("$%d", n+1)) {
			args[n] = ""
			n++
		}
		plan, err := w.Plan(t.Context(), text, args[:n]...)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if asksForTurn(text) {
			turns++
			if found := strings.Join(plan, "\n"); !strings.Contains(found, "job_lane (grp=? AND lane=? AND state=? AND id<?)") || strings.Contains(found, "job_group") {
				t.Errorf("%s\nlooks for whose turn it is in more than the lane:\n%s", text, found)
			}
		}
		for _, line := range plan {
			m := scanned.FindStringSubmatch(line)
			if m == nil {
				continue
			}
			name := m[1]
			if m[2] != "" {
				name = m[2]
			}
			if !mayScan.MatchString(name) {
				t.Errorf("%s\nreads a whole table: %s", text, line)
			}
		}
	}
	if looked < 50 || turns < 2 {
		t.Errorf("looked at %d statements only, %d of them about turns", looked, turns)
	}
}

// asksForTurn finds the statements that compare a job with the others of its lane: claims, and what looks before them.
func asksForTurn(text string) bool { return strings.Contains(text, "k.lane = j.lane") }

func everyVerb(t *testing.T, w *world) {
	t.Helper()
	n := w.process(2)
	n.Idempotency = "x"
	if _, _, err := w.Create(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	p, who := n.Process, n.Process.Signees[0].Key
	token := innsigli.NewToken()
	w.change(t, p.Key, innsigli.Change{State: innsigli.Started, Invited: []innsigli.SigneeKey{who}, Seen: who, Challenge: &innsigli.Challenge{
		Token: token, Signee: who, SentAt: start, ExpiresAt: start.Add(time.Minute),
	}})
	if _, err := w.Facts(t.Context(), innsigli.Target{Token: token}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.CountTry(t.Context(), token, start); err != nil {
		t.Fatal(err)
	}
	file := innsigli.Reference{Key: "at2", Document: innsigli.Document{Blob: "f"}}
	w.change(t, p.Key, innsigli.Change{Attach: []innsigli.Reference{file}})
	w.change(t, p.Key, innsigli.Change{Detach: file.Key, Draw: []innsigli.Drawing{{Signee: who, Document: innsigli.Document{Blob: "w"}}}})
	w.change(t, p.Key, innsigli.Change{
		State: innsigli.Canceled, Sign: []innsigli.Signature{{Signee: who, At: start, Token: token}}, Key: innsigli.KeyHeld,
		Sealed: &innsigli.Document{Blob: "s"}, Evidence: &innsigli.Reference{Key: "at1"}, Log: []innsigli.LogEntry{{Kind: innsigli.LogCanceled, Actor: "a"}},
		Drop: []innsigli.JobKind{innsigli.JobExpire, innsigli.JobMailInvite}, Jobs: []innsigli.Job{{Kind: innsigli.JobPurge}, {Kind: innsigli.JobSeal, Lane: "l"}},
	})
	w.change(t, p.Key, innsigli.Change{
		Sealed: &innsigli.Document{Blob: "r"}, Raises: "s", Hasten: []innsigli.JobKind{innsigli.JobMailCompleted},
	})
	jobs := w.claim(t, "n1", 9)
	for _, j := range jobs {
		if err := w.Renew(t.Context(), j, time.Second); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Wanted(t.Context(), j); err != nil {
			t.Fatal(err)
		}
	}
	w.clock.add(time.Minute)
	w.claim(t, "n1", 9) // recovers
	if err := w.Release(t.Context(), "n1"); err != nil {
		t.Fatal(err)
	}
	w.change(t, p.Key, innsigli.Change{Reminded: []innsigli.SigneeKey{who}, Quiet: []innsigli.Quiet{{Signee: who, Off: true}}, Hush: []innsigli.Hush{{Signee: who}}})
	w.change(t, p.Key, innsigli.Change{Key: innsigli.HoldDestroyed, Forget: true})
	_, _ = w.Key(t.Context(), p.Key)
	_, _ = w.HeldKey(t.Context(), p.Key)
	_, _ = w.Blobs(t.Context(), p.Key)
	_, _ = w.Listed(t.Context(), []string{"b"})
	for _, q := range activityQueries(w, p.Key) {
		if _, err := w.Activity(t.Context(), w.company.Key, q); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.Facts(t.Context(), innsigli.Target{Message: innsigli.NewID()}); innsigli.KindOf(err) != innsigli.NotFound {
		t.Fatal(err)
	}
	w.change(t, p.Key, innsigli.Change{Erase: true, Log: []innsigli.LogEntry{{Kind: innsigli.LogErased}}})
	ledgerAndRetention(t, w, p.Key)
	for _, f := range []innsigli.FlowKey{"", w.flow.Key} {
		if err := w.SetLogo(t.Context(), w.company.Key, f, innsigli.Logo{SHA256: "aa", PNG: []byte("png")}); err != nil {
			t.Fatal(err)
		}
	}
	_, _ = w.Logo(t.Context(), "aa")
	_, _ = w.Brand(t.Context(), w.company.Key, "")
	_, _ = w.Brand(t.Context(), "", w.flow.Key)
	q := w.sequence(2)
	if _, _, err := w.Create(t.Context(), q); err != nil {
		t.Fatal(err)
	}
	signAll(t, w, q)
	if _, err := w.Deliveries(t.Context(), innsigli.DeliveryQuery{Hook: 1, States: []innsigli.JobState{innsigli.JobDead}, Within: innsigli.FlowsOf(w.flow.Key), Take: 9}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.Replay(t.Context(), 1, "00", ""); err != nil {
		t.Fatal(err)
	}
	tm := w.template(t, innsigli.Template{Type: innsigli.TemplateSignup})
	if err := w.ChangeTemplate(t.Context(), w.company.Key, tm); err != nil {
		t.Fatal(err)
	}
	if _, err := w.TemplateFor(t.Context(), innsigli.TemplatePlace{Company: w.company.Key, Type: tm.Type}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Templates(t.Context(), w.company.Key); err != nil {
		t.Fatal(err)
	}
	if err := w.RemoveTemplate(t.Context(), w.company.Key, tm.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Authenticate(t.Context(), w.company.Key, w.keyHash); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// activityQueries are the ways to ask for the log of a company, one for each way in which it is walked over.
func activityQueries(w *world, p innsigli.ProcessKey) []innsigli.ActivityQuery {
	all := []innsigli.ActivityQuery{
		{},
		{Process: p},
		{User: "a"},
		{User: "a", Process: p},
		{User: "a", Query: "b", Flow: w.flow.Key},
	}
	for _, q := range all {
		q.Within = innsigli.FlowsOf(w.flow.Key)
		all = append(all, q)
	}
	for i := range all {
		all[i].From, all[i].To = start, start.Add(time.Hour)
	}
	return all
}

// TestActivityIsFoundByIndexOnPostgres asks PostgreSQL how it would walk over the log if it could: with few rows it would
// rather read a table whole, so that is made expensive first. A column without an index shows none the less.
func TestActivityIsFoundByIndexOnPostgres(t *testing.T) {
	t.Parallel()
	w := newWorld(t, innsiglitest.Postgres)
	for _, q := range activityQueries(w, "sp01") {
		text, plan, err := w.ActivityPlan(t.Context(), w.company.Key, q)
		if err != nil {
			t.Fatal(err)
		}
		if found := strings.Join(plan, "\n"); strings.Contains(found, "Seq Scan") || !strings.Contains(found, "Index") {
			t.Errorf("%s\n%s", text, found)
		}
	}
}

// ledgerAndRetention lets what runs by itself run once.
func ledgerAndRetention(t *testing.T, w *world, p innsigli.ProcessKey) {
	t.Helper()
	if _, err := w.SequenceLog(t.Context(), "n1", time.Minute); err != nil {
		t.Fatal(err)
	}
	if _, err := w.KeepCheckpoint(t.Context(), func(ledger.Checkpoint) (string, error) { return "note", nil }); err != nil {
		t.Fatal(err)
	}
	size, _, err := w.Sequenced(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.ProveLog(t.Context(), p, size, true); err != nil {
		t.Fatal(err)
	}
	if _, err := w.NewestCheckpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := w.PersonalDue(t.Context(), w.company.Key, start, innsigli.Ended{}, 9); err != nil {
		t.Fatal(err)
	}
	if _, err := w.DocumentsDue(t.Context(), w.company.Key, start, innsigli.Ended{}, 9); err != nil {
		t.Fatal(err)
	}
}

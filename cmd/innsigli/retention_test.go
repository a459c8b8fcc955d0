package main

import (
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/innsigli/innsigli/innsiglitest"
)

// planted is a person whom nobody else is: whatever is found of it is that person's.
var planted = map[string]string{
	"name": "Steinvör Brákadóttir", "ssn": "2811892239", "phoneNumber": "+3545550177", "email": "steinvor@planted.example", "address": "Brákarbraut 88",
	"postalCode": "310", "city": "Borgarplanta", "reason": "planted-reason",
}

// TestRetention lets the time of companies pass: what says who the people of ended processes were goes from every row and
// file, documents stay for as long as they are to, the log still verifies, and what runs is left alone.
func TestRetention(t *testing.T) {
	onBoth(t, func(t *testing.T, db string) {
		t.Helper()
		t.Parallel()
		var c clock
		r, s := newLocal(t, db, seams{now: c.now})
		const marker = "Planted-in-the-document-4711"
		person := who{"signatureType": "Simple", "communicationDeliveryType": "Email"}
		secrets := map[string][]byte{"marker": []byte(marker), "owner": []byte("eigandi@planted.example"), "meta": []byte("planted-meta"), "browser": []byte("planted-browser")}
		for k, v := range planted {
			person[k] = v
			if k != "postalCode" {
				secrets[k], secrets[k+" in lower case"] = []byte(v), []byte(strings.ToLower(v))
			}
		}
		made := func(file string) process {
			body := r.bodyOf(innsiglitest.PDF(t, 1, marker), person)
			body["user"], body["pdfFileName"], body["meta"] = "eigandi@planted.example", file, map[string]string{"case": "planted-meta"}
			var p process
			r.ask("POST", "/management/signing", "own", body).json(t, &p)
			return p
		}
		signed, canceled := made("Signed.pdf"), made("Steinvör Brákadóttir.pdf")
		token := r.tokenFor(signed, 0)
		if a := r.otp(token, codeFor(s, token)); a.status != http.StatusOK {
			t.Fatalf("sign: %d %s", a.status, a.body)
		}
		if st := r.cancel(canceled.Key); st != http.StatusNoContent {
			t.Fatalf("cancel: %d", st)
		}
		r.settled()
		retain := func(after time.Duration, want int) {
			t.Helper()
			c.add(after)
			if err := s.keeper.sequence(t.Context()); err != nil {
				t.Fatal(err)
			}
			for { // a line that the loop beside numbers right now is waited for
				waits, err := r.rows("select 'x' from log where seq is null")
				if err != nil {
					t.Fatal(err)
				}
				if len(waits) == 0 {
					break
				}
				time.Sleep(20 * time.Millisecond)
			}
			if n, err := s.svc.Retain(t.Context(), s.db); n != want || err != nil {
				t.Fatalf("after %v: %d processes changed, %v; want %d", after, n, err, want)
			}
		}
		retain(89*24*time.Hour, 0)
		if len(r.found(s, secrets)) < len(planted) {
			t.Fatalf("the planted words are not in the database before: %q", r.found(s, secrets))
		}
		running := r.create(innsiglitest.PDF(t, 1, "running"), byMail("Ann", "ann@running.example"))
		r.settled()
		retain(25*time.Hour, 2)
		retain(0, 0)
		if _, err := s.db.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := s.db.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if left := r.found(s, secrets); len(left) > 0 {
			t.Errorf("left behind: %q", left)
		}
		for _, p := range []process{signed, canceled} {
			if log := r.statuses(p.Key); count(log, "PersonalDataErased") != 1 || count(log, "Created") != 1 {
				t.Errorf("log %q", log)
			}
		}
		if a := r.ask("GET", "/pdf/sp/"+signed.Key+".pdf", "own", nil); a.status != http.StatusOK {
			t.Errorf("a document that is kept for ever: %d", a.status)
		}
		if p := r.ask("GET", "/signing/"+running.Key+"/signee/"+running.Signees[0].Key, "own", nil); !strings.Contains(string(p.body), "ann@running.example") {
			t.Errorf("a running process lost its people: %s", p.body)
		}
		r.documentsGo(t, s, retain, signed)
		rep, err := s.db.VerifyLog(t.Context(), s.keeper.key.Public, nil)
		if err != nil || rep.Fault != nil || rep.Erased == 0 {
			t.Errorf("log after erasures: %+v %v", rep, err)
		}
	})
}

// documentsGo has the company keep completed documents for 100 days.
func (r *rig) documentsGo(t *testing.T, s *server, retain func(time.Duration, int), signed process) {
	t.Helper()
	if out := string(r.cli("company", "set", "--company", string(r.creds.CompanyKey), "--retention-documents", "100")); !strings.Contains(out, "90 days") || !strings.Contains(out, "documents for 100 days") {
		t.Errorf("company set: %s", out)
	}
	retain(5*24*time.Hour, 0)
	retain(6*24*time.Hour, 1)
	s.worker.Kick()
	for end := time.Now().Add(patience); count(r.statuses(signed.Key), "DocumentDeleted") == 0; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("the document is not deleted: %q", r.statuses(signed.Key))
		}
	}
	a := r.ask("GET", "/pdf/sp/"+signed.Key+".pdf", "own", nil)
	if code, _ := a.errorCode(); a.status != http.StatusGone || code != "DocumentDeleted" {
		t.Errorf("a document after its time: %d %s", a.status, a.body)
	}
	retain(0, 0)
	if names, err := r.rows("select file_name from process where key = '" + signed.Key + "'"); err != nil || len(names) != 1 || names[0] != "erased.pdf" {
		t.Errorf("name of the file: %q %v", names, err)
	}
}

// rows runs a query of one text column beside the server.
func (r *rig) rows(query string) ([]string, error) {
	db := r.database()
	defer db.Close() //nolint:errcheck // only read
	rows, err := db.QueryContext(r.tb.Context(), query)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // only read
	var all []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, rows.Err()
}

// found tells which secrets stand in the data folder or, on PostgreSQL, in any row of any table.
func (r *rig) found(s *server, secrets map[string][]byte) []string {
	r.tb.Helper()
	var left []string
	if s.plan.sqlite() {
		// Another process copies: whoever opens and closes a database's file takes away the locks that its own process
		// holds on it (sqlite.org/howtocorrupt.html 2.2), and the server is in this one.
		to := r.tb.TempDir()
		if out, err := exec.CommandContext(r.tb.Context(), "cp", "-r", r.data, to).CombinedOutput(); err != nil {
			r.tb.Fatalf("copy data: %v %s", err, out)
		}
		return inFolder(r.tb, to, secrets)
	}
	tables, err := r.rows("select table_name from information_schema.tables where table_schema = current_schema()")
	if err != nil || len(tables) < 10 {
		r.tb.Fatal(tables, err)
	}
	for _, table := range tables {
		rows, err := r.rows(`select x::text from "` + table + `" x`)
		if err != nil {
			r.tb.Fatal(err)
		}
		for what, secret := range secrets {
			if strings.Contains(strings.Join(rows, "\n"), string(secret)) {
				left = append(left, what+" in "+table)
			}
		}
	}
	return left
}

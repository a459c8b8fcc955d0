package main

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/innsigli/innsigli/innsiglitest"
)

// TestProvableLog lets a document carry its proof, checks it by the command line, and tampers with the database under the
// server.
func TestProvableLog(t *testing.T) {
	onBoth(t, func(t *testing.T, db string) {
		t.Helper()
		t.Parallel()
		r := newRig(t, db)
		p := r.create(innsiglitest.PDF(t, 1, "proof"), byMail("Ann", "ann@proof.example"))
		r.sign(p, 0)
		r.settled()
		e := evidenceIn(t, r.ask("GET", "/pdf/sp/"+p.Key+".pdf", "own", nil).body)
		if e.Log == nil || len(e.Log.Lines) != len(e.Events)-1 { // Completed is written with the seal
			t.Fatalf("the evidence proves %+v of %d events", e.Log, len(e.Events))
		}
		key := strings.TrimSpace(string(r.cli("log", "key")))
		if e.Log.Key != key {
			t.Errorf("the evidence names the key %q, the server %q", e.Log.Key, key)
		}
		text, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		file := func(name string, b []byte) string {
			path := filepath.Join(dir, name)
			writeFile(t, path, b)
			return path
		}
		check := func(name string, b []byte, want string) {
			t.Helper()
			out, err := r.command("log", "check", file(name, b), "--log-key", key).CombinedOutput()
			if (err == nil) != (want != "") || !strings.Contains(string(out), want) {
				t.Errorf("check of %s: %v %s", name, err, out)
			}
		}
		check("evidence.json", text, "of process "+p.Key)
		check("forged.json", bytes.Replace(text, []byte(`\"SigneeAdded\"`), []byte(`\"SigneeSigned\"`), 1), "")
		proof := r.cli("log", "prove", p.Key)
		check("proof.json", proof, `by "`)
		check("other.json", bytes.Replace(proof, []byte("owner@nordurljos.example"), []byte("eve@nordurljos.example"), 1), "")
		kept := file("kept.txt", r.cli("log", "checkpoint"))

		if out := string(r.cli("log", "verify", "--checkpoint", kept, "--log-key", key)); !strings.Contains(out, "as it was written") {
			t.Errorf("verify: %s", out)
		}
		r.stop()
		r.tamper(`update log set kind = 'Viewed' where seq = 1`)
		out, err := r.command(r.base("log", "verify")...).CombinedOutput()
		if err == nil || !strings.Contains(string(out), "at line 1 of the log") {
			t.Errorf("verify after a forgery: %v %s", err, out)
		}
	})
}

// tamper runs a statement as somebody with the database in hand would.
func (r *rig) tamper(statement string) {
	r.tb.Helper()
	db := r.database()
	defer db.Close() //nolint:errcheck // what was done was committed
	if _, err := db.ExecContext(r.tb.Context(), statement); err != nil {
		r.tb.Fatal(err)
	}
}

// database opens the database past the server.
func (r *rig) database() *sql.DB {
	r.tb.Helper()
	driver, name := "sqlite", filepath.Join(r.data, "innsigli.db")
	if r.db != "" {
		driver, name = "pgx", r.db
	} else if _, err := os.Stat(name); err != nil {
		r.tb.Fatal(err)
	}
	db, err := sql.Open(driver, name)
	if err != nil {
		r.tb.Fatal(err)
	}
	return db
}

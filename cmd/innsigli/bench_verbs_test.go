package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/eid"
	"github.com/innsigli/innsigli/innsiglitest"
	"github.com/innsigli/innsigli/render"
)

// beside opens the server's installation from the benchmark's own process, as the commands of the program do.
func (r *rig) beside() *installation {
	r.tb.Helper()
	var p plan
	base{Data: r.data, Database: r.db}.locate(&p)
	p.Data = r.data
	in, err := openInstallation(r.tb.Context(), p, slog.New(slog.DiscardHandler))
	if err != nil {
		r.tb.Fatal(err)
	}
	r.tb.Cleanup(func() { _ = in.close() })
	return in
}

// bare is the database of the server behind a handle of its own, that makes the least durable transactions there are.
type bare struct {
	tb testing.TB
	db *sql.DB
}

// bare opens it with so many connections; SQLite has one writer, so more would only get into each other's way.
func (r *rig) bare(callers int) bare {
	r.tb.Helper()
	driver, name := "pgx", r.db
	if r.db == "" {
		driver, callers = "sqlite", 1
		q := url.Values{"_pragma": {"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)"}}
		name = "file:" + filepath.Join(r.data, "innsigli.db") + "?" + q.Encode()
	}
	db, err := sql.Open(driver, name)
	if err != nil {
		r.tb.Fatal(err)
	}
	r.tb.Cleanup(func() { _ = db.Close() })
	db.SetMaxOpenConns(callers)
	db.SetMaxIdleConns(callers)
	return bare{r.tb, db}
}

// commit updates the row of a process's group and commits: one statement is one transaction on both databases.
func (d bare) commit(p process) {
	if _, err := d.db.ExecContext(d.tb.Context(), `update grp set version = version + 1 where key = $1`, p.Key); err != nil {
		d.tb.Error(err)
	}
}

// keepConnections lets the benchmark's client hold as many connections as there are callers; the default of two would
// measure dialing.
func keepConnections(b *testing.B, callers int) {
	b.Helper()
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = callers
	before := client.Transport
	client.Transport = t
	b.Cleanup(func() { client.Transport = before; t.CloseIdleConnections() })
}

// BenchmarkSeal takes a document of 100 kB from create to completed: upload, ask for a code, answer it, get the sealed
// document with the answer. Floor: what that cannot do without: the document and the sealed one hashed, written and
// synced, an ECDSA signature, and four bare commits (create, code, signature, completion).
func BenchmarkSeal(b *testing.B) {
	for _, people := range []int{1, 8} {
		b.Run(fmt.Sprintf("people=%d", people), func(b *testing.B) { benchSeal(b, people) })
	}
}

func benchSeal(b *testing.B, people int) {
	b.Helper()
	keepConnections(b, people)
	r := newRig(b, "sqlite")
	key, err := r.beside().secret(b.Context(), "otp", random32)
	if err != nil {
		b.Fatal(err)
	}
	otp, bare, dir := eid.OTP{Key: key}, r.bare(people), b.TempDir()
	seal, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	pdf := innsiglitest.BigPDF(b, 100_000)
	body := r.request(pdf)
	floor := func(i int, p process) {
		for _, name := range []string{"in", "out"} {
			sum := sha256.Sum256(pdf)
			keep(b, pdf, filepath.Join(dir, fmt.Sprint(name, i)))
			if name == "out" {
				if _, err := ecdsa.SignASN1(rand.Reader, seal, sum[:]); err != nil {
					b.Error(err)
				}
			}
		}
		for range 4 {
			bare.commit(p)
		}
	}
	const round = 16
	var sum race
	all := make([]process, round)
	for b.Loop() {
		sum.work += many(people, round, func(i int) { all[i] = r.uploadAndSign(body, otp) })
		if b.Failed() {
			b.FailNow()
		}
		b.StopTimer()
		r.settled() // the mails are sent beside it, and must not slow the floor
		sum.floor += many(people, round, func(i int) { floor(i, all[i]) })
		sum.n += round
		b.StartTimer()
	}
	sum.report(b, "seals/s")
}

// uploadAndSign makes a process and signs it as its only signee. The code is computed as the server does, so that the
// way of the mail is not in it.
func (r *rig) uploadAndSign(body []byte, otp eid.OTP) process {
	p := r.upload(body)
	if len(p.Signees) == 0 {
		return p
	}
	a, err := r.try("POST", "/signing/sign/"+p.Key+"/signee/"+p.Signees[0].Key, "", nil)
	if err != nil || a.status != http.StatusOK {
		r.tb.Errorf("ask for a code: %v %d %s", err, a.status, a.body)
		return p
	}
	var got struct{ Token innsigli.Token }
	a.json(r.tb, &got)
	a, err = r.try("GET", "/signing/simple/otp?Token="+string(got.Token)+"&OTP="+otp.Code(got.Token), "", nil)
	if err != nil || a.status != http.StatusOK || !strings.Contains(string(a.body), `"file"`) {
		r.tb.Errorf("sign: %v %d, and no sealed document", err, a.status)
	}
	return p
}

// BenchmarkCancel cancels processes with three signees and a webhook, who are all told while the next cancels come in.
//
// cancels/s are those of the server over HTTP, and x-floor compares them with the floor, which is a bare durable commit
// of one row of the same database. tx/s are the same cancels made by the benchmark's own process without HTTP and
// without anybody working off what they order, and tx-x-floor compares those: aim 2.
func BenchmarkCancel(b *testing.B) {
	for _, db := range []string{"sqlite", "durable postgres"} {
		for _, callers := range []int{1, 16} {
			b.Run(fmt.Sprintf("%s/callers=%d", db, callers), func(b *testing.B) { benchCancel(b, db, callers) })
		}
	}
}

// cancelRound is how many cancels are measured in turn with as many floors: disks change their mood by the second.
const cancelRound = 64

func benchCancel(b *testing.B, db string, callers int) {
	b.Helper()
	keepConnections(b, 16)
	r := newRig(b, db)
	r.hook()
	svc, caller := r.inProcess()
	bare := r.bare(callers)
	pdf := innsiglitest.PDF(b, 1, "to be canceled")
	var sum race
	var tx time.Duration
	for b.Loop() {
		b.StopTimer()
		all := make([]process, 2*cancelRound)
		many(16, len(all), func(i int) {
			all[i] = r.create(pdf, byMail("Ann", "ann@example.com"), byMail("Bo", "bo@example.com"), byMail("Cy", "cy@example.com"))
		})
		if b.Failed() {
			b.FailNow()
		}
		r.settled()
		over, inside := all[:cancelRound], all[cancelRound:]
		b.StartTimer()
		sum.floor += many(callers, cancelRound, func(i int) { bare.commit(over[i]) })
		tx += many(callers, cancelRound, func(i int) {
			if err := svc.Cancel(b.Context(), caller, innsigli.CancelRequest{Process: innsigli.ProcessKey(inside[i].Key), User: "boss@nordurljos.example"}); err != nil {
				b.Error(err)
			}
		})
		b.StopTimer()
		r.settled() // those are told by the server, which finds them by itself
		b.StartTimer()
		sum.work += many(callers, cancelRound, func(i int) {
			a, err := r.try("DELETE", "/management/signing?ProcessKey="+over[i].Key+"&User=boss@nordurljos.example", "own", nil)
			if err != nil || a.status != http.StatusNoContent {
				b.Errorf("cancel: %v %d %s", err, a.status, a.body)
			}
		})
		sum.n += cancelRound
	}
	sum.report(b, "cancels/s")
	b.ReportMetric(float64(sum.n)/tx.Seconds(), "tx/s")
	b.ReportMetric(tx.Seconds()/sum.floor.Seconds(), "tx-x-floor")
}

// inProcess is the trade on the server's installation, with nobody who works off its jobs.
func (r *rig) inProcess() (*innsigli.Service, innsigli.Caller) {
	r.tb.Helper()
	drawer, err := render.New(render.Config{Command: []string{r.exe, "render-child"}, CacheDir: filepath.Join(r.data, "cache", "pdfium")})
	if err != nil {
		r.tb.Fatal(err)
	}
	r.tb.Cleanup(drawer.Close)
	svc := r.beside().service()
	svc.Pages = pages{drawer} // never started: a cancel only drops what it has drawn
	caller, err := svc.Store.Authenticate(r.tb.Context(), r.creds.CompanyKey, innsigli.HashAPIKey(r.creds.APIKey))
	if err != nil {
		r.tb.Fatal(err)
	}
	return svc, caller
}

package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/innsiglitest"
)

// Repeated and broken off creates: one process for one key, and no bytes without a process.

func TestIdempotency(t *testing.T) {
	onBoth(t, func(t *testing.T, db string) {
		t.Helper()
		t.Parallel()
		var c clock
		r, s := newLocal(t, db, seams{now: c.now})
		t.Run("the same body and another", func(t *testing.T) { idempotencySame(t, r.with(t), s) })
		t.Run("twenty at once make one", func(t *testing.T) { idempotencyAtOnce(t, r.with(t)) })
		t.Run("a client that leaves in the middle", func(t *testing.T) { leavesInTheMiddle(t, r.with(t), s, &c) })
		t.Run("forgotten after a day", func(t *testing.T) { idempotencyForgotten(t, r.with(t), &c) })
	})
}

func idempotencySame(t *testing.T, r *rig, s *server) {
	t.Helper()
	pdf := innsiglitest.PDF(t, 1, "idempotency")
	key := http.Header{"Idempotency-Key": {"order 17"}}
	body := r.bodyOf(pdf, byMail("Ann", "ann@same.example"))
	body["meta"] = map[string]string{"a": "1", "b": "2"}
	send := func(body any) answer { return r.createWith(body, key.Clone()) }
	first := send(body)
	var p process
	if first.json(t, &p); first.status != http.StatusOK {
		t.Fatalf("create: %d %s", first.status, first.body)
	}
	r.settled()
	blobs := r.blobCount()
	token := r.tokenFor(p, 0)
	if a := r.otp(token, codeFor(s, token)); a.status != http.StatusOK {
		t.Fatalf("sign: %d %s", a.status, a.body)
	}
	r.settled()
	m := r.moment()
	// Even after it was signed the same request gives the same answer, byte by byte.
	if again := send(body); again.status != http.StatusOK || !bytes.Equal(again.body, first.body) {
		t.Errorf("again: %d %s, first: %s", again.status, again.body, first.body)
	}
	for name, change := range map[string]func(map[string]any){
		"another name": func(b map[string]any) { b["pdfFileName"] = "other.pdf" },
		"another document": func(b map[string]any) {
			b["pdfDocument"] = base64.StdEncoding.EncodeToString(innsiglitest.PDF(t, 2, "other"))
		},
		"another person": func(b map[string]any) { b["createSignees"] = []who{byMail("Ann", "other@same.example")} },
		"another meta":   func(b map[string]any) { b["meta"] = map[string]string{"a": "1", "b": "3"} },
	} {
		other := r.bodyOf(pdf, byMail("Ann", "ann@same.example"))
		other["meta"] = body["meta"]
		change(other)
		refusal(t, name, send(other), 400, "IdempotencyKeyReused", "Idempotency-Key")
	}
	r.went(m)
	if got := r.blobCount(); got != blobs+1 { // the sealed one
		t.Errorf("repeated requests left %d files", got-blobs-1)
	}
	other, err := s.svc.CreateCompany(t.Context(), "Other hf.", "office@other.example")
	if err != nil {
		t.Fatal(err)
	}
	mine := r.creds
	r.creds = other
	body["flowKey"] = other.FlowKey
	if a := send(body); a.status != http.StatusOK || bytes.Contains(a.body, []byte(p.Key)) {
		t.Errorf("another company's request with the same key: %d %s", a.status, a.body)
	}
	r.creds = mine
	body["flowKey"] = mine.FlowKey
	for name, key := range map[string]string{"too long": strings.Repeat("x", 256), "no UTF-8": "\xff"} {
		a := r.createWith(body, http.Header{"Idempotency-Key": {key}})
		refusal(t, name, a, 400, "Length", "Idempotency-Key")
	}
}

func idempotencyAtOnce(t *testing.T, r *rig) {
	t.Helper()
	r.settled()
	m, blobs := r.moment(), r.blobCount()
	one := r.bodyOf(innsiglitest.PDF(t, 1, "at once"), byMail("Ann", "ann@once.example"))
	two := r.bodyOf(innsiglitest.PDF(t, 1, "at once"), byMail("Bo", "bo@once.example"))
	answers := make([]answer, 40)
	var calls []func()
	for i := range answers {
		body := one
		if i >= 20 {
			body = two
		}
		calls = append(calls, func() {
			answers[i] = r.createWith(body, http.Header{"Idempotency-Key": {"at once"}})
		})
	}
	atOnce(calls[:20]...)
	for i, a := range answers[:20] {
		if a.status != http.StatusOK || !bytes.Equal(a.body, answers[0].body) {
			t.Fatalf("answer %d: %d %s", i, a.status, a.body)
		}
	}
	atOnce(calls[20:]...)
	for _, a := range answers[20:] {
		refusal(t, "other body", a, 400, "IdempotencyKeyReused", "Idempotency-Key")
	}
	r.went(m, "mail ann@once.example: invitation")
	if got := r.blobCount() - blobs; got != 1 {
		t.Errorf("%d documents were kept, want 1", got)
	}
}

func idempotencyForgotten(t *testing.T, r *rig, c *clock) {
	t.Helper()
	body := r.bodyOf(innsiglitest.PDF(t, 1, "forgotten"), who{"email": "ann@forgotten.example"})
	send := func() (p process) {
		r.createWith(body, http.Header{"Idempotency-Key": {"forgotten"}}).json(t, &p)
		return p
	}
	first := send()
	r.settled()
	c.add(24*time.Hour - time.Minute)
	if p := send(); p.Key != first.Key {
		t.Errorf("a minute before the end of the day it made another process")
	}
	c.add(2 * time.Minute)
	if p := send(); p.Key == first.Key || p.Key == "" {
		t.Errorf("after a day: %q, first %q", p.Key, first.Key)
	}
}

func leavesInTheMiddle(t *testing.T, r *rig, s *server, c *clock) {
	t.Helper()
	kept := r.create(innsiglitest.PDF(t, 1, "kept"), who{"email": "ann@leaves.example"})
	r.settled()
	before := r.blobCount()
	body, err := json.Marshal(r.bodyOf(innsiglitest.BigPDF(t, 4<<20), who{"email": "ann@leaves.example"}))
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		conn := r.begin(len(body), string(body[:3<<20]))
		if err := conn.Close(); err != nil {
			t.Fatal(err)
		}
	}
	// An upload that was aborted leaves nothing at all, without any sweep.
	r.until("aborted uploads stay", func() bool { return r.blobCount() == before })
	// One that was kept just before a power cut stays an hour, since it may belong to a create under way.
	w, err := (blobs{s.docs}).Create(t.Context(), innsigli.DataKey{1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte("orphan")); err != nil {
		t.Fatal(err)
	}
	if err := w.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.sweep(t.Context())
	if got := r.blobCount(); got != before+1 {
		t.Errorf("before its hour: %d files, want %d", got, before+1)
	}
	c.add(orphanAfter + time.Minute)
	s.sweep(t.Context())
	if got := r.blobCount(); got != before {
		t.Errorf("after its hour: %d files, want %d", got, before)
	}
	if a := r.ask("GET", "/pdf/sp/"+kept.Key+".pdf", "own", nil); a.status != http.StatusOK {
		t.Errorf("the sweep took a document that is listed: %d %s", a.status, a.body)
	}
}

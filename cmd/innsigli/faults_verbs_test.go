package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/innsiglitest"
)

// faultyVerb is one verb with everything that it needs, and the story that is to be told in the end.
type faultyVerb struct {
	// call may come again, as from a client who got no answer; once it was answered, a single one may not.
	call   func() answer
	single bool
	keys   func() []string // of the processes
	lines  map[string]int  // how often a status stands in the log of each
	mails  map[string]int  // how many different messages of a kind went to an address, as "ann@x.example: invitation"
}

// faultyVerbs prepare a verb for somebody whose address nobody else has.
var faultyVerbs = []struct {
	name  string
	begin func(r *rig, s *server, at string) faultyVerb
}{
	{"create a sequence", createDespite},
	{"sign all", signDespite},
	{"cancel a sequence", cancelDespite},
	{"update a signee", updateDespite},
	{"add a signee", addDespite},
	{"remove a signee", removeDespite},
	{"decline", declineDespite},
	{"enter", enterDespite},
}

// faultsOf fails each call of a verb and of what follows from it: the answer is right or 500, the next one is right, and
// the story is the same as without.
func faultsOf(t *testing.T, r *rig, s *server, f *innsiglitest.Faults, after bool, begin func(*rig, *server, string) faultyVerb) {
	t.Helper()
	for n, step := callsOf(r, after); ; n += step {
		if n > enough {
			t.Fatal("it never passes")
		}
		blobs := r.blobCount()
		v := begin(r, s, fmt.Sprintf("%d%v@%s", n, after, strings.ToLower(t.Name()[strings.LastIndex(t.Name(), "/")+1:])+".example"))
		r.settled()
		f.Arm(n, after)
		a := v.call()
		r.settled()
		hit := f.Hit()
		f.Arm(0, false)
		if hit == "" {
			return
		}
		if a.status >= 300 && a.status != http.StatusInternalServerError {
			t.Fatalf("%s: got %d %s", hit, a.status, a.body)
		}
		if a.status == http.StatusInternalServerError || !v.single {
			if a = v.call(); a.status >= 300 {
				t.Fatalf("%s: the second try got %d %s", hit, a.status, a.body)
			}
			r.settled()
		}
		r.tells(t, s, hit, v, blobs)
	}
}

// tells demands the story of a verb; blobs is how many files there were before.
func (r *rig) tells(t *testing.T, s *server, hit string, v faultyVerb, blobs int) {
	t.Helper()
	for _, key := range v.keys() {
		log := r.statuses(key)
		for status, n := range v.lines {
			if count(log, status) != n {
				t.Errorf("%s: %s is not %d times in the log: %q", hit, status, n, log)
			}
		}
		listed, err := s.db.Blobs(t.Context(), innsigli.ProcessKey(key))
		if err != nil {
			t.Fatal(err)
		}
		blobs += len(listed)
	}
	for mail, n := range v.mails {
		to, kind, _ := strings.Cut(mail, ": ")
		if ids := r.messageIDs(to, func(subject string) bool { return mailKind(subject) == kind }); len(ids) != n {
			t.Errorf("%s: %d of %s, want %d%s", hit, len(ids), mail, n, r.mails())
		}
	}
	if got := r.blobCount(); got != blobs && hit != "Blobs.Delete" {
		t.Errorf("%s: %d files, listed are %d", hit, got, blobs)
	}
	if t.Failed() {
		t.FailNow()
	}
}

func only(p process) func() []string { return func() []string { return []string{p.Key} } }

func keysOf(q *sequence) []string {
	var all []string
	for _, p := range q.SigningProcesses {
		all = append(all, p.Key)
	}
	return all
}

// two are the documents of a sequence that Ann signs both of, and Bo one.
func two(at string) []part {
	ann := byMail("Ann", "ann"+at)
	return []part{{"lease", []who{ann, byMail("Bo", "bo"+at)}}, {"annex", []who{ann}}}
}

func createDespite(r *rig, _ *server, at string) faultyVerb {
	body := r.sequenceOf(two(at)...)
	q := new(sequence) // of the answer
	return faultyVerb{
		call: func() answer {
			a := r.postWith("/management/signing/sequential", body, http.Header{"Idempotency-Key": {at}})
			if a.status == http.StatusOK {
				a.json(r.tb, q)
			}
			return a
		},
		keys:  func() []string { return keysOf(q) },
		lines: map[string]int{"Created": 1, "Started": 1},
		mails: map[string]int{"ann" + at + ": invitation": 1, "bo" + at + ": invitation": 1},
	}
}

func signDespite(r *rig, s *server, at string) faultyVerb {
	q := r.createSequence(map[string]any{"user": "owner" + at}, part{"lease", []who{byMail("Ann", "ann"+at)}}, part{"annex", []who{byMail("Ann", "ann"+at)}})
	var got struct{ Token string }
	r.askCodeForAll(q, q.person(0)).json(r.tb, &got)
	return faultyVerb{
		call: func() answer {
			return r.ask("GET", "/signing/simple/otp/bulk?Token="+got.Token+"&OTP="+codeFor(s, got.Token), "", nil)
		},
		keys:  func() []string { return keysOf(&q) },
		lines: map[string]int{"SigneeSigned": 1, "Completed": 1},
		mails: map[string]int{"ann" + at + ": completed": 1, "owner" + at + ": completed": 1},
	}
}

func cancelDespite(r *rig, s *server, at string) faultyVerb {
	q := r.createSequence(map[string]any{"user": "owner" + at}, two(at)...)
	var got struct{ Token string }
	r.askCodeForAll(q, q.person(0)).json(r.tb, &got)
	if a := r.ask("GET", "/signing/simple/otp/bulk?Token="+got.Token+"&OTP="+codeFor(s, got.Token), "", nil); a.status != http.StatusOK {
		r.tb.Fatalf("sign: %d %s", a.status, a.body)
	}
	return faultyVerb{
		call: func() answer {
			return r.ask("DELETE", "/management/signing/sequential?SequenceKey="+q.Key+"&User=owner"+at, "own", nil)
		},
		keys:  func() []string { return keysOf(&q) },
		lines: map[string]int{"Canceled": 1, "OwnerCopySent": 1, "DocumentDeleted": 1},
		mails: map[string]int{"ann" + at + ": canceled": 1, "bo" + at + ": canceled": 1, "owner" + at + ": owner's copy": 2},
	}
}

func (r *rig) pair(at string) process {
	r.tb.Helper()
	return r.create(innsiglitest.PDF(r.tb, 1, "fault"), byMail("Ann", "ann"+at), byMail("Bo", "bo"+at))
}

func updateDespite(r *rig, _ *server, at string) faultyVerb {
	p := r.pair(at)
	return faultyVerb{
		call: func() answer {
			return r.ask("PUT", signeePath(p, 1), "own", map[string]any{"email": "new" + at})
		},
		keys:  only(p),
		lines: map[string]int{"SigneeUpdated": 1, "SignupSent": 3},
		mails: map[string]int{"bo" + at + ": invitation": 1, "new" + at + ": invitation": 1},
	}
}

func addDespite(r *rig, _ *server, at string) faultyVerb {
	p := r.pair(at)
	return faultyVerb{
		call: func() answer {
			return r.postWith("/management/signing/"+p.Key+"/signee", byMail("Cy", "cy"+at), http.Header{"Idempotency-Key": {at}})
		},
		keys:  only(p),
		lines: map[string]int{"SigneeAdded": 3, "SignupSent": 3},
		mails: map[string]int{"cy" + at + ": invitation": 1},
	}
}

func removeDespite(r *rig, _ *server, at string) faultyVerb {
	p := r.pair(at)
	return faultyVerb{
		call:  func() answer { return r.removeSignee(p, 1) },
		keys:  only(p),
		lines: map[string]int{"SigneeRemoved": 1},
		mails: map[string]int{"bo" + at + ": removed": 1},
	}
}

func declineDespite(r *rig, _ *server, at string) faultyVerb {
	body := r.bodyOf(innsiglitest.PDF(r.tb, 1, "fault"), byMail("Ann", "ann"+at), byMail("Bo", "bo"+at))
	body["user"] = "owner" + at
	var p process
	r.ask("POST", "/management/signing", "own", body).json(r.tb, &p)
	return faultyVerb{
		call:  func() answer { return r.decline(p, 0, "no") },
		keys:  only(p),
		lines: map[string]int{"Declined": 1, "DocumentDeleted": 1},
		mails: map[string]int{"owner" + at + ": declined": 1, "bo" + at + ": canceled": 1, "ann" + at + ": canceled": 0},
	}
}

func enterDespite(r *rig, s *server, at string) faultyVerb {
	body := r.bodyOf(innsiglitest.PDF(r.tb, 1, "fault"), byMail("Ann", "ann"+at))
	body["requiresAuth"] = true
	var p process
	r.ask("POST", "/management/signing", "own", body).json(r.tb, &p)
	token := r.ask("POST", "/signing/"+p.Key, "", map[string]string{"email": "ann" + at}).header.Get("X-Challenge-Token")
	return faultyVerb{
		call: func() answer {
			a := r.ask("POST", "/signing/"+p.Key, "", map[string]string{"token": token, "otp": codeFor(s, token)})
			if a.status == http.StatusOK && a.header.Get("X-Access-Token") == "" {
				r.tb.Error("entered without an access token")
			}
			return a
		},
		single: true,
		keys:   only(p),
		lines:  map[string]int{"Authenticated": 1},
		mails:  map[string]int{"ann" + at + ": code to read": 1},
	}
}

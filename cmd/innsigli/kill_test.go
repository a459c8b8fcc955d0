package main

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/innsigli/innsigli/innsiglitest"
)

// TestKill kills the server with signal 9 at ten points around the commit of a cancel and its mails, and starts it again:
// every 204 stays canceled, no mail is lost, no document can be read.
func TestKill(t *testing.T) {
	onBoth(t, func(t *testing.T, db string) {
		t.Helper()
		t.Parallel()
		r := newRig(t, db)
		r.hook()
		for i, ms := range []int{0, 1, 2, 4, 8, 15, 30, 60, 150, 400} {
			killAfter(t, r, i, time.Duration(ms)*time.Millisecond)
		}
	})
}

func killAfter(t *testing.T, r *rig, i int, wait time.Duration) {
	t.Helper()
	ann, bo := fmt.Sprintf("ann%d@example.com", i), fmt.Sprintf("bo%d@example.com", i)
	p := r.create(innsiglitest.PDF(t, 1, "kill"), byMail("Ann", ann), byMail("Bo", bo))
	if a := r.sign(p, 1); a.status != http.StatusOK {
		t.Fatalf("sign: %d %s", a.status, a.body)
	}
	r.settled()
	var wg sync.WaitGroup
	var first answer
	wg.Go(func() { first, _ = r.try("DELETE", "/management/signing?ProcessKey="+p.Key, "own", nil) })
	time.Sleep(wait)
	r.kill()
	wg.Wait()
	r.start()
	st := r.shown(p)
	if first.status == http.StatusNoContent && st != "Canceled" {
		t.Fatalf("kill after %v: 204 was answered and now it is %s", wait, st)
	}
	if st == "Canceled" {
		if a := r.ask("GET", "/pdf/sp/"+p.Key+".pdf", "own", nil); a.status != http.StatusGone {
			t.Fatalf("kill after %v: canceled, and the document answers %d", wait, a.status)
		}
	}
	if again := r.cancel(p.Key); again != http.StatusNoContent {
		t.Fatalf("kill after %v: the second call got %d", wait, again)
	}
	r.settledCopy(p.Key)
	r.settled()
	log := r.statuses(p.Key)
	if count(log, "Canceled") != 1 || count(log, "OwnerCopySent") != 1 {
		t.Fatalf("kill after %v: log %q", wait, log)
	}
	for _, who := range []string{ann, bo} {
		if ids := r.messageIDs(who, isCancelSubject); len(ids) != 1 {
			t.Fatalf("kill after %v: %s got %d different cancellations", wait, who, len(ids))
		}
	}
	t.Logf("kill after %v: the first call got %d, then it was %s", wait, first.status, st)
}

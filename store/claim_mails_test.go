package store_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/store"
)

// mailsTo orders n mails to people of a domain.
func (w *world) mailsTo(p innsigli.ProcessKey, domain string, n int) {
	w.t.Helper()
	var jobs []innsigli.Job
	for i := range n {
		jobs = append(jobs, innsigli.Job{Kind: innsigli.JobMailInvite, Address: fmt.Sprintf("p%d@%s", i, domain)})
	}
	w.order(w.t, p, jobs...)
}

// targets counts claimed jobs by their targets.
func targets(jobs []innsigli.Job) string {
	n := map[string]int{}
	for _, j := range jobs {
		n[j.Target]++
	}
	var all []string
	for t, n := range n {
		all = append(all, fmt.Sprint(t, ":", n))
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

// expect compares what a claim gives by domain, and settles it when there is an outcome.
func (w *world) expect(node, want string, o ...innsigli.Outcome) {
	w.t.Helper()
	jobs := w.claim(w.t, node, 128)
	if got := targets(jobs); got != want {
		w.t.Errorf("claimed %q, want %q", got, want)
	}
	for _, j := range jobs {
		for _, o := range o {
			if o.State == innsigli.JobReady {
				o.Retry = w.clock.now()
			}
			w.settle(w.t, j, o)
		}
	}
}

var slow = innsigli.Outcome{State: innsigli.JobReady, Slow: true}

func TestADomainGetsOnlySoManyMailsAtOnceFromAllNodes(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		p := w.create(w.t, 1)
		for range 9 { // together more than a claim looks at, and as many of one process as there are in a large one
			w.mailsTo(w.create(w.t, 1).Key, "Slow.example", 50)
		}
		w.clock.add(time.Second)
		w.mailsTo(p.Key, "b.example", 3)
		w.mailsTo(p.Key, "a.example", 1)
		w.order(w.t, p.Key, innsigli.Job{Kind: innsigli.JobSmsInvite, Address: "+3545550000"})
		w.expect("n1", ":1 a.example:1 b.example:1 slow.example:6")
		w.expect("n2", "b.example:1")
		w.expect("n2", "b.example:1")
		w.expect("n1", "")
		w.expect("n2", "")
		w.clock.add(time.Minute) // the leases end: a node has died, and this claim finds what it had
		w.expect("n3", "slow.example:6", done)
		w.expect("n3", ":1 a.example:1 b.example:1 slow.example:6", done)
	})
}

func TestADomainThatWantsLessIsLeftAloneAndThenTried(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		p := w.create(w.t, 1)
		w.mailsTo(p.Key, "slow.example", 20)
		w.mailsTo(p.Key, "other.example", 4)
		w.expect("n1", "other.example:4 slow.example:6", slow)
		w.expect("n1", "")
		// All that was on its way counts once; then it rests twice as long each time.
		for _, rest := range []int{1, 2, 4, 8, 15, 15} {
			w.clock.add(time.Duration(rest)*time.Minute - time.Second)
			w.expect("n2", "")
			w.clock.add(time.Second)
			w.expect("n2", "other.example:1 slow.example:1", slow)
		}
		w.clock.add(15 * time.Minute)
		jobs := w.claim(w.t, "n1", 128)
		if got := targets(jobs); got != "other.example:1 slow.example:1" {
			w.t.Fatal(got)
		}
		for _, j := range jobs {
			if j.Target == "slow.example" {
				w.settle(w.t, j, done)
			} else {
				w.settle(w.t, j, innsigli.Outcome{State: innsigli.JobReady, Retry: w.clock.now(), Why: "421"}) // says nothing of the pace
			}
		}
		w.expect("n1", "other.example:1 slow.example:6")
	})
}

func TestMailsAMinute(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		p := w.create(w.t, 1)
		w.mailsTo(p.Key, "a.example", 20)
		w.expect("n1", "a.example:2", done)
		w.expect("n2", "", done)
		w.clock.add(time.Second)
		w.expect("n2", "a.example:1", done)
		w.expect("n1", "", done)
		w.clock.add(time.Hour)
		w.expect("n1", "a.example:2", done)
		w.expect("n1", "", done)
	}, func(o *store.Options) { o.Mails = store.MailPace{AtOnce: 2, AMinute: 60} })
}

// A code that ends in ten minutes stands behind nobody.
func TestCodesPassWhatWaits(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		p := w.create(t, 1)
		w.mailsTo(p.Key, "slow.example", 30)
		w.expect("n1", "slow.example:6", slow)
		w.order(t, p.Key, innsigli.Job{Kind: innsigli.JobMailCode, Address: "p@slow.example"}, innsigli.Job{Kind: innsigli.JobSmsCode})
		if got := kindsOf(w.claim(t, "n1", 128)); len(got) != 2 {
			t.Errorf("claimed %v", got)
		}
	})
}

package store_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/innsiglitest"
	"github.com/innsigli/innsigli/ledger"
)

// written is a log of three processes whose lines are interleaved: 24 lines, checkpoints at 10 and 24.
type written struct {
	*world
	key       ledger.Key
	processes []innsigli.ProcessKey
	kept      []string // checkpoints that somebody kept elsewhere
}

func write(t *testing.T, w *world) *written {
	t.Helper()
	key, err := ledger.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	l := &written{world: w, key: key}
	for range 3 {
		l.processes = append(l.processes, w.create(t, 1).Key) // one line each
	}
	l.grow(t, 7)
	l.checkpoint(t)
	l.grow(t, 14)
	l.checkpoint(t)
	return l
}

func (l *written) grow(t *testing.T, lines int) {
	t.Helper()
	for i := range lines {
		l.clock.add(time.Second)
		l.change(t, l.processes[i%len(l.processes)], innsigli.Change{Log: []innsigli.LogEntry{{
			Kind: innsigli.LogViewed, Signee: "si0123456789abcdef", Detail: "Email", Actor: "ann@example.com", Client: innsigli.Client{Address: "192.0.2.1", Agent: "browser"},
		}}})
	}
}

// sequence numbers everything that waits.
func (l *written) sequence(t *testing.T) {
	t.Helper()
	for {
		n, err := l.SequenceLog(t.Context(), "n1", time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			return
		}
	}
}

func (l *written) checkpoint(t *testing.T) {
	t.Helper()
	l.sequence(t)
	if _, err := l.KeepCheckpoint(t.Context(), l.key.Sign); err != nil {
		t.Fatal(err)
	}
	note, err := l.NewestCheckpoint(t.Context())
	if err != nil || note == "" {
		t.Fatal(note, err)
	}
	l.kept = append(l.kept, note)
}

func (l *written) exec(t *testing.T, statements ...string) {
	t.Helper()
	for _, s := range statements {
		if err := l.Exec(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// erase erases what is personal in the log of a process, as the retention does.
func (l *written) erase(t *testing.T, p innsigli.ProcessKey) {
	t.Helper()
	l.change(t, p, innsigli.Change{Log: []innsigli.LogEntry{{Kind: innsigli.LogErased}}})
	l.sequence(t)
	l.exec(t, `delete from log_person where log in (select id from log where process = '`+string(p)+`')`)
}

func TestUntouchedLogVerifies(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		l := write(t, w)
		want := l.verified(t, 24, 2)
		if want.Waiting != 0 {
			t.Errorf("%d lines wait", want.Waiting)
		}
		l.clock.add(-48 * time.Hour) // a clock that goes back harms nothing: the order is that of the places
		l.grow(t, 3)
		l.checkpoint(t)
		l.verified(t, 27, 3)
		l.erase(t, l.processes[1])
		if r := l.verified(t, 28, 3); r.Erased != 9 {
			t.Errorf("%d lines erased, want 9", r.Erased)
		}
		l.grow(t, 600) // more than a batch, of which the last lines have no place yet
		if n, err := l.SequenceLog(t.Context(), "n1", time.Minute); n != 100 || err != nil {
			t.Fatal(n, err)
		}
		if r := l.verified(t, 128, 3); r.Waiting != 500 {
			t.Errorf("%d lines wait, want 500", r.Waiting)
		}
		l.checkpoint(t)
		l.verified(t, 628, 4)
	})
}

func (l *written) verified(t *testing.T, lines int64, checkpoints int) (r struct {
	Waiting, Erased int64
},
) {
	t.Helper()
	got, err := l.VerifyLog(t.Context(), l.key.Public, l.kept)
	if err != nil || got.Fault != nil || got.Lines != lines || got.Checkpoints != checkpoints {
		t.Fatalf("verified %+v %v, want %d lines and %d checkpoints", got, err, lines, checkpoints)
	}
	r.Waiting, r.Erased = got.Waiting, got.Erased
	return r
}

// forgeries are what somebody with the database in hand might do, each with the first line at which it has to show.
var forgeries = []struct {
	name string
	seq  int64
	do   []string
}{
	{"id", 12, []string{`update log_person set log = 9999 where log = (select id from log where seq = 12)`, `update log set id = 9999 where seq = 12`}},
	{"at", 12, []string{`update log set at = at + 1 where seq = 12`}},
	{"company", 12, []string{`update log set company = 'x' where seq = 12`}},
	{"process", 12, []string{`update log set process = 'spff' where seq = 12`}},
	{"flow", 12, []string{`update log set flow = 'x' where seq = 12`}},
	{"signee", 12, []string{`update log set signee = 'si1123456789abcdef' where seq = 12`}},
	{"kind", 12, []string{`update log set kind = 'SigneeSigned' where seq = 12`}},
	{"detail", 12, []string{`update log set detail = 'Sms' where seq = 12`}},
	{"seq", 12, []string{`update log set seq = 99 where seq = 12`}},
	{"seq taken away", 23, []string{`update log set seq = null, process_seq = null where seq = 23`}},
	{"process_seq", 12, []string{`update log set process_seq = 99 where seq = 12`}},
	{"commitment", 12, []string{`update log set commitment = leaf where seq = 12`}},
	{"leaf", 12, []string{`update log set leaf = commitment where seq = 12`}},
	{"actor", 12, []string{`update log_person set actor = 'eve@example.com' where log = (select id from log where seq = 12)`}},
	{"address", 12, []string{`update log_person set address = '192.0.2.2' where log = (select id from log where seq = 12)`}},
	{"agent", 12, []string{`update log_person set agent = 'x' where log = (select id from log where seq = 12)`}},
	{"mail", 12, []string{`update log_person set mail = 'x' where log = (select id from log where seq = 12)`}},
	{"salt", 12, []string{`update log_person set salt = (select leaf from log where seq = 12) where log = (select id from log where seq = 12)`}},
	{"company of the person", 12, []string{`update log_person set company = 'x' where log = (select id from log where seq = 12)`}},
	{"whose personal part it is", 12, []string{`update log_person set log = 9999 where log = (select id from log where seq = 12)`}},
	{"personal part taken away", 12, []string{`delete from log_person where log = (select id from log where seq = 12)`}},
	{"personal part added", 24, []string{`insert into log_person (log, company, actor, address, agent, mail) values (9999, 'x', 'a', '', '', '')`}},
	{"first line taken away", 0, []string{`delete from log_person where log = (select id from log where seq = 0)`, `delete from log where seq = 0`}},
	{"a line in the middle taken away", 12, []string{`delete from log_person where log = (select id from log where seq = 12)`, `delete from log where seq = 12`}},
	{"newest line taken away", 23, []string{`delete from log_person where log = (select id from log where seq = 23)`, `delete from log where seq = 23`}},
	{"lines swapped", 12, []string{`update log set seq = -1 where seq = 12`, `update log set seq = 12 where seq = 13`, `update log set seq = 13 where seq = -1`}},
	{"a line put in behind the end", 24, []string{`insert into log (at, company, process, flow, signee, kind, detail, seq, process_seq) values (1, 'x', 'spff', '', '', 'Created', '', 24, 1)`}},
	{"a line put in front", 24, []string{`insert into log (at, company, process, flow, signee, kind, detail, seq, process_seq) values (1, 'x', 'spff', '', '', 'Created', '', -1, 1)`}},
	{"node of the tree", 3, []string{`update log_hash set hash = (select leaf from log where seq = 5) where id = (select min(id) from log_hash where id > 3)`}},
	{"node taken away", 1, []string{`delete from log_hash where id = (select min(id) from log_hash)`}},
	{"number of a node", 1, []string{`update log_hash set id = 9999 where id = (select min(id) from log_hash)`}},
	{"node put in", 24, []string{`insert into log_hash (id, hash) values (9999, (select leaf from log where seq = 5))`}},
	{"text of a checkpoint", 9, []string{`update log_checkpoint set note = replace(note, '10', '11') where size = 10`}},
	{"place of a checkpoint", 10, []string{`update log_checkpoint set size = 11 where size = 10`}},
	{"a checkpoint in the place of another", 9, []string{`update log_checkpoint set note = (select note from log_checkpoint where size = 24) where size = 10`}},
	{"size of the log", 23, []string{`update log_head set size = 23`}},
	{"size of the log, larger", 24, []string{`update log_head set size = 25`}},
	{"end cut off", 20, []string{
		`delete from log_person where log in (select id from log where seq >= 20)`, `delete from log where seq >= 20`,
		`delete from log_hash where id >= 38`, `update log_head set size = 20`,
	}},
}

func TestForgeriesAreFound(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		for i, f := range forgeries {
			if w.Dialect() == "postgres" && i%4 != 0 {
				continue // a database each: the judgement is the same code, so a sample of the statements has to do
			}
			t.Run(f.name, func(t *testing.T) {
				open := innsiglitest.SQLite
				if w.Dialect() == "postgres" {
					open = innsiglitest.Postgres
				}
				l := write(t, newWorld(t, open))
				l.exec(t, f.do...)
				r, err := l.VerifyLog(t.Context(), l.key.Public, nil)
				if err != nil || r.Fault == nil || r.Fault.Seq != f.seq {
					t.Errorf("found %v %v, want a fault at line %d", r.Fault, err, f.seq)
				}
			})
		}
	})
}

// TestLogWrittenAnewIsFoundByWhatWasKept has somebody with database and key cut off the log and sign what is left, and
// an operator put back an old backup: the log by itself is whole, and only a checkpoint kept elsewhere tells.
func TestLogWrittenAnewIsFoundByWhatWasKept(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		l := write(t, w)
		l.exec(t, `delete from log_checkpoint where size > 20`,
			`delete from log_person where log in (select id from log where seq >= 20)`, `delete from log where seq >= 20`,
			fmt.Sprintf(`delete from log_hash where id >= %d`, 38), `update log_head set size = 20`)
		if _, err := l.KeepCheckpoint(t.Context(), l.key.Sign); err != nil {
			t.Fatal(err)
		}
		if r, err := l.VerifyLog(t.Context(), l.key.Public, nil); err != nil || r.Fault != nil {
			t.Fatalf("a whole log of 20 lines: %v %v", r.Fault, err)
		}
		r, err := l.VerifyLog(t.Context(), l.key.Public, l.kept)
		if err != nil || r.Fault == nil || r.Fault.Seq != 20 {
			t.Errorf("cut off and signed anew: %v %v", r.Fault, err)
		}
		l.grow(t, 6) // and other lines in the place of those cut off
		l.sequence(t)
		if _, err := l.KeepCheckpoint(t.Context(), l.key.Sign); err != nil {
			t.Fatal(err)
		}
		r, err = l.VerifyLog(t.Context(), l.key.Public, l.kept)
		if err != nil || r.Fault == nil || r.Fault.Seq != 23 {
			t.Errorf("written anew: %v %v", r.Fault, err)
		}
		other, err := ledger.NewKey()
		if err != nil {
			t.Fatal(err)
		}
		if r, err := l.VerifyLog(t.Context(), other.Public, nil); err != nil || r.Fault == nil {
			t.Errorf("under another key: %v %v", r.Fault, err)
		}
	})
}

// TestOneNodeNumbers lets nodes number at once while lines come in: no place is given twice, none left out, and a node
// that stops is followed by another when its lease is over.
func TestOneNodeNumbers(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		l := write(t, w)
		if n, err := l.SequenceLog(t.Context(), "n2", time.Minute); n != 0 || err != nil {
			t.Fatal(n, err)
		}
		l.grow(t, 1)
		if n, err := l.SequenceLog(t.Context(), "n2", time.Minute); n != 0 || err != nil {
			t.Errorf("another node numbered %d lines under a lease: %v", n, err)
		}
		l.clock.add(2 * time.Minute)
		if n, err := l.SequenceLog(t.Context(), "n2", time.Minute); n != 1 || err != nil {
			t.Errorf("the next node numbered %d lines: %v", n, err)
		}
		var wg sync.WaitGroup
		for i := range 4 {
			wg.Go(func() {
				for range 20 {
					if i < 2 {
						l.grow(t, 2)
					} else if _, err := l.SequenceLog(t.Context(), fmt.Sprint(i), -time.Second); err != nil { // never held
						t.Error(err)
					}
				}
			})
		}
		l.clock.add(2 * time.Minute)
		wg.Wait()
		l.clock.add(2 * time.Minute)
		l.checkpoint(t)
		l.verified(t, 24+1+80, 3)
	})
}

// TestProofsHoldWithoutTheDatabase proves each process under both checkpoints.
func TestProofsHoldWithoutTheDatabase(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		l := write(t, w)
		l.erase(t, l.processes[2])
		for _, note := range l.kept {
			c, err := ledger.OpenCheckpoint(note, l.key.Public)
			if err != nil {
				t.Fatal(err)
			}
			total := 0
			for i, p := range l.processes {
				lines, err := l.ProveLog(t.Context(), p, c.Size, true)
				if err != nil {
					t.Fatal(err)
				}
				told, err := ledger.Proof{Process: string(p), Checkpoint: note, Lines: lines}.Verify(l.key.Public)
				if err != nil {
					t.Fatal(err)
				}
				total += len(told.Lines)
				if (told.Lines[0].Personal != nil) != (i != 2) {
					t.Errorf("personal part of process %d: %v", i, told.Lines[0].Personal)
				}
				if d := cmp.Diff(string(innsigli.LogCreated), told.Lines[0].Type); d != "" {
					t.Error(d)
				}
			}
			if int64(total) != c.Size {
				t.Errorf("proved %d lines of %d", total, c.Size)
			}
		}
	})
}

// TestLinesOfBeforeTheTreeGetTheirPlaces takes the places away, as in a database of before.
func TestLinesOfBeforeTheTreeGetTheirPlaces(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		l := write(t, w)
		l.exec(t, `update log set seq = null, process_seq = null, commitment = null, leaf = null`, `update log_person set salt = null`,
			`delete from log_hash`, `delete from log_checkpoint`, `update log_head set size = 0`)
		l.kept = nil
		l.checkpoint(t)
		l.verified(t, 24, 1)
	})
}

// TestErasureOfAProcess keeps what the retention decides: nobody can be told from the rows, what happened can, a later line
// names nobody any more, and the lists of what is due are emptied. A process whose lines wait for their place is not due.
func TestErasureOfAProcess(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		l := write(t, w)
		p := l.processes[0]
		l.change(t, p, innsigli.Change{
			State: innsigli.Canceled, EndedBy: "owner@example.com", Log: []innsigli.LogEntry{{Kind: innsigli.LogCanceled, Actor: "owner@example.com"}},
		})
		due := func(want ...innsigli.ProcessKey) {
			t.Helper()
			all, err := l.PersonalDue(t.Context(), l.company.Key, l.clock.now(), innsigli.Ended{}, 10)
			var got []innsigli.ProcessKey
			for _, e := range all {
				got = append(got, e.Process)
			}
			if d := cmp.Diff(want, got); d != "" || err != nil {
				t.Error(d, err)
			}
		}
		due() // its newest line has no place yet
		l.sequence(t)
		due(p)
		if early, err := l.PersonalDue(t.Context(), l.company.Key, l.clock.now().Add(-time.Second), innsigli.Ended{}, 10); len(early) != 0 || err != nil {
			t.Errorf("due before its time: %v %v", early, err)
		}
		l.change(t, p, innsigli.Change{Erase: true, Log: []innsigli.LogEntry{{Kind: innsigli.LogErased}}})
		due()
		l.change(t, p, innsigli.Change{Log: []innsigli.LogEntry{{Kind: innsigli.LogViewed, Actor: "late@example.com"}}})
		l.checkpoint(t)
		if r := l.verified(t, 27, 3); r.Erased != 10 {
			t.Errorf("%d lines erased, want 10", r.Erased)
		}
		f := l.facts(t, p)
		s := f.Process.Signees[0]
		want := innsigli.Signee{Key: s.Key, Process: p, Delivery: s.Delivery, Type: s.Type, Language: s.Language, HideCode: s.HideCode}
		if d := cmp.Diff(want, s); d != "" || f.Process.User != "" || f.Process.EndedBy != "" || len(f.Process.Meta) != 0 || f.Process.FileName != "erased.pdf" {
			t.Errorf("left: %s %+v", d, f.Process)
		}
		if left, err := l.Strings(t.Context(), `select actor from log_person where actor = 'late@example.com'`); len(left) != 0 || err != nil {
			t.Errorf("a line after the erasure names %q %v", left, err)
		}
	})
}

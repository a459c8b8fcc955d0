package job_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/innsiglitest"
	"github.com/innsigli/innsigli/job"
	"github.com/innsigli/innsigli/store"
)

// newProcess keeps a process with some jobs.
func newProcess(tb testing.TB, db *store.DB, jobs ...innsigli.Job) innsigli.ProcessKey {
	tb.Helper()
	ck, fk, key := innsigli.NewCompanyKey(), innsigli.NewFlowKey(), innsigli.NewProcessKey()
	now := innsiglitest.Now()
	if err := db.CreateCompany(tb.Context(), innsigli.NewCompany{
		Company: innsigli.Company{Key: ck, Name: "C", Email: "c@example.com"},
		Flow:    innsigli.Flow{Key: fk, Company: ck, Name: "Default", Active: true, CreatedAt: now},
		KeyName: "k", KeyHash: sha256.Sum256([]byte(ck)), WebhookKey: innsigli.WrappedKey{KeyID: "k", Bytes: []byte{1}},
	}); err != nil {
		tb.Fatal(err)
	}
	if _, _, err := db.Create(tb.Context(), innsigli.NewProcess{
		Process: innsigli.Process{
			Key: key, Group: innsigli.GroupKey(key), Company: ck, Flow: fk, State: innsigli.Started, CreatedAt: now, ExpiresAt: now.Add(time.Hour),
		},
		Key: innsigli.WrappedKey{KeyID: "k", Bytes: []byte{1}}, Change: innsigli.Change{Jobs: jobs},
	}); err != nil {
		tb.Fatal(err)
	}
	return key
}

// Two workers on one database, the first of which dies with jobs in its hands: every job is done, and settled once.
func TestWorkersOnARealDatabaseFinishWhatADeadOneLeft(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(testing.TB, ...func(*store.Options)) *store.DB{
		"sqlite": innsiglitest.SQLite, "postgres": innsiglitest.Postgres,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := open(t)
			var jobs []innsigli.Job
			for i := range 60 {
				jobs = append(jobs, innsigli.Job{Kind: innsigli.JobMailInvite, Ref: fmt.Sprint(i), Lane: fmt.Sprint("l", i%7)})
			}
			newProcess(t, db, jobs...)
			// What a killed worker leaves: claimed, and never heard of again.
			left, err := db.Claim(t.Context(), "killed", 5, 300*time.Millisecond)
			if err != nil || len(left) == 0 {
				t.Fatal(left, err)
			}
			var settled atomic.Int64
			all := make(chan struct{})
			handler := func(_ context.Context, _ innsigli.Job) (innsigli.Decision, error) {
				return func(f innsigli.Facts) (innsigli.Change, error) {
					if f.Process.State != innsigli.Started {
						t.Errorf("facts are %+v", f)
					}
					return innsigli.Change{Log: []innsigli.LogEntry{{Kind: innsigli.LogSignupSent}}}, nil
				}, nil
			}
			ctx, cancel := context.WithCancel(t.Context())
			var wg sync.WaitGroup
			for _, node := range []string{"n1", "n2"} {
				w := &job.Worker{
					Queue:    counting{db, func() { finish(&settled, 60, all) }},
					Handlers: map[innsigli.JobKind]job.Handler{innsigli.JobMailInvite: handler},
					Node:     node, Now: innsiglitest.Now, Poll: 20 * time.Millisecond, Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
				}
				wg.Go(func() {
					if err := w.Run(ctx); err != nil {
						t.Error(err)
					}
				})
			}
			select {
			case <-all:
			case <-time.After(30 * time.Second):
				t.Errorf("only %d jobs were settled", settled.Load())
			}
			cancel()
			wg.Wait()
			b, err := db.Backlog(t.Context())
			if err != nil || len(b.Ready) != 0 || b.Running != 0 || settled.Load() != 60 {
				t.Errorf("backlog is %+v %v, %d settled", b, err, settled.Load())
			}
		})
	}
}

func finish(n *atomic.Int64, want int64, all chan struct{}) {
	if n.Add(1) == want {
		close(all)
	}
}

// counting says when a job was settled.
type counting struct {
	innsigli.Queue
	settled func()
}

func (c counting) Settle(ctx context.Context, j innsigli.Job, o innsigli.Outcome, d innsigli.Decision) (innsigli.Change, error) {
	change, err := c.Queue.Settle(ctx, j, o, d)
	if err == nil {
		c.settled()
	}
	return change, err
}

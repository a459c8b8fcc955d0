package innsigli

import (
	"context"
	"time"
)

// Queue is the outbox: jobs as rows of the same database as everything they follow from. Package job works it off,
// store.DB implements it.
type Queue interface {
	// Claim hands at most n jobs that are due to a worker for the time of the lease, oldest due first. Attempt and lease
	// are written before the job is returned. A job whose lease ran out is claimed again. A job waits as long as its lane
	// says (see [Job.Lane]).
	Claim(ctx context.Context, node string, n int, lease time.Duration) ([]Job, error)
	// Renew prolongs the lease of a running job; [ErrLost] when another worker has it.
	Renew(ctx context.Context, j Job, lease time.Duration) error
	// Wanted says whether the job is still this worker's and has not been dropped. Asked just before a message is handed
	// over, after which it cannot be taken back.
	Wanted(ctx context.Context, j Job) (bool, error)
	// Settle writes the outcome of a job and the change of decide (nil: none) in one fenced commit: [ErrLost] when the
	// attempt is no longer this one, and then nothing is kept. The facts of decide are read under the group's lock, as
	// for a verb. A job that was dropped while it ran is settled as JobDropped unless its outcome is JobDone.
	Settle(ctx context.Context, j Job, o Outcome, decide Decision) (Change, error)
	// Release gives back what the node holds, at an orderly stop.
	Release(ctx context.Context, node string) error
	// Backlog counts what waits and what died, for metrics and health.
	Backlog(ctx context.Context) (Backlog, error)
}

// JobState is where a job stands; also a CHECK constraint of the store.
type JobState string

// The states of a job: ready → running → done, dead or dropped; running → ready for another try.
const (
	JobReady   JobState = "ready"
	JobRunning JobState = "running"
	JobDone    JobState = "done"
	JobDead    JobState = "dead"
	JobDropped JobState = "dropped"
)

// Outcome is how an attempt ended: JobDone; JobReady with Retry, the time of the next try; or JobDead. Why is the cause
// for the dead letter, without addresses, keys or texts of messages.
type Outcome struct {
	State JobState
	Retry time.Time
	Why   string
	// Slow: the receiver wants less. What else waits for the same target waits a while, and what is sent then shows whether
	// it takes more again.
	Slow bool
}

// Backlog is what the queue holds.
type Backlog struct {
	Ready   map[JobKind]int
	Running int
	Dead    map[JobKind]int
	Oldest  time.Time // due time of the oldest ready job that is due; zero when none
	Held    int       // documents in the hold, waiting for their owner's copy
	Sealing int       // processes that wait for their seal
	Pending int       // processes with a seal below the level wanted, which a job is to raise
}

package job_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/innsiglitest"
)

var errDown = errors.New("database is down")

// row is a job of the fake queue.
type row struct {
	job   innsigli.Job
	state innsigli.JobState
	lease time.Time
	node  string
	why   string
	due   time.Time
}

// queue is a queue in memory with the contract of innsigli.Queue, and a switch to be down.
type queue struct {
	mu      sync.Mutex
	rows    []*row
	down    bool
	claims  int
	settles int
	renewed int
	kept    []innsigli.Change
}

func (q *queue) add(jobs ...innsigli.Job) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, j := range jobs {
		j.ID = int64(len(q.rows) + 1)
		j.At = innsiglitest.Now()
		if j.Due.IsZero() {
			j.Due = j.At
		}
		q.rows = append(q.rows, &row{job: j, state: innsigli.JobReady, due: j.Due})
	}
}

func (q *queue) setDown(down bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.down = down
}

func (q *queue) get(id int64) row {
	q.mu.Lock()
	defer q.mu.Unlock()
	return *q.rows[id-1]
}

func (q *queue) Claim(_ context.Context, node string, n int, lease time.Duration) ([]innsigli.Job, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.claims++
	if q.down {
		return nil, errDown
	}
	var out []innsigli.Job
	now := innsiglitest.Now()
	for _, r := range q.rows {
		free := r.state == innsigli.JobReady && !r.due.After(now) || r.state == innsigli.JobRunning && !r.lease.After(now)
		if !free || len(out) == n {
			continue
		}
		r.job.Attempt++
		r.state, r.lease, r.node = innsigli.JobRunning, now.Add(lease), node
		out = append(out, r.job)
	}
	return out, nil
}

func (q *queue) held(j innsigli.Job) (*row, error) {
	if q.down {
		return nil, errDown
	}
	r := q.rows[j.ID-1]
	if r.state != innsigli.JobRunning || r.job.Attempt != j.Attempt {
		return nil, innsigli.ErrLost
	}
	return r, nil
}

func (q *queue) Renew(_ context.Context, j innsigli.Job, lease time.Duration) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	r, err := q.held(j)
	if err != nil {
		return err
	}
	q.renewed++
	r.lease = innsiglitest.Now().Add(lease)
	return nil
}

func (q *queue) Wanted(_ context.Context, j innsigli.Job) (bool, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	_, err := q.held(j)
	return err == nil, nil
}

func (q *queue) Settle(_ context.Context, j innsigli.Job, o innsigli.Outcome, decide innsigli.Decision) (innsigli.Change, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.settles++
	r, err := q.held(j)
	if err != nil {
		return innsigli.Change{}, err
	}
	var c innsigli.Change
	if decide != nil {
		if c, err = decide(innsigli.Facts{Now: innsiglitest.Now()}); err != nil {
			return innsigli.Change{}, err
		}
		q.kept = append(q.kept, c)
	}
	r.state, r.why, r.node = o.State, o.Why, ""
	if o.State == innsigli.JobReady {
		r.due = o.Retry
	}
	return c, nil
}

func (q *queue) Release(_ context.Context, node string) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.down {
		return errDown
	}
	for _, r := range q.rows {
		if r.state == innsigli.JobRunning && r.node == node {
			r.state = innsigli.JobReady
		}
	}
	return nil
}

func (q *queue) Backlog(context.Context) (innsigli.Backlog, error) { return innsigli.Backlog{}, nil }

// steal gives a job to another worker.
func (q *queue) steal(id int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.rows[id-1].job.Attempt++
}

func (q *queue) states() []innsigli.JobState {
	q.mu.Lock()
	defer q.mu.Unlock()
	var all []innsigli.JobState
	for _, r := range q.rows {
		all = append(all, r.state)
	}
	return slices.Clip(all)
}

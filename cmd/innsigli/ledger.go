package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/ledger"
	"github.com/innsigli/innsigli/store"
)

const (
	// sequenceEvery is how often a node looks for lines that have no place in the log's tree yet, and sequenceLease how
	// long the node that numbers them keeps the others from it.
	sequenceEvery = time.Second
	sequenceLease = 10 * time.Second
	// checkpointEvery is how old the newest checkpoint is at least when the next is made for its own sake. A process that is
	// being completed gets one at once when the newest does not cover it.
	checkpointEvery = time.Minute
	// proofPatience is how long the evidence of a process waits for its lines to get their places, and proofPoll how often it
	// looks.
	proofPatience = 2 * time.Second
	proofPoll     = 25 * time.Millisecond
)

// logKeeper numbers the lines of the activity log, and signs and proves what it was.
type logKeeper struct {
	db   *store.DB
	key  ledger.Key
	node string
	now  func() time.Time
	log  *slog.Logger
	kick chan struct{}

	mu sync.Mutex // one checkpoint at a time: those who wait find theirs made
}

// newLogKeeper reads the log's key, or makes it.
func newLogKeeper(ctx context.Context, in *installation) (*logKeeper, error) {
	key, err := in.logKey(ctx)
	if err != nil {
		return nil, err
	}
	return &logKeeper{db: in.db, key: key, node: in.node, now: in.now, log: in.log, kick: make(chan struct{}, 1)}, nil
}

// logKey is the key that signs checkpoints: a wrapped secret of the installation.
func (in *installation) logKey(ctx context.Context) (ledger.Key, error) {
	text, err := in.secret(ctx, "log", func() ([]byte, error) {
		k, err := ledger.NewKey()
		if err != nil {
			return nil, err
		}
		return json.Marshal([2]string{k.Private, k.Public})
	})
	if err != nil {
		return ledger.Key{}, err
	}
	var pair [2]string
	if err := json.Unmarshal(text, &pair); err != nil {
		return ledger.Key{}, errors.New("the log's key cannot be read: it is no pair of texts") // its error might show it
	}
	return ledger.Key{Private: pair[0], Public: pair[1]}, nil
}

// run works until ctx is done. Whatever fails is tried again with the next round: lines wait, and are not lost.
func (k *logKeeper) run(ctx context.Context) {
	tick := time.NewTicker(sequenceEvery)
	defer tick.Stop()
	for {
		if err := k.round(ctx); err != nil && ctx.Err() == nil {
			k.log.Error("lines of the log could not be numbered", "cause", err.Error())
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-k.kick:
		}
	}
}

// round numbers what waits, and makes a checkpoint when it is time.
func (k *logKeeper) round(ctx context.Context) error {
	if err := k.sequence(ctx); err != nil {
		return err
	}
	newest, err := k.newest(ctx)
	if err != nil {
		return err
	}
	// A clock that went back makes one too, rather than none for as long as it went back.
	if age := k.now().Sub(newest.At); age >= 0 && age < checkpointEvery {
		return nil
	}
	_, err = k.db.KeepCheckpoint(ctx, k.key.Sign)
	return err
}

// sequence numbers until nothing waits, or another node does it.
func (k *logKeeper) sequence(ctx context.Context) error {
	for {
		if n, err := k.db.SequenceLog(ctx, k.node, sequenceLease); n == 0 || err != nil {
			return err
		}
	}
}

// newest gives the newest checkpoint; zero when there is none.
func (k *logKeeper) newest(ctx context.Context) (ledger.Checkpoint, error) {
	note, err := k.db.NewestCheckpoint(ctx)
	if err != nil || note == "" {
		return ledger.Checkpoint{}, err
	}
	return ledger.OpenCheckpoint(note, k.key.Public)
}

// ProveLog proves the lines of a process for its evidence.
func (k *logKeeper) ProveLog(ctx context.Context, p innsigli.ProcessKey) (*innsigli.EvidenceLog, error) {
	proof, err := k.prove(ctx, p, false)
	if err != nil || len(proof.Lines) == 0 {
		return nil, err
	}
	out := &innsigli.EvidenceLog{Key: proof.Key, Checkpoint: proof.Checkpoint}
	for _, l := range proof.Lines {
		out.Lines = append(out.Lines, innsigli.EvidenceLogLine{Leaf: l.Leaf, Path: l.Path})
	}
	return out, nil
}

// prove makes the proof of a process's lines as far as they have their places.
func (k *logKeeper) prove(ctx context.Context, p innsigli.ProcessKey, personal bool) (ledger.Proof, error) {
	size, err := k.await(ctx, p)
	if err != nil || size == 0 {
		return ledger.Proof{}, err
	}
	note, c, err := k.cover(ctx, size)
	if err != nil {
		return ledger.Proof{}, err
	}
	lines, err := k.db.ProveLog(ctx, p, c.Size, personal)
	return ledger.Proof{Version: ledger.ProofVersion, Process: string(p), Key: k.key.Public, Checkpoint: note, Lines: lines}, err
}

// await waits briefly for the process's lines to be numbered, and gives the size of log under which those that are lie.
func (k *logKeeper) await(ctx context.Context, p innsigli.ProcessKey) (int64, error) {
	patience := time.NewTimer(proofPatience)
	defer patience.Stop()
	for {
		size, all, err := k.db.Sequenced(ctx, p)
		if err != nil || all {
			return size, err
		}
		select {
		case k.kick <- struct{}{}:
		default:
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-patience.C:
			return size, nil
		case <-time.After(proofPoll):
		}
	}
}

// cover gives a checkpoint of at least that size.
func (k *logKeeper) cover(ctx context.Context, size int64) (string, ledger.Checkpoint, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for try := 0; ; try++ {
		note, err := k.db.NewestCheckpoint(ctx)
		if err != nil {
			return "", ledger.Checkpoint{}, err
		}
		var c ledger.Checkpoint
		if note != "" {
			if c, err = ledger.OpenCheckpoint(note, k.key.Public); err != nil {
				return "", c, err
			}
		}
		if c.Size >= size {
			return note, c, nil
		}
		if try > 0 {
			return "", c, fmt.Errorf("newest checkpoint is of %d lines, %d are wanted", c.Size, size)
		}
		if _, err := k.db.KeepCheckpoint(ctx, k.key.Sign); err != nil {
			return "", c, err
		}
	}
}

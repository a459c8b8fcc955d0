package main

import (
	"context"
	"os"
	"time"

	"github.com/innsigli/innsigli/blob"
)

const (
	sweepEvery  = 10 * time.Minute
	orphanAfter = time.Hour // a create in progress has its blob before its row (design/decisions.md 2)
	rotateAfter = 7 * 24 * time.Hour
)

// housekeeping does what nobody asks for: it is noise that may be late and must not be lost for ever.
func (s *server) housekeeping(ctx context.Context) {
	s.prime(ctx)
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		s.sweep(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (s *server) sweep(ctx context.Context) {
	for _, chore := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"rows", s.sweepRows},
		{"orphaned documents", s.sweepBlobs},
		{"outbox", s.sweepOutbox},
		{"retention", s.retain},
		{"key rotation", s.rotateWeekly},
		{"certificates", s.trust.refresh},
		{"clock", s.watchClock},
	} {
		if err := chore.do(ctx); err != nil && ctx.Err() == nil {
			s.log.Error("housekeeping", "chore", chore.name, "cause", err.Error())
		}
	}
}

func (s *server) sweepRows(ctx context.Context) error {
	_, err := s.db.Sweep(ctx)
	return err
}

// sweepBlobs deletes blobs that no row lists: uploads whose create never came to be.
func (s *server) sweepBlobs(ctx context.Context) error {
	old := s.now().Add(-orphanAfter)
	var batch []string
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		listed, err := s.db.Listed(ctx, batch)
		if err != nil {
			return err
		}
		for _, id := range batch {
			if listed[id] {
				continue
			}
			if err := s.docs.Delete(ctx, blob.ID(id)); err != nil {
				return err
			}
		}
		batch = batch[:0]
		return nil
	}
	err := s.docs.List(ctx, func(id blob.ID, modified time.Time, _ int64) error {
		if modified.After(old) {
			return nil
		}
		if batch = append(batch, string(id)); len(batch) < 200 {
			return nil
		}
		return flush()
	})
	if err != nil {
		return err
	}
	return flush()
}

func (s *server) sweepOutbox(ctx context.Context) error {
	if s.outbox == nil {
		return nil
	}
	return s.outbox.Sweep(ctx)
}

// retain erases what companies keep no longer (docs/operations.md).
func (s *server) retain(ctx context.Context) error {
	n, err := s.svc.Retain(ctx, s.db)
	if n > 0 {
		s.log.Info("personal data or documents erased after their time", "processes", n)
	}
	return err
}

// rotateWeekly exchanges the key-encryption key when it is a week old, so that what was deleted cannot be read from old
// copies of the database for longer. Only a key file that this server alone uses can be exchanged by it.
func (s *server) rotateWeekly(ctx context.Context) error {
	if !s.plan.ownKey || !s.plan.sqlite() {
		return nil
	}
	info, err := os.Stat(s.plan.keySpec)
	if err != nil {
		return err
	}
	if s.now().Sub(info.ModTime()) < rotateAfter {
		return nil
	}
	n, err := s.rotate(ctx)
	if err != nil {
		return err
	}
	s.log.Info("key rotated", "rows", n)
	return nil
}

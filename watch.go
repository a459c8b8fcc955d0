package innsigli

import (
	"context"
	"errors"
	"io"
	"time"
)

// How far a reader goes before it asks again whether the document may still be read (design/decisions.md 1, row 7).
const (
	askEvery = time.Second
	askBytes = 1 << 20
)

// watched reads a blob and asks the store again every second and every MiB. A cancel breaks it off.
type watched struct {
	ctx   context.Context //nolint:containedctx // a reader has no other way to be told that its request is over
	s     *Service
	p     ProcessKey
	r     BlobReader
	at    int64
	since int64
	last  time.Time
}

func (s *Service) watch(ctx context.Context, p ProcessKey, r BlobReader) io.ReadSeekCloser {
	return &watched{ctx: ctx, s: s, p: p, r: r}
}

func (w *watched) Read(b []byte) (int, error) {
	// The clock has no monotonic part: when it was set back, the second counts as over.
	if now := w.s.Now(); w.last.IsZero() || w.since >= askBytes || now.Before(w.last) || now.Sub(w.last) >= askEvery {
		if err := w.s.alive(w.ctx, w.p); err != nil {
			return 0, err
		}
		w.last, w.since = now, 0
	}
	n, err := w.r.ReadAt(b[:min(int64(len(b)), askBytes-w.since)], w.at)
	w.at += int64(n)
	w.since += int64(n)
	if n > 0 && errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}

func (w *watched) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += w.at
	case io.SeekEnd:
		offset += w.r.Size()
	}
	if offset < 0 {
		return w.at, errors.New("seek before the beginning")
	}
	w.at = offset
	return offset, nil
}

func (w *watched) Close() error { return w.r.Close() }

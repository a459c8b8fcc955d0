package blob

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"time"
)

// MemoryStore is a [Store] in memory, for tests. It keeps what is being written too, as a folder does.
type MemoryStore struct {
	now func() time.Time

	mu   sync.Mutex
	kept map[ID]*memoryBlob
}

type memoryBlob struct {
	data      []byte
	modified  time.Time
	committed bool
}

// Memory returns an empty store whose clock is now.
func Memory(now func() time.Time) *MemoryStore {
	return &MemoryStore{now: now, kept: map[ID]*memoryBlob{}}
}

// Create implements [Store].
func (m *MemoryStore) Create(ctx context.Context) (Writer, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	id := NewID()
	m.kept[id] = &memoryBlob{modified: m.now()}
	return &memoryWriter{store: m, id: id}, nil
}

// Open implements [Store].
func (m *MemoryStore) Open(ctx context.Context, id ID) (Object, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	b, ok := m.kept[id]
	if !ok || !b.committed {
		return nil, fmt.Errorf("blob %s: %w", id, ErrNotExist)
	}
	return memoryObject{bytes.NewReader(b.data)}, nil
}

// Delete implements [Store].
func (m *MemoryStore) Delete(ctx context.Context, id ID) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.kept, id)
	return nil
}

// List implements [Store].
func (m *MemoryStore) List(ctx context.Context, yield func(id ID, modified time.Time, size int64) error) error {
	type entry struct {
		id       ID
		modified time.Time
		size     int64
	}
	m.mu.Lock()
	entries := make([]entry, 0, len(m.kept))
	for id, b := range m.kept {
		entries = append(entries, entry{id, b.modified, int64(len(b.data))})
	}
	m.mu.Unlock() // yield may delete
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := yield(e.id, e.modified, e.size); err != nil {
			return err
		}
	}
	return nil
}

type memoryWriter struct {
	store *MemoryStore
	id    ID
	done  bool
}

// ID implements [Writer].
func (w *memoryWriter) ID() ID { return w.id }

// blob finds what is being written: a sweep may have taken it away.
func (w *memoryWriter) blob() (*memoryBlob, error) {
	if w.done {
		return nil, errDone
	}
	b, ok := w.store.kept[w.id]
	if !ok {
		return nil, fmt.Errorf("blob %s: %w", w.id, ErrNotExist)
	}
	return b, nil
}

// Write implements [Writer].
func (w *memoryWriter) Write(p []byte) (int, error) {
	w.store.mu.Lock()
	defer w.store.mu.Unlock()
	b, err := w.blob()
	if err != nil {
		return 0, err
	}
	b.data = append(b.data, p...)
	b.modified = w.store.now()
	return len(p), nil
}

// Commit implements [Writer].
func (w *memoryWriter) Commit(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		w.Abort()
		return err
	}
	w.store.mu.Lock()
	defer w.store.mu.Unlock()
	b, err := w.blob()
	if err != nil {
		return err
	}
	w.done, b.committed = true, true
	return nil
}

// Abort implements [Writer].
func (w *memoryWriter) Abort() {
	w.store.mu.Lock()
	defer w.store.mu.Unlock()
	if !w.done {
		w.done = true
		delete(w.store.kept, w.id)
	}
}

type memoryObject struct{ *bytes.Reader }

// Close implements [Object].
func (memoryObject) Close() error { return nil }

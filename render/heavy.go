package render

import (
	"fmt"
	"time"
)

const (
	// maxHeavy is how many documents are remembered that had something too heavy.
	maxHeavy = 1000
	// maxHeavyPages is how many heavy pages a document may have before all of it is refused: each costs a child its whole
	// deadline.
	maxHeavyPages = 5
)

// heavies remembers for a while what was too heavy, so that asking again costs nothing. It has no lock: the Renderer's
// guards it.
type heavies struct {
	docs map[identity]*heavy
}

// identity names a document.
type identity struct{ group, key string }

// heavy is what is known of one document.
type heavy struct {
	until time.Time
	asks  map[ask]int // to the narrowest width that was too heavy
}

// ask is a question about a page, whatever the width.
type ask struct {
	op   byte
	page int
}

// note remembers that a ticket was too heavy. When the memory is full, what ends first makes room.
func (h *heavies) note(t ticket, now time.Time) {
	if h.docs == nil {
		h.docs = map[identity]*heavy{}
	}
	name := identity{t.group, t.key}
	d := h.docs[name]
	if d == nil || d.until.Before(now) {
		if d == nil && len(h.docs) >= maxHeavy {
			h.forget(now)
		}
		d = &heavy{asks: map[ask]int{}}
		h.docs[name] = d
	}
	d.until = now.Add(heavyFor)
	a := ask{t.op, t.page}
	if width, ok := d.asks[a]; !ok || t.width < width {
		d.asks[a] = t.width
	}
}

// forget makes room for one: all that has ended, else what ends first.
func (h *heavies) forget(now time.Time) {
	var first identity
	var at time.Time
	for name, d := range h.docs {
		if d.until.Before(now) {
			delete(h.docs, name)
			continue
		}
		if at.IsZero() || d.until.Before(at) {
			first, at = name, d.until
		}
	}
	if len(h.docs) >= maxHeavy {
		delete(h.docs, first)
	}
}

// refused says no to what was too heavy a short while ago, and to anything of a document with too many such pages.
func (h *heavies) refused(t ticket, now time.Time) error {
	d := h.docs[identity{t.group, t.key}]
	if d == nil || d.until.Before(now) {
		return nil
	}
	width, known := d.asks[ask{t.op, t.page}]
	if known && t.width >= width || len(d.asks) >= maxHeavyPages {
		return fmt.Errorf("asked again: %w", ErrTooHeavy)
	}
	return nil
}

// drop forgets a group.
func (h *heavies) drop(group string) {
	for name := range h.docs {
		if name.group == group {
			delete(h.docs, name)
		}
	}
}

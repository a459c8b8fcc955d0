package render

import (
	"bytes"
	"container/list"
)

// ticket names one answer: what is asked of which document. Equal tickets have equal answers.
type ticket struct {
	group, key  string
	op          byte
	page, width int
}

// cache keeps the answers used last, up to limit bytes. It gives and takes copies and wipes what it lets go, so that a
// dropped page is nowhere in it. It has no lock: the Renderer's guards it.
type cache struct {
	limit, used int
	entries     map[ticket]*list.Element
	order       list.List // of *entry, used last in front
}

type entry struct {
	ticket ticket
	body   []byte
}

// get gives a copy of an answer.
func (c *cache) get(t ticket) ([]byte, bool) {
	el, ok := c.entries[t]
	if !ok {
		return nil, false
	}
	c.order.MoveToFront(el)
	return bytes.Clone(c.at(el).body), true
}

// put keeps a copy of an answer, unless it alone would take a quarter of the room.
func (c *cache) put(t ticket, body []byte) {
	if _, ok := c.entries[t]; ok || len(body) > c.limit/4 {
		return
	}
	if c.entries == nil {
		c.entries = map[ticket]*list.Element{}
	}
	c.entries[t] = c.order.PushFront(&entry{ticket: t, body: bytes.Clone(body)})
	c.used += cost(body)
	for c.used > c.limit {
		c.remove(c.order.Back())
	}
}

// drop wipes all answers that match.
func (c *cache) drop(match func(ticket) bool) {
	for el := c.order.Front(); el != nil; {
		next := el.Next()
		if match(c.at(el).ticket) {
			c.remove(el)
		}
		el = next
	}
}

func (c *cache) remove(el *list.Element) {
	e := c.at(el)
	c.order.Remove(el)
	delete(c.entries, e.ticket)
	c.used -= cost(e.body)
	clear(e.body)
}

func (*cache) at(el *list.Element) *entry {
	e, _ := el.Value.(*entry) // only put adds elements
	return e
}

// cost is the memory an answer takes, with what stands around it.
func cost(body []byte) int { return len(body) + 256 }

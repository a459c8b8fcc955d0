package pdf

import (
	"bytes"
	"errors"
)

// maxUnbalanced is how many q or Q operators too few are made up for.
const maxUnbalanced = 1000

// unbalanced tells how a page's content treats the stack of graphics states:
// under is how often it restores what it has not saved, net what it saves more
// than it restores. Both are 0 in a sound document. One that means ill leaves a
// clipping path behind, in which whatever is drawn later would vanish.
func (u *Update) unbalanced(page *Dict) (under, net int, err error) {
	v, err := u.doc.Resolve(page.Get("Contents"))
	if err != nil {
		return 0, 0, err
	}
	parts, ok := v.(Array)
	if !ok {
		parts = Array{v}
	}
	var b balance
	for _, p := range parts {
		if p, err = u.doc.Resolve(p); err != nil {
			return 0, 0, err
		}
		s, ok := p.(*Stream)
		if !ok {
			continue
		}
		filter, _, err := u.doc.filter(s.Dict)
		if err != nil || filter != "" && filter != "FlateDecode" && filter != "Fl" {
			continue // rare filters are taken for sound
		}
		content, err := u.doc.decode(s)
		if no, ok := errors.AsType[*Refusal](err); err != nil && (!ok || no.Code != Broken) {
			return 0, 0, err
		}
		// Readers draw a damaged stream as far as it goes.
		b.scan(content)
	}
	if b.under > maxUnbalanced || b.net > maxUnbalanced {
		return 0, 0, Refuse(TooComplex, "graphics states nest too deep")
	}
	return b.under, b.net, nil
}

type balance struct{ under, net int }

// scan counts the operators of a content stream (ISO 32000-1, 7.8.2; 8.4.2).
func (b *balance) scan(content []byte) {
	l := newLexer(content)
	for l.space(); !l.end(); l.space() {
		from := l.p
		l.values = maxValues
		v, err := l.value(0)
		if err != nil && l.p == from {
			l.p++ // a stray bracket
		}
		switch v {
		case keyword("q"):
			b.net++
		case keyword("Q"):
			b.net--
			b.under = max(b.under, -b.net)
		case keyword("ID"):
			l.skipImage()
		}
	}
}

// skipImage steps behind the data of an inline image (8.9.7), which end with EI
// between white space.
func (l *lexer) skipImage() {
	for at := l.p; ; at += 2 {
		i := bytes.Index(l.b[at:], []byte("EI"))
		if i < 0 {
			return // no end: take what follows for operators
		}
		at += i
		if isSpace(l.b[at-1]) && (at+2 == len(l.b) || isSpace(l.b[at+2])) {
			l.p = at + 2
			return
		}
	}
}

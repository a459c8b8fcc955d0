package lang

import (
	"fmt"
	"strings"

	"github.com/go-playground/locales"
)

// Catalog is one language. It never changes and may be used by many at once.
type Catalog struct {
	tag      string
	locale   locales.Translator
	messages map[string]message
	fallback *Catalog // English; nil for English itself and for a strict catalogue
}

// message is an entry: its plural forms, or a single text under [locales.PluralRuleOther].
type message struct {
	counted bool
	forms   map[locales.PluralRule][]Piece
}

// Piece is a part of a text: words, or a place and the value that fills it. Whoever writes HTML escapes the words and
// dresses the values (a name is isolated from the words around it, whatever its direction).
type Piece struct {
	Text  string // the words, or the value as text
	Name  string // name of the place, "" for words
	Value any    // the value as it was handed in; nil for words
}

// Tag is the language's BCP 47 tag: "en", "is".
func (c *Catalog) Tag() string { return c.tag }

// Native is the name of the language in itself: "Íslenska".
func (c *Catalog) Native() string { return c.T("lang.native") }

// T gives a text. args are the names of its places, each followed by its value; whole numbers are written as in
// [Catalog.Number]. A key that the language lacks is shown in English, one that English lacks as itself.
func (c *Catalog) T(key string, args ...any) string { return join(c.Pieces(key, args...)) }

// N gives the text for n things, in the plural form that n has in the language. The place {n} is filled with n.
func (c *Catalog) N(key string, n int, args ...any) string {
	return join(c.PiecesN(key, n, args...))
}

// Pieces is T before the parts are put together.
func (c *Catalog) Pieces(key string, args ...any) []Piece {
	from, m, ok := c.find(key)
	if !ok {
		return []Piece{{Text: key}}
	}
	return from.fill(m.forms[locales.PluralRuleOther], args)
}

// PiecesN is N before the parts are put together.
func (c *Catalog) PiecesN(key string, n int, args ...any) []Piece {
	from, m, ok := c.find(key)
	if !ok {
		return []Piece{{Text: key}}
	}
	form, ok := m.forms[from.locale.CardinalPluralRule(float64(n), 0)]
	if !ok {
		form = m.forms[locales.PluralRuleOther]
	}
	return from.fill(form, append([]any{"n", n}, args...))
}

// Strict is the catalogue without English behind it: a key that it lacks shows itself. For tests.
func (c *Catalog) Strict() *Catalog {
	s := *c
	s.fallback = nil
	return &s
}

// find gives a key's entry and the catalogue that it stands in, since plurals follow the language of the text.
func (c *Catalog) find(key string) (*Catalog, message, bool) {
	for at := c; at != nil; at = at.fallback {
		if m, ok := at.messages[key]; ok {
			return at, m, true
		}
	}
	return nil, message{}, false
}

// fill puts the values into their places. A place without a value stays visible as {name}: a test finds it.
func (c *Catalog) fill(form []Piece, args []any) []Piece {
	out := make([]Piece, len(form))
	for i, p := range form {
		if p.Name != "" {
			p.Text = "{" + p.Name + "}"
			if v, ok := lookup(args, p.Name); ok {
				p.Value, p.Text = v, c.text(v)
			}
		} else if i > 0 && strings.HasPrefix(p.Text, ".") && strings.HasSuffix(out[i-1].Text, ".") {
			p.Text = p.Text[1:] // a name that ends with the stop of "ehf." or "s.r.o." ends the sentence too
		}
		out[i] = p
	}
	return out
}

// lookup finds the value of a place among pairs of names and values; the last one counts.
func lookup(args []any, name string) (v any, ok bool) {
	for i := 0; i+1 < len(args); i += 2 {
		if args[i] == name {
			v, ok = args[i+1], true
		}
	}
	return v, ok
}

func (c *Catalog) text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case int:
		return c.Number(v)
	}
	return fmt.Sprint(v)
}

func join(pieces []Piece) string {
	var b strings.Builder
	for _, p := range pieces {
		b.WriteString(p.Text)
	}
	return b.String()
}

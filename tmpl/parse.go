package tmpl

import (
	"fmt"
	"html"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of a template. What is over one is refused with an [*Error], when it is read or when it is filled.
const (
	MaxSource = 64 << 10  // bytes of source
	MaxDepth  = 32        // elements and blocks in each other
	MaxName   = 120       // bytes between the braces
	MaxItems  = 200       // items of a list that each goes through
	MaxSteps  = 100_000   // pieces that are written, and items that are gone through
	MaxOutput = 256 << 10 // bytes that are written, and bytes of the values for it
)

// Error says what is wrong with a template, and where: lines and columns are counted from 1, columns in characters. Both
// are zero when a template could not be filled.
type Error struct {
	Line, Column int
	Reason       string
}

// Error gives place and reason.
func (e *Error) Error() string {
	if e.Line == 0 {
		return e.Reason
	}
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Reason)
}

// Kind says what a name stands for.
type Kind int

// The kinds of names. The Go types of their values are, in this order: string for the first two, bool,
// map[string]any, map[string]string and []map[string]any.
const (
	Text  Kind = iota
	URL        // an address of ours, which may be the whole of an href
	Flag       // for if and unless alone
	Group      // holds the names of Of
	Texts      // holds texts by any name; one that is missing is empty
	List       // for if, unless and each: within each, the names of Of are those of the item
)

// Shape is what stands behind a name.
type Shape struct {
	Kind Kind
	Of   Names
}

// Names are the names that a template may use, in the letter case in which values have them. Templates may write them in
// any.
type Names map[string]Shape

// Template is a text with places, checked and ready to be filled. It never changes and may be used by many at once.
type Template struct{ nodes []node }

// node is a piece of a template: something fixed, a value, or a block.
type node struct {
	html, text string // something fixed, as it stands in HTML and in plain text
	value      []string
	place      place
	block      *block
}

// place is where a value stands.
type place int

const (
	inText    place = iota // in HTML and in plain text
	inAttr                 // in an attribute: not shown in plain text
	inAddress              // in an address: in HTML
	ofAddress              // in an address: in plain text
)

type block struct {
	kind        string // if, unless, each
	path        []string
	body, other []node
}

// frame is an element or a block that is open.
type frame struct {
	at      int
	element string
	shown   []node // the address of a link, in plain text
	block   *block
	outer   *[]node
	names   int // how many scopes there were outside
	isElse  bool
}

type parser struct {
	src    string
	pos    int
	isHTML bool
	scopes []Names
	open   []frame
	out    *[]node
}

// HTML reads a template of HTML: a part of a page, without scripts, pictures, forms and style sheets. An error is an
// [*Error].
func HTML(src string, names Names) (*Template, error) { return parse(src, names, true) }

// Line reads a template of one line of plain text, such as a subject. An error is an [*Error].
func Line(src string, names Names) (*Template, error) { return parse(src, names, false) }

func parse(src string, names Names, isHTML bool) (*Template, error) {
	t := &Template{}
	p := &parser{src: src, isHTML: isHTML, scopes: []Names{names}, out: &t.nodes}
	if len(src) > MaxSource {
		return nil, p.wrong(0, "the text is longer than %d bytes", MaxSource)
	}
	if !utf8.ValidString(src) {
		return nil, p.wrong(0, "the text is not valid UTF-8")
	}
	for i, r := range src {
		if unicode.IsControl(r) && (!isHTML || !strings.ContainsRune("\n\r\t", r)) {
			return nil, p.wrong(i, "a control character is not allowed")
		}
	}
	for p.pos < len(p.src) {
		if err := p.next(); err != nil {
			return nil, err
		}
	}
	if n := len(p.open); n > 0 {
		return nil, p.wrong(p.open[n-1].at, "%s is not closed", p.open[n-1])
	}
	return t, nil
}

// wrong makes the error at an offset.
func (p *parser) wrong(at int, reason string, args ...any) *Error {
	before := p.src[:min(at, len(p.src))]
	line := strings.LastIndexByte(before, '\n') + 1
	return &Error{
		Line: 1 + strings.Count(before, "\n"), Column: 1 + utf8.RuneCountInString(before[line:]),
		Reason: fmt.Sprintf(reason, args...),
	}
}

// String is how the template's author wrote it.
func (f frame) String() string {
	if f.block != nil {
		return "{{#" + f.block.kind + "}}"
	}
	return "<" + f.element + ">"
}

func (p *parser) add(n node) { *p.out = append(*p.out, n) }

// next reads one piece.
func (p *parser) next() error {
	rest := p.src[p.pos:]
	switch {
	case strings.HasPrefix(rest, "{{"):
		return p.braces()
	case p.isHTML && strings.HasPrefix(rest, "<!--"):
		end := strings.Index(rest[len("<!--"):], "-->")
		if end < 0 {
			return p.wrong(p.pos, "the comment is not closed")
		}
		p.pos += len("<!--") + end + len("-->")
		return nil
	case p.isHTML && rest[0] == '<':
		return p.tag()
	}
	end := len(rest)
	for _, stop := range []string{"{{", "<"} {
		if i := strings.Index(rest, stop); i >= 0 && i < end && (p.isHTML || stop != "<") {
			end = i
		}
	}
	return p.words(rest[:end])
}

// words takes fixed text.
func (p *parser) words(s string) error {
	at := p.pos
	p.pos += len(s)
	if !p.isHTML {
		p.add(node{html: html.EscapeString(s), text: s})
		return nil
	}
	s = html.UnescapeString(s)
	if strings.TrimSpace(s) != "" {
		if err := p.mayShow(at); err != nil {
			return err
		}
	}
	text := strings.Join(strings.Fields(s), " ")
	if text != "" || s != "" {
		text = edge(s[:1]) + text + edge(s[len(s)-1:])
	}
	p.add(node{html: html.EscapeString(harmless(s, true)), text: harmless(text, false)})
	return nil
}

// edge keeps the space between words of neighbouring pieces.
func edge(s string) string {
	if strings.TrimSpace(s) == "" {
		return " "
	}
	return ""
}

// braces reads what begins with two braces.
func (p *parser) braces() error {
	at, rest := p.pos, p.src[p.pos:]
	if strings.HasPrefix(rest, "{{!") {
		ending := "}}"
		if strings.HasPrefix(rest, "{{!--") {
			ending = "--}}"
		}
		end := strings.Index(rest[len("{{!"):], ending)
		if end < 0 {
			return p.wrong(at, "the comment is not closed")
		}
		p.pos += len("{{!") + end + len(ending)
		return nil
	}
	inside, err := p.inside()
	if err != nil {
		return err
	}
	word, name, _ := strings.Cut(inside, " ")
	switch {
	case strings.HasPrefix(inside, "#"):
		return p.begin(at, word[1:], strings.TrimSpace(name))
	case strings.HasPrefix(inside, "/"):
		return p.end(at, strings.TrimSpace(inside[1:]))
	case inside == "else" || inside == "^":
		return p.otherwise(at)
	}
	if p.isHTML {
		if err := p.mayShow(at); err != nil {
			return err
		}
	}
	n, _, err := p.value(at, inside)
	if err != nil {
		return err
	}
	p.add(n)
	return nil
}

// inside reads to the closing braces.
func (p *parser) inside() (string, error) {
	at, rest := p.pos, p.src[p.pos:]
	if strings.HasPrefix(rest, "{{{") || strings.HasPrefix(rest, "{{&") {
		return "", p.wrong(at, "values are always escaped: write two braces")
	}
	if strings.HasPrefix(rest, "{{>") {
		return "", p.wrong(at, "templates cannot include others")
	}
	end := strings.Index(rest[:min(len(rest), MaxName+len("{{}}"))], "}}")
	if end < 0 {
		return "", p.wrong(at, "the braces are not closed within %d bytes", MaxName)
	}
	p.pos += end + len("}}")
	return strings.TrimSpace(rest[len("{{"):end]), nil
}

// value reads a name that stands for a text.
func (p *parser) value(at int, name string) (node, Kind, error) {
	path, s, err := p.resolve(at, name)
	if err != nil {
		return node{}, 0, err
	}
	if s.Kind != Text && s.Kind != URL {
		return node{}, 0, p.wrong(at, "{{%s}} is no text", name)
	}
	return node{value: path}, s.Kind, nil
}

// resolve finds what a name stands for, and gives its path in the letter case of the values.
func (p *parser) resolve(at int, name string) ([]string, Shape, error) {
	parts := strings.Split(name, ".")
	for _, scope := range slices.Backward(p.scopes) {
		first, s, ok := scope.find(parts[0])
		if !ok {
			continue
		}
		path := []string{first}
		for _, part := range parts[1:] {
			switch s.Kind { //nolint:exhaustive // the others have nothing below them
			case Group:
				if part, s, ok = s.Of.find(part); !ok {
					return nil, s, p.unknown(at, name)
				}
			case Texts:
				if part == "" || strings.ContainsAny(part, " {}\"'()=/\\") {
					return nil, s, p.unknown(at, name)
				}
				s = Shape{Kind: Text}
			default:
				return nil, s, p.unknown(at, name)
			}
			path = append(path, part)
		}
		return path, s, nil
	}
	return nil, Shape{}, p.unknown(at, name)
}

func (p *parser) unknown(at int, name string) error {
	if strings.ContainsAny(name, " (") {
		return p.wrong(at, "{{%s}} is no name; there are no helpers but if, unless and each", name)
	}
	return p.wrong(at, "{{%s}} is not known here", name)
}

func (n Names) find(name string) (string, Shape, bool) {
	if s, ok := n[name]; ok {
		return name, s, true
	}
	for k, s := range n {
		if strings.EqualFold(k, name) {
			return k, s, true
		}
	}
	return "", Shape{}, false
}

// begin opens a block.
func (p *parser) begin(at int, kind, name string) error {
	if kind != "if" && kind != "unless" && kind != "each" {
		return p.wrong(at, "there are no helpers but if, unless and each")
	}
	path, s, err := p.resolve(at, name)
	if err != nil {
		return err
	}
	if kind == "each" && s.Kind != List || kind != "each" && (s.Kind == Group || s.Kind == Texts) {
		return p.wrong(at, "{{#%s}} cannot be about {{%s}}", kind, name)
	}
	b := &block{kind: kind, path: path}
	p.add(node{block: b})
	if err := p.push(frame{at: at, block: b, outer: p.out, names: len(p.scopes)}); err != nil {
		return err
	}
	p.out = &b.body
	if kind == "each" {
		p.scopes = append(p.scopes, s.Of)
	}
	return nil
}

func (p *parser) push(f frame) error {
	if len(p.open) == MaxDepth {
		return p.wrong(f.at, "more than %d elements and blocks stand in each other", MaxDepth)
	}
	p.open = append(p.open, f)
	return nil
}

// top is what was opened last; nil when nothing is open.
func (p *parser) top() *frame {
	if len(p.open) == 0 {
		return nil
	}
	return &p.open[len(p.open)-1]
}

// otherwise begins the second half of a block.
func (p *parser) otherwise(at int) error {
	f := p.top()
	if f == nil || f.block == nil || f.isElse {
		return p.wrong(at, "{{else}} stands in no block, or in an element of it that is not closed")
	}
	f.isElse, p.out, p.scopes = true, &f.block.other, p.scopes[:f.names]
	return nil
}

// end closes a block.
func (p *parser) end(at int, kind string) error {
	f := p.top()
	if f == nil || f.block == nil || f.block.kind != kind {
		if f != nil {
			return p.wrong(at, "{{/%s}} stands where %s is still open", kind, f)
		}
		return p.wrong(at, "{{/%s}} closes nothing", kind)
	}
	p.out, p.scopes = f.outer, p.scopes[:f.names]
	p.open = p.open[:len(p.open)-1]
	return nil
}

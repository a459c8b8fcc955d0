package xades

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// Limits on what is read: a node takes about 200 bytes of memory, whatever it took in the file.
const (
	MaxBytes = 10 << 20
	MaxDepth = 200     // elements in one another
	MaxNodes = 500_000 // elements, attributes, declarations, texts, comments and instructions
)

const (
	xmlSpace     = "http://www.w3.org/XML/1998/namespace"
	xmlnsSpace   = "http://www.w3.org/2000/xmlns/"
	includeSpace = "http://www.w3.org/2001/XInclude"
)

// Parse reads a document. Errors are a *[Refusal].
func Parse(b []byte) (*Document, error) {
	if len(b) > MaxBytes {
		return nil, refuse(TooLarge, "")
	}
	b, err := decoded(b)
	if err != nil {
		return nil, err
	}
	return parse(b, MaxNodes, false)
}

var encodingName = regexp.MustCompile(`^<\?xml\s[^>]{0,200}?\sencoding\s*=\s*["']([A-Za-z0-9._-]+)["']`)

// decoded gives the document in UTF-8, with the line ends that XML sees (XML 1.0, clause 2.11).
func decoded(b []byte) ([]byte, error) {
	b, isUTF8 := bytes.CutPrefix(b, []byte("\ufeff"))
	declared := "utf-8"
	if m := encodingName.FindSubmatch(b); m != nil {
		declared = strings.ToLower(string(m[1]))
	}
	switch declared {
	case "utf-8", "us-ascii", "ascii": // what is ASCII is UTF-8
	case "iso-8859-1", "iso_8859-1", "latin1", "windows-1252":
		if isUTF8 {
			return nil, refuse(Encoding, "two")
		}
		from := charmap.ISO8859_1
		if declared == "windows-1252" {
			from = charmap.Windows1252
		}
		b, _ = from.NewDecoder().Bytes(b) // what has no meaning becomes U+FFFD, which is refused below
		if bytes.ContainsRune(b, utf8.RuneError) {
			return nil, refuse(Malformed, "characters")
		}
	default:
		return nil, refuse(Encoding, "")
	}
	if bytes.HasPrefix(b, []byte{0xfe, 0xff}) || bytes.HasPrefix(b, []byte{0xff, 0xfe}) || bytes.HasPrefix(b, []byte{'<', 0}) {
		return nil, refuse(Encoding, "UTF-16")
	}
	if !charactersOf(b) {
		return nil, refuse(Malformed, "characters")
	}
	b = bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n"))
	return bytes.ReplaceAll(b, []byte("\r"), []byte("\n")), nil
}

// charactersOf checks that all is UTF-8 and of the characters of XML 1.0, clause 2.2. encoding/xml looks at those of text
// and values only.
func charactersOf(b []byte) bool {
	return utf8.Valid(b) && !bytes.ContainsFunc(b, func(r rune) bool {
		return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xfffe || r == 0xffff
	})
}

// parser builds the tree. It is stricter than encoding/xml, which is no validator: https://go.dev/issue/68299.
type parser struct {
	in      []byte
	dec     *xml.Decoder
	left    int // nodes
	signed  bool
	doc     *Document
	open    []*node
	closing []string  // their names as they were written
	shadow  [][]space // what each open element's declarations hide
	scope   map[string]string
	ids     map[string]bool
}

// parse reads what decoded returned. signed lets signatures be.
func parse(b []byte, most int, signed bool) (*Document, error) {
	p := &parser{
		in: b, dec: xml.NewDecoder(bytes.NewReader(b)), left: most, signed: signed, doc: &Document{},
		scope: map[string]string{"xml": xmlSpace}, ids: map[string]bool{},
	}
	p.dec.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil } // done already
	for {
		from := p.dec.InputOffset()
		t, err := p.dec.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, refuse(Malformed, fmt.Sprintf("at byte %d", p.dec.InputOffset()))
		}
		if err := p.token(t, from); err != nil {
			return nil, err
		}
	}
	if len(p.open) > 0 || p.doc.root == nil {
		return nil, refuse(Malformed, "not whole")
	}
	return p.doc, nil
}

func (p *parser) token(t xml.Token, from int64) error {
	switch t := t.(type) {
	case xml.StartElement:
		return p.start(t, from)
	case xml.EndElement:
		return p.end(t)
	case xml.CharData:
		return p.text(string(t))
	case xml.Comment:
		return p.add(&node{kind: comment, data: string(t)})
	case xml.ProcInst:
		if strings.EqualFold(t.Target, "xml") {
			if from != 0 || t.Target != "xml" {
				return refuse(Malformed, "XML declaration")
			}
			return nil
		}
		if strings.Contains(t.Target, ":") {
			return refuse(Namespace, "instruction")
		}
		return p.add(&node{kind: instruction, name: name{local: t.Target}, data: string(t.Inst)})
	default: // xml.Directive: of the prolog there is only one
		return refuse(Doctype, "")
	}
}

// add puts a node where the reader stands.
func (p *parser) add(n *node) error {
	if p.left -= 1 + len(n.attrs) + len(n.spaces); p.left < 0 {
		return refuse(TooComplex, "nodes")
	}
	switch {
	case len(p.open) > 0:
		top := p.open[len(p.open)-1]
		top.children = append(top.children, n)
	case n.kind == element && p.doc.root != nil:
		return refuse(Malformed, "two roots")
	case n.kind == element:
		p.doc.root = n
	case p.doc.root == nil:
		p.doc.before = append(p.doc.before, n)
	default:
		p.doc.after = append(p.doc.after, n)
	}
	return nil
}

// text adds text, which only the root may hold.
func (p *parser) text(s string) error {
	if len(p.open) == 0 {
		if strings.Trim(s, " \t\n\r") != "" {
			return refuse(Malformed, "text outside of the root")
		}
		return nil
	}
	return p.add(&node{kind: text, data: s})
}

func (p *parser) end(t xml.EndElement) error {
	last := len(p.open) - 1
	if last < 0 || p.closing[last] != written(t.Name) {
		return refuse(Malformed, "end tag")
	}
	for _, s := range p.shadow[last] {
		p.scope[s.prefix] = s.uri
	}
	p.open, p.closing, p.shadow = p.open[:last], p.closing[:last], p.shadow[:last]
	return nil
}

func written(n xml.Name) string { return n.Space + ":" + n.Local }

func (p *parser) start(t xml.StartElement, from int64) error {
	if len(p.open) >= MaxDepth {
		return refuse(TooComplex, "depth")
	}
	t, err := p.normalised(t, from)
	if err != nil {
		return err
	}
	n := &node{kind: element}
	hidden, err := p.declarations(n, t.Attr)
	if err != nil {
		return err
	}
	if n.name, err = p.resolve(t.Name, true); err != nil {
		return err
	}
	if err := p.attributes(n, t.Attr); err != nil {
		return err
	}
	switch {
	case n.name.uri == includeSpace:
		return refuse(XInclude, "")
	case n.name.is(dsSpace, "Signature") && !p.signed:
		return refuse(Signed, "")
	}
	if err := p.add(n); err != nil {
		return err
	}
	p.open, p.closing, p.shadow = append(p.open, n), append(p.closing, written(t.Name)), append(p.shadow, hidden)
	return nil
}

// normalised reads a start tag again if one of its values has a line end or a tab in it as such: they are blanks for
// XML (XML 1.0, clause 3.3.3), but not for encoding/xml, which cannot tell them from references any more.
func (p *parser) normalised(t xml.StartElement, from int64) (xml.StartElement, error) {
	raw := p.in[from:p.dec.InputOffset()]
	if !bytes.ContainsAny(raw, "\t\n") {
		return t, nil
	}
	clean, quote := bytes.Clone(raw), byte(0)
	for i, c := range clean {
		switch {
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case c == quote:
			quote = 0
		case quote != 0 && (c == '\t' || c == '\n'):
			clean[i] = ' '
		}
	}
	again, err := xml.NewDecoder(bytes.NewReader(clean)).RawToken()
	if err != nil {
		return t, refuse(Malformed, "start tag")
	}
	if again, ok := again.(xml.StartElement); ok {
		return again, nil
	}
	return t, refuse(Malformed, "start tag")
}

// declarations puts what an element declares into force and returns what that hides.
func (p *parser) declarations(n *node, attrs []xml.Attr) (hidden []space, err error) {
	seen := map[string]bool{}
	for _, a := range attrs {
		s := space{prefix: a.Name.Local, uri: a.Value}
		switch {
		case a.Name.Space == "" && a.Name.Local == "xmlns":
			s.prefix = ""
		case a.Name.Space != "xmlns":
			continue
		}
		if seen[s.prefix] {
			return nil, refuse(Malformed, "declared twice")
		}
		seen[s.prefix] = true
		if err := s.check(); err != nil {
			return nil, err
		}
		if s.prefix == "xml" {
			continue // says what is known
		}
		hidden = append(hidden, space{s.prefix, p.scope[s.prefix]})
		p.scope[s.prefix] = s.uri
		n.spaces = append(n.spaces, s)
	}
	return hidden, nil
}

// check: Namespaces in XML 1.0, clauses 3 and 5. Relative names fail canonicalization (Canonical XML 1.0, clause 1.3).
func (s space) check() error {
	if s.prefix == "xml" && s.uri == xmlSpace || s.prefix == "" && s.uri == "" {
		return nil
	}
	u, err := url.Parse(s.uri)
	if err != nil || !u.IsAbs() || s.prefix == "xml" || s.prefix == "xmlns" || s.uri == xmlSpace || s.uri == xmlnsSpace || !ncName(s.prefix, true) {
		return refuse(Namespace, "declaration")
	}
	return nil
}

// resolve looks a name up. Only elements are in the default namespace.
func (p *parser) resolve(n xml.Name, isElement bool) (name, error) {
	out := name{prefix: n.Space, local: n.Local}
	if !ncName(out.prefix, true) || !ncName(out.local, false) {
		return out, refuse(Namespace, "name")
	}
	if out.prefix != "" || isElement {
		out.uri = p.scope[out.prefix]
	}
	if out.prefix != "" && out.uri == "" {
		return out, refuse(Namespace, "prefix is not declared")
	}
	return out, nil
}

// ncName checks what encoding/xml leaves open about a part of a name: that it has no colon and begins as names do.
func ncName(s string, mayBeEmpty bool) bool {
	if s == "" {
		return mayBeEmpty
	}
	r, _ := utf8.DecodeRuneInString(s)
	bad := r >= '0' && r <= '9' || r == '-' || r == '.' || r == 0xb7 || r >= 0x300 && r <= 0x36f || r == 0x203f || r == 0x2040
	return !bad && !strings.Contains(s, ":")
}

func (p *parser) attributes(n *node, attrs []xml.Attr) error {
	seen := map[name]bool{}
	for _, a := range attrs {
		if a.Name.Space == "xmlns" || a.Name.Space == "" && a.Name.Local == "xmlns" {
			continue
		}
		full, err := p.resolve(a.Name, false)
		if err != nil {
			return err
		}
		expanded := name{local: full.local, uri: full.uri}
		if seen[expanded] {
			return refuse(Malformed, "attribute is there twice")
		}
		seen[expanded] = true
		if err := p.id(expanded, a.Value); err != nil {
			return err
		}
		n.attrs = append(n.attrs, attr{full, a.Value})
	}
	return nil
}

// id refuses a second element with the same Id, as XML Signature and xml:id write it: who looks for the one might find
// the other. The lower-case id of other vocabularies is data like any other.
func (p *parser) id(n name, value string) error {
	if !n.is("", "Id") && !n.is("", "ID") && !n.is(xmlSpace, "id") {
		return nil
	}
	if p.ids[value] {
		return refuse(DuplicateID, "")
	}
	p.ids[value] = true
	return nil
}

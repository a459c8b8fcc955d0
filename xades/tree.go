package xades

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
)

// kind tells nodes apart.
type kind uint8

const (
	element kind = iota
	text
	comment
	instruction
)

// node is a part of a document. Its names are resolved, so that nobody has to look for a declaration again.
type node struct {
	kind     kind
	name     name    // of an element; of an instruction its target
	spaces   []space // what an element declares
	attrs    []attr  // of an element, without declarations
	data     string  // of all but elements
	children []*node
}

// name is a qualified name with its namespace.
type name struct{ prefix, local, uri string }

func (n name) String() string {
	if n.prefix == "" {
		return n.local
	}
	return n.prefix + ":" + n.local
}

// is compares expanded names.
func (n name) is(uri, local string) bool { return n.uri == uri && n.local == local }

// space is a declaration: xmlns:prefix="uri".
type space struct{ prefix, uri string }

type attr struct {
	name  name
	value string
}

// Document is an XML document without a document type.
type Document struct {
	before, after []*node // comments and instructions outside of the root
	root          *node
}

// Canonical XML knows these escapes and no others (Canonical XML 1.0, clauses 1.1 and 2.3). What they leave is read back
// as the same text by every reader.
var (
	inText  = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\r", "&#xD;")
	inValue = strings.NewReplacer("&", "&amp;", "<", "&lt;", `"`, "&quot;", "\t", "&#x9;", "\n", "&#xA;", "\r", "&#xD;")
)

// write writes the document with all it holds. What Canonical XML leaves open is done as it says, and CDATA sections
// are text.
func (d *Document) write() []byte {
	var w writer
	w.out.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n")
	for _, n := range d.before {
		w.node(n)
		w.out.WriteByte('\n')
	}
	w.node(d.root)
	for _, n := range d.after {
		w.out.WriteByte('\n')
		w.node(n)
	}
	w.out.WriteByte('\n')
	return w.out.Bytes()
}

// canonical is the document in Exclusive XML Canonicalization 1.0 without comments. but, if there, is left out with all
// that is below it: the enveloped signature (XML Signature, clause 6.6.4).
func (d *Document) canonical(but *node) []byte {
	w := writer{exclusive: true, but: but}
	for _, n := range d.before {
		if n.kind == instruction {
			w.node(n)
			w.out.WriteByte('\n')
		}
	}
	w.node(d.root)
	for _, n := range d.after {
		if n.kind == instruction {
			w.out.WriteByte('\n')
			w.node(n)
		}
	}
	return w.out.Bytes()
}

// canonical is the element with all that is below it, in the same form.
func (n *node) canonical() []byte {
	w := writer{exclusive: true}
	w.node(n)
	return w.out.Bytes()
}

// writer writes nodes: as they are, or with exclusive as Exclusive XML Canonicalization 1.0 wants them, where a namespace
// is declared by the outermost element that visibly uses it (clause 3).
type writer struct {
	out       bytes.Buffer
	exclusive bool
	but       *node
	declared  map[string]string // prefixes in the output so far
}

func (w *writer) node(n *node) {
	switch {
	case n == w.but:
	case n.kind == text:
		_, _ = inText.WriteString(&w.out, n.data) // a bytes.Buffer takes everything
	case n.kind == instruction:
		w.out.WriteString("<?" + n.name.local)
		if n.data != "" {
			w.out.WriteString(" " + n.data)
		}
		w.out.WriteString("?>")
	case n.kind == element:
		w.element(n)
	case !w.exclusive:
		w.out.WriteString("<!--" + n.data + "-->")
	}
}

func (w *writer) element(n *node) {
	spaces, attrs := n.spaces, n.attrs
	if w.exclusive {
		spaces, attrs = w.visible(n), sorted(n.attrs)
	}
	w.out.WriteString("<" + n.name.String())
	for _, s := range spaces {
		w.attribute(name{prefix: "xmlns", local: s.prefix}, s.uri)
	}
	for _, a := range attrs {
		w.attribute(a.name, a.value)
	}
	w.out.WriteByte('>')
	var hidden []space
	if w.exclusive {
		hidden = w.declare(spaces)
	}
	for _, c := range n.children {
		w.node(c)
	}
	if w.exclusive {
		w.declare(hidden)
	}
	w.out.WriteString("</" + n.name.String() + ">")
}

func (w *writer) attribute(n name, value string) {
	if n.prefix == "xmlns" && n.local == "" {
		n = name{local: "xmlns"}
	}
	w.out.WriteString(" " + n.String() + `="`)
	_, _ = inValue.WriteString(&w.out, value)
	w.out.WriteByte('"')
}

// visible lists the namespaces that an element has to declare, by prefix: those that its own name and its attributes use
// and that are not in force in the output.
func (w *writer) visible(n *node) []space {
	out := w.undeclared(nil, n.name.prefix, n.name.uri)
	for _, a := range n.attrs {
		if a.name.prefix != "" {
			out = w.undeclared(out, a.name.prefix, a.name.uri)
		}
	}
	slices.SortFunc(out, func(a, b space) int { return cmp.Compare(a.prefix, b.prefix) })
	return slices.Compact(out)
}

func (w *writer) undeclared(to []space, prefix, uri string) []space {
	// xml is never declared. A prefix that was not declared is "", which for the default is also what it then means.
	if prefix == "xml" || w.declared[prefix] == uri {
		return to
	}
	return append(to, space{prefix, uri})
}

// declare puts namespaces into force and returns what was before.
func (w *writer) declare(spaces []space) (before []space) {
	if w.declared == nil {
		w.declared = map[string]string{}
	}
	for _, s := range spaces {
		before = append(before, space{s.prefix, w.declared[s.prefix]})
		w.declared[s.prefix] = s.uri
	}
	return before
}

// sorted puts attributes in the order of Canonical XML 1.0, clause 2.2: by namespace, then by name; those of none first.
func sorted(attrs []attr) []attr {
	out := slices.Clone(attrs)
	slices.SortFunc(out, func(a, b attr) int {
		return cmp.Or(cmp.Compare(a.name.uri, b.name.uri), cmp.Compare(a.name.local, b.name.local))
	})
	return out
}

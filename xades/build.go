package xades

import (
	"crypto"
	"encoding/base64"
)

// The namespaces of signatures (XML Signature 1.1; EN 319 132-1, clause 4.2).
const (
	dsSpace  = "http://www.w3.org/2000/09/xmldsig#"
	xaSpace  = "http://uri.etsi.org/01903/v1.3.2#"
	xa1Space = "http://uri.etsi.org/01903/v1.4.1#"
)

const (
	envelopedURI = dsSpace + "enveloped-signature"
	exclusiveURI = "http://www.w3.org/2001/10/xml-exc-c14n#"
	propertyURI  = "http://uri.etsi.org/01903#SignedProperties"
)

// digestURIs: XML Encryption 1.1, clause 5.8; RFC 6931, clause 2.1.3.
var digestURIs = map[crypto.Hash]string{
	crypto.SHA256: "http://www.w3.org/2001/04/xmlenc#sha256",
	crypto.SHA384: "http://www.w3.org/2001/04/xmldsig-more#sha384",
	crypto.SHA512: "http://www.w3.org/2001/04/xmlenc#sha512",
}

// build makes elements of a namespace.
type build space

var (
	ds  = build{"ds", dsSpace}
	xa  = build{"xades", xaSpace}
	xa1 = build{"xades141", xa1Space}
)

// with makes an element with others in it. It declares nothing.
func (b build) with(local string, children ...*node) *node {
	return &node{kind: element, name: name{b.prefix, local, b.uri}, children: children}
}

// text makes an element with text in it.
func (b build) text(local, s string) *node {
	return b.with(local, &node{kind: text, data: s})
}

// base64 makes an element with bytes in it.
func (b build) base64(local string, v []byte) *node {
	return b.text(local, base64.StdEncoding.EncodeToString(v))
}

// algorithm makes an element that names an algorithm.
func (b build) algorithm(local, uri string) *node {
	return b.with(local).set("Algorithm", uri)
}

// set adds an attribute.
func (n *node) set(local, value string) *node {
	n.attrs = append(n.attrs, attr{name{local: local}, value})
	return n
}

// declares adds a declaration of a namespace.
func (n *node) declares(b build) *node {
	n.spaces = append(n.spaces, space(b))
	return n
}

func (n *node) add(children ...*node) { n.children = append(n.children, children...) }

// digested is a digest with its algorithm, as XML Signature writes it.
func digested(h crypto.Hash, b []byte) []*node {
	return []*node{ds.algorithm("DigestMethod", digestURIs[h]), ds.base64("DigestValue", sum(h, b))}
}

func sum(h crypto.Hash, b ...[]byte) []byte {
	d := h.New()
	for _, part := range b {
		d.Write(part)
	}
	return d.Sum(nil)
}

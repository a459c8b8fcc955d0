// Package cms makes and reads the signatures inside PDF documents: detached CMS
// SignedData (RFC 5652) with the attributes of CAdES that PAdES baseline asks for
// (ETSI EN 319 142-1, clause 6.3; ETSI EN 319 122-1, clause 5).
//
// Making one is split in two, because the key may be elsewhere: [Prepare] gives
// the bytes to be signed, [Pending.Assemble] takes the signature value back. With
// a key at hand [Sign] does both.
package cms

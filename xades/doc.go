// Package xades seals XML documents: enveloped XAdES baseline signatures (ETSI EN 319 132-1) at levels B-B, B-T, B-LT and
// B-LTA. [Parse] reads a document, strictly and within limits, [SignTo] seals it.
//
// What is hashed is the tree that is written: the document is read into a tree, the tree is signed and written, and what
// was written is read again and compared before anybody gets it. The reader takes less than XML allows: no document type,
// so no entities and nothing from outside; see the codes of [Refusal].
//
// Canonical XML is our own here (Exclusive XML Canonicalization 1.0, without comments): about a hundred lines on a tree
// whose names are resolved already.
package xades

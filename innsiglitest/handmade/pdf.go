// Package handmade writes PDFs of the texts of their objects: those that no program would write, and those that are to be
// as small as can be. It imports nothing of ours, so that the tests inside of every package may use it.
package handmade

import (
	"bytes"
	"fmt"
)

// PDF is a document of the given objects with a cross-reference table (ISO 32000-2 7.5). The first is number 1 and the
// catalog. Nothing is checked: a reference may lead nowhere.
func PDF(objects ...string) []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
	at := make([]int, 0, len(objects))
	for i, o := range objects {
		at = append(at, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	start := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(at)+1)
	for _, o := range at {
		fmt.Fprintf(&b, "%010d 00000 n \n", o)
	}
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(at)+1, start)
	return b.Bytes()
}

// Stream is a stream object: the entries of its dictionary without /Length, and its bytes as they stand in the file.
func Stream(entries, body string) string {
	return fmt.Sprintf("<< %s /Length %d >>\nstream\n%s\nendstream", entries, len(body), body)
}

// Page is a document of one page with further entries, resources and content; more objects are numbered from 5 on.
func Page(entries, resources, content string, more ...string) []byte {
	return PDF(append([]string{
		"<< /Type /Catalog /Pages 2 0 R >>",
		"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
		"<< /Type /Page /Parent 2 0 R /Contents 4 0 R /Resources << " + resources + " >> " + entries + " >>",
		Stream("", content),
	}, more...)...)
}

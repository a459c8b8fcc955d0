package innsiglitest

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"codeberg.org/go-pdf/fpdf"
)

// PDF makes a document of some pages whose text and title hold the marker. The title is what a search of bytes finds: it
// stays readable in whatever way the file is written.
func PDF(tb testing.TB, pages int, marker string) []byte {
	tb.Helper()
	p := fpdf.New("P", "mm", "A4", "")
	p.SetCompression(false)
	p.SetTitle(marker, false)
	for n := range pages {
		p.AddPage()
		p.SetFont("Helvetica", "B", 20)
		p.Cell(0, 60, "Service agreement")
		p.Ln(50)
		p.SetFont("Helvetica", "", 12)
		p.MultiCell(0, 7, fmt.Sprintf("Page %d. %s. %s", n+1, marker, strings.Repeat("The parties agree. ", 20)), "", "L", false)
	}
	var b bytes.Buffer
	if err := p.Output(&b); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// BigPDF makes a document of about size bytes: one page, and an image of noise that nothing can shrink and nobody draws.
// It is the same every time.
func BigPDF(tb testing.TB, size int) []byte {
	tb.Helper()
	var b bytes.Buffer
	var at []int
	obj := func(body string) {
		at = append(at, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", len(at), body)
	}
	b.WriteString("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
	obj("<< /Type /Catalog /Pages 2 0 R >>")
	obj("<< /Type /Pages /Kids [3 0 R] /Count 1 >>")
	obj("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F 5 0 R >> /XObject << /Big 6 0 R >> >> /Contents 4 0 R >>")
	text := "BT /F 24 Tf 72 700 Td (A large document) Tj ET"
	obj(fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", len(text), text))
	obj("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
	const width = 4096
	junk := make([]byte, max(width, size-b.Len()-800-size>>13))
	_, _ = rand.NewChaCha8([32]byte{1}).Read(junk) // never fails
	var body bytes.Buffer
	z, err := zlib.NewWriterLevel(&body, zlib.NoCompression) // a filter, so that whoever writes it anew leaves it alone
	if err != nil {
		tb.Fatal(err)
	}
	_, _ = z.Write(junk) // into memory
	_ = z.Close()
	at = append(at, b.Len())
	fmt.Fprintf(&b, "%d 0 obj\n<< /Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceGray /BitsPerComponent 8"+
		" /Filter /FlateDecode /Length %d >>\nstream\n", len(at), width, len(junk)/width, body.Len())
	b.Write(body.Bytes())
	b.WriteString("\nendstream\nendobj\n")
	start := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(at)+1)
	for _, o := range at {
		fmt.Fprintf(&b, "%010d 00000 n \n", o)
	}
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(at)+1, start)
	return b.Bytes()
}

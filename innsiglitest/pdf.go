package innsiglitest

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"codeberg.org/go-pdf/fpdf"

	"github.com/innsigli/innsigli/innsiglitest/handmade"
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
	const width = 4096
	junk := make([]byte, max(width, size-1250-size>>13))
	_, _ = rand.NewChaCha8([32]byte{1}).Read(junk) // never fails
	var body bytes.Buffer
	z, err := zlib.NewWriterLevel(&body, zlib.NoCompression) // a filter, so that whoever writes it anew leaves it alone
	if err != nil {
		tb.Fatal(err)
	}
	_, _ = z.Write(junk) // into memory
	_ = z.Close()
	return handmade.Page("/MediaBox [0 0 595 842]", "/Font << /F 5 0 R >> /XObject << /Big 6 0 R >>", "BT /F 24 Tf 72 700 Td (A large document) Tj ET",
		"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
		handmade.Stream(fmt.Sprintf("/Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceGray /BitsPerComponent 8"+
			" /Filter /FlateDecode", width, len(junk)/width), body.String()))
}

package paper

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/xml"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"codeberg.org/go-pdf/fpdf"
)

// archive makes a file fit for keeping: PDF/A-3b (ISO 19005-3), which lets the JSON be embedded when it is sealed.
func archive(pdf *fpdf.Fpdf, a about, at time.Time) {
	pdf.AddOutputIntent(fpdf.OutputIntentType{
		SubtypeIdent: fpdf.OutputIntent_GTS_PDFA1, OutputConditionIdentifier: "sRGB IEC61966-2.1", ICCProfile: sRGB(),
	})
	pdf.SetXmpMetadata(metadata(a.title, at))
}

// identified mends the trailer of a file made for keeping: fpdf 0.12 names the profile as its information dictionary, which
// is the object before, and gives the file no /ID. What stands behind the table of objects can change its length.
func identified(pdf []byte) ([]byte, error) {
	at := bytes.LastIndex(pdf, []byte("\n/Info "))
	var info int
	if _, err := fmt.Sscanf(string(pdf[max(at, 0):]), "\n/Info %d 0 R", &info); at < 0 || err != nil {
		return nil, errors.New("the trailer names no information")
	}
	end := at + 1 + bytes.IndexByte(pdf[at+1:], '\n')
	id := sha256.Sum256(pdf)
	trailer := fmt.Sprintf("\n/Info %d 0 R\n/ID [<%x><%[2]x>]", info-1, id[:16])
	return slices.Concat(pdf[:at], []byte(trailer), pdf[end:]), nil
}

// metadata is XMP (ISO 16684-1) that says what the file claims to be, with the title and times of its information
// dictionary.
func metadata(title string, at time.Time) []byte {
	var text strings.Builder
	if err := xml.EscapeText(&text, []byte(title)); err != nil {
		return nil // a strings.Builder takes everything
	}
	when := at.Format(time.RFC3339)
	return fmt.Appendf(nil, "<?xpacket begin=\"\ufeff\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n"+
		`<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">`+
		`<rdf:Description rdf:about="" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/" xmlns:dc="http://purl.org/dc/elements/1.1/"`+
		` xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:pdf="http://ns.adobe.com/pdf/1.3/">`+
		`<pdfaid:part>3</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>`+
		`<dc:title><rdf:Alt><rdf:li xml:lang="x-default">%s</rdf:li></rdf:Alt></dc:title>`+
		`<xmp:CreateDate>%s</xmp:CreateDate><xmp:ModifyDate>%s</xmp:ModifyDate><pdf:Producer>Innsigli</pdf:Producer>`+
		"</rdf:Description></rdf:RDF></x:xmpmeta>\n<?xpacket end=\"r\"?>", text.String(), when, when)
}

// sRGB is a profile of the colours that the pages are written in (ICC.1:2004-10, a matrix and the curve of IEC 61966-2-1;
// white and primaries as seen under D50, by Bradford's adaptation).
func sRGB() []byte {
	curve := parametric(2.4, 1/1.055, 0.055/1.055, 1/12.92, 0.04045)
	tags := []struct {
		name string
		data []byte
	}{
		{"desc", localised("sRGB IEC61966-2.1")},
		{"cprt", localised("No copyright, use freely")},
		{"wtpt", fixedPoint("XYZ ", 0.9642, 1, 0.8249)},
		{"chad", fixedPoint("sf32", 1.0478112, 0.0228866, -0.0501270, 0.0295424, 0.9904844, -0.0170491, -0.0092345, 0.0150436, 0.7521316)},
		{"rXYZ", fixedPoint("XYZ ", 0.4360747, 0.2225045, 0.0139322)},
		{"gXYZ", fixedPoint("XYZ ", 0.3850649, 0.7168786, 0.0971045)},
		{"bXYZ", fixedPoint("XYZ ", 0.1430804, 0.0606169, 0.7141733)},
		{"rTRC", curve},
		{"gTRC", curve},
		{"bTRC", curve},
	}
	const head, entry = 128, 12
	var table, data bytes.Buffer
	putNumber(&table, len(tags))
	begin := head + 4 + entry*len(tags)
	for _, t := range tags {
		table.WriteString(t.name)
		putNumber(&table, begin+data.Len())
		putNumber(&table, len(t.data))
		data.Write(t.data)
		data.Write(make([]byte, -len(t.data)&3)) // tags begin at multiples of four
	}
	out := make([]byte, head)
	binary.BigEndian.PutUint32(out, uint32(begin+data.Len())) //nolint:gosec // a few hundred bytes
	binary.BigEndian.PutUint32(out[8:], 0x04200000)           // version 4.2
	copy(out[12:], "mntrRGB XYZ ")                            // of a display, in these colours, seen as CIE XYZ
	copy(out[24:], []byte{7, 208, 0, 1, 0, 1})                // 2000-01-01: the same bytes at any time
	copy(out[36:], "acsp")
	copy(out[68:], fixedPoint("", 0.9642, 1, 0.8249)) // the illuminant, D50
	return slices.Concat(out, table.Bytes(), data.Bytes())
}

func putNumber(b *bytes.Buffer, n int) {
	_ = binary.Write(b, binary.BigEndian, uint32(n)) //nolint:gosec // small numbers, into memory
}

// fixedPoint writes numbers with 16 bits behind the point, after the type of the tag unless it is "".
func fixedPoint(kind string, numbers ...float64) []byte {
	var b bytes.Buffer
	if kind != "" {
		b.WriteString(kind + "\x00\x00\x00\x00")
	}
	for _, v := range numbers {
		_ = binary.Write(&b, binary.BigEndian, int32(math.Round(v*(1<<16)))) // into memory
	}
	return b.Bytes()
}

// parametric is a curve of type 3: a power with a straight beginning.
func parametric(numbers ...float64) []byte {
	return append([]byte("para\x00\x00\x00\x00\x00\x03\x00\x00"), fixedPoint("", numbers...)...)
}

// localised is a text in one language.
func localised(text string) []byte {
	var b bytes.Buffer
	b.WriteString("mluc\x00\x00\x00\x00")
	putNumber(&b, 1)  // text
	putNumber(&b, 12) // bytes of its entry
	b.WriteString("enUS")
	putNumber(&b, 2*len(text))
	putNumber(&b, 28)                // where it begins
	for _, r := range []byte(text) { // ASCII
		b.Write([]byte{0, r})
	}
	return b.Bytes()
}

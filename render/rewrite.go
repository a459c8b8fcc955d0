package render

import (
	"bufio"
	"fmt"
	"io"

	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"
)

// rewrite writes the document anew, in pieces, while PDFium makes it: a child never holds the result.
func (d *document) rewrite(way Way, w io.Writer) error {
	doc := d.ref
	if way >= Flatten {
		if err := d.flatten(); err != nil {
			return err
		}
	}
	if way >= Rebuild {
		var err error
		if doc, err = d.rebuild(); err != nil {
			return err
		}
	}
	out := bufio.NewWriterSize(parts{w}, maxPart) // PDFium writes a few bytes at a time
	_, err := d.pdf.FPDF_SaveAsCopy(&requests.FPDF_SaveAsCopy{
		Document: doc, Flags: requests.SaveFlagRemoveSecurity, FileWriter: out,
	})
	if err != nil && err.Error() == "save of document failed" { // its verdict has no value of its own
		err = fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	if err != nil {
		return fmt.Errorf("save: %w", classify(err))
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("%w: %w", errTalk, err)
	}
	return nil
}

// flatten draws form fields and annotations into their pages. The form is opened first and told of each page, because
// fields without an appearance get theirs from that.
func (d *document) flatten() error {
	if err := d.openForm(); err != nil {
		return err
	}
	for n := range d.pages {
		page, err := d.page(n + 1)
		if err != nil {
			return err
		}
		if _, err := d.pdf.FORM_OnAfterLoadPage(&requests.FORM_OnAfterLoadPage{Page: page, FormHandle: d.form}); err != nil {
			return fmt.Errorf("page %d: %w", n+1, classify(err))
		}
		_, err = d.pdf.FPDFPage_Flatten(&requests.FPDFPage_Flatten{Page: page, Usage: requests.FPDFPage_FlattenUsageNormalDisplay})
		if err != nil {
			return fmt.Errorf("flatten page %d: %w", n+1, classify(err))
		}
	}
	return nil
}

// rebuild moves the pages into an empty document.
func (d *document) rebuild() (references.FPDF_DOCUMENT, error) {
	made, err := d.pdf.FPDF_CreateNewDocument(&requests.FPDF_CreateNewDocument{})
	if err != nil {
		return "", fmt.Errorf("new document: %w", classify(err))
	}
	_, err = d.pdf.FPDF_ImportPages(&requests.FPDF_ImportPages{Source: d.ref, Destination: made.Document})
	if err != nil {
		return "", fmt.Errorf("import pages: %w", classify(err))
	}
	return made.Document, nil
}

// parts sends each write as a frame of its own.
type parts struct{ w io.Writer }

func (p parts) Write(b []byte) (int, error) {
	for rest := b; len(rest) > 0; {
		n := min(len(rest), maxPart)
		if err := writeFrame(p.w, opPart, struct{}{}, int64(n)); err != nil {
			return 0, err
		}
		if _, err := p.w.Write(rest[:n]); err != nil {
			return 0, fmt.Errorf("frame body: %w", err)
		}
		rest = rest[n:]
	}
	return len(b), nil
}

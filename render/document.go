package render

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/klippa-app/go-pdfium"
	pdferrors "github.com/klippa-app/go-pdfium/errors"
	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"
	"github.com/klippa-app/go-pdfium/webassembly"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

// wasmPages is the memory of PDFium in pages of 64 kB: 384 MB, the rest of what a child may have is Go's.
const wasmPages = 384 << 20 >> 16

// library is PDFium, compiled, with one instance ready for the next document.
type library struct {
	pool  pdfium.Pool
	spare pdfium.Pdfium
}

// openLibrary compiles PDFium or takes it from the cache.
func openLibrary(cacheDir string) (*library, error) {
	cache, err := wazero.NewCompilationCacheWithDir(cacheDir)
	if err != nil {
		return nil, fmt.Errorf("compilation cache: %w", err)
	}
	// WithCloseOnContextDone would cost three to five times the time of every page; a child is killed instead.
	run := wazero.NewRuntimeConfig().
		WithCoreFeatures(api.CoreFeaturesV2 | experimental.CoreFeaturesExceptionHandling).
		WithMemoryLimitPages(wasmPages).
		WithCompilationCache(cache)
	pool, err := webassembly.Init(webassembly.Config{
		Context:       withMemory(context.Background()),
		MaxTotal:      1,
		RuntimeConfig: run,
		FSConfig:      wazero.NewFSConfig(), // the default would be the whole file system
		Stdout:        io.Discard,           // the real one is the pipe
		Stderr:        io.Discard,
	})
	if err != nil {
		return nil, fmt.Errorf("pdfium: %w", err)
	}
	lib := &library{pool: pool}
	lib.spare, err = lib.instance()
	return lib, err
}

// instance makes a PDFium of its own: one document never meets the memory of another.
func (l *library) instance() (pdfium.Pdfium, error) {
	if fresh := l.spare; fresh != nil {
		l.spare = nil
		return fresh, nil
	}
	fresh, err := l.pool.GetInstance(time.Minute)
	if err != nil {
		return nil, fmt.Errorf("pdfium instance: %w", err)
	}
	return fresh, nil
}

// document is an open document and the PDFium it alone has.
type document struct {
	pdf   pdfium.Pdfium
	data  []byte
	free  func() // gives data back
	ref   references.FPDF_DOCUMENT
	form  references.FPDF_FORMHANDLE // "" until first needed
	pages int
}

// open takes the bytes over and frees them in the end, also after an error. Errors: ErrUnreadable, ErrTooHeavy for too many pages, any other for PDFium breaking down.
func (l *library) open(data []byte, free func()) (*document, error) {
	pdf, err := l.instance()
	if err != nil {
		free()
		return nil, err
	}
	d := &document{pdf: pdf, data: data, free: free}
	if err := d.load(); err != nil {
		d.close()
		return nil, err
	}
	return d, nil
}

func (d *document) load() error {
	// PDFium asks for pieces as it needs them; handing it the bytes would put a second copy into its own small memory.
	doc, err := d.pdf.OpenDocument(&requests.OpenDocument{FileReader: bytes.NewReader(d.data), FileReaderSize: int64(len(d.data))})
	if err != nil {
		return classify(err)
	}
	d.ref = doc.Document
	count, err := d.pdf.FPDF_GetPageCount(&requests.FPDF_GetPageCount{Document: d.ref})
	if err != nil {
		return classify(err)
	}
	d.pages = count.PageCount
	switch {
	case d.pages < 1:
		return fmt.Errorf("no pages: %w", ErrUnreadable)
	case d.pages > MaxPages:
		return fmt.Errorf("%d pages: %w", d.pages, ErrTooHeavy)
	}
	return nil
}

// classify tells PDFium's verdicts on a document from its own breakdowns (traps, no memory), which stay as they are.
func classify(err error) error {
	verdicts := []error{
		pdferrors.ErrSuccess, pdferrors.ErrUnknown, pdferrors.ErrFile, pdferrors.ErrFormat, pdferrors.ErrPassword,
		pdferrors.ErrSecurity, pdferrors.ErrPage, pdferrors.ErrUnexpected,
	}
	if errors.Is(err, pdferrors.ErrPassword) || errors.Is(err, pdferrors.ErrSecurity) {
		return fmt.Errorf("%w: %w", ErrPassword, err)
	}
	if slices.ContainsFunc(verdicts, func(v error) bool { return errors.Is(err, v) }) {
		return fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	return err
}

// close gives back all memory of the document; the instance's is unmapped with it.
func (d *document) close() {
	_ = d.pdf.Close() // after a trap it complains, and is gone all the same
	d.free()
}

// page names a page, the first is 1.
func (d *document) page(n int) (requests.Page, error) {
	if n < 1 || n > d.pages {
		return requests.Page{}, ErrNoPage
	}
	return requests.Page{ByIndex: &requests.PageByIndex{Document: d.ref, Index: n - 1}}, nil
}

// size is the size of a page as displayed, brought within what Info promises.
func (d *document) size(n int) (Size, error) {
	s, err := d.pdf.FPDF_GetPageSizeByIndex(&requests.FPDF_GetPageSizeByIndex{Document: d.ref, Index: n - 1})
	if err != nil {
		return Size{}, classify(err)
	}
	// The negated comparisons catch NaN too. A page without area is shown as a point rather than as an error.
	if !(s.Width >= 1) {
		s.Width = 1
	}
	if !(s.Height >= 1) {
		s.Height = 1
	}
	return Size{min(s.Width, maxPoints), min(s.Height, maxPoints)}, nil
}

func (d *document) sizes() ([]Size, error) {
	list := make([]Size, 0, d.pages)
	for n := range d.pages {
		s, err := d.size(n + 1)
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, nil
}

package render

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"

	"github.com/klippa-app/go-pdfium/enums"
	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"
	"github.com/klippa-app/go-pdfium/structs"
)

const (
	// maxPixels bounds an image: A4 at the widest step has 8.1 million, and four bytes each must fit into a child.
	maxPixels = 12_000_000
	maxHeight = 1 << 15 // what browsers still show
)

// drawFlags: annotations belong to what is signed; reversed byte order is what package image calls RGBA.
const drawFlags = enums.FPDF_RENDER_FLAG_ANNOT | enums.FPDF_RENDER_FLAG_REVERSE_BYTE_ORDER

// image draws a page on white, with its annotations and form fields, as PNG.
func (d *document) image(n, width int) ([]byte, error) {
	page, err := d.page(n)
	if err != nil {
		return nil, err
	}
	size, err := d.size(n)
	if err != nil {
		return nil, err
	}
	w, h := pixels(size, width)
	// Without alpha: a page that blends with its ground must meet white, as on paper.
	made, err := d.pdf.FPDFBitmap_Create(&requests.FPDFBitmap_Create{Width: w, Height: h})
	if err != nil {
		return nil, fmt.Errorf("bitmap: %w", err)
	}
	if err := d.draw(page, made.Bitmap, w, h); err != nil {
		return nil, err
	}
	buf, err := d.pdf.FPDFBitmap_GetBuffer(&requests.FPDFBitmap_GetBuffer{Bitmap: made.Bitmap})
	if err != nil {
		return nil, fmt.Errorf("bitmap: %w", err)
	}
	if len(buf.Buffer) < w*h*4 {
		return nil, errors.New("bitmap has no memory")
	}
	body, err := encode(&image.RGBA{Pix: buf.Buffer, Stride: len(buf.Buffer) / h, Rect: image.Rect(0, 0, w, h)})
	if err != nil {
		return nil, err
	}
	_, err = d.pdf.FPDFBitmap_Destroy(&requests.FPDFBitmap_Destroy{Bitmap: made.Bitmap})
	return body, err
}

func (d *document) draw(page requests.Page, bitmap references.FPDF_BITMAP, w, h int) error {
	_, err := d.pdf.FPDFBitmap_FillRect(&requests.FPDFBitmap_FillRect{Bitmap: bitmap, Width: w, Height: h, Color: 0xFFFFFFFF})
	if err != nil {
		return fmt.Errorf("ground: %w", err)
	}
	_, err = d.pdf.FPDF_RenderPageBitmap(&requests.FPDF_RenderPageBitmap{
		Bitmap: bitmap, Page: page, SizeX: w, SizeY: h, Flags: drawFlags,
	})
	if err != nil {
		return classify(err)
	}
	if err := d.openForm(); err != nil {
		return err
	}
	_, err = d.pdf.FPDF_FFLDraw(&requests.FPDF_FFLDraw{
		FormHandle: d.form, Bitmap: bitmap, Page: page, SizeX: w, SizeY: h, Flags: drawFlags,
	})
	if err != nil {
		return classify(err)
	}
	return nil
}

// openForm makes what PDFium needs to draw form fields: the callbacks of a viewer in which nothing ever happens.
func (d *document) openForm() error {
	if d.form != "" {
		return nil
	}
	made, err := d.pdf.FPDFDOC_InitFormFillEnvironment(&requests.FPDFDOC_InitFormFillEnvironment{
		Document: d.ref,
		FormFillInfo: structs.FPDF_FORMFILLINFO{
			FFI_Invalidate:         func(references.FPDF_PAGE, float64, float64, float64, float64) {},
			FFI_SetCursor:          func(enums.FXCT) {},
			FFI_SetTimer:           func(int, func(int)) int { return 0 },
			FFI_KillTimer:          func(int) {},
			FFI_GetLocalTime:       func() structs.FPDF_SYSTEMTIME { return structs.FPDF_SYSTEMTIME{} },
			FFI_GetPage:            func(references.FPDF_DOCUMENT, int) *references.FPDF_PAGE { return nil },
			FFI_GetRotation:        func(references.FPDF_PAGE) enums.FPDF_PAGE_ROTATION { return 0 },
			FFI_ExecuteNamedAction: func(string) {},
		},
	})
	if err != nil {
		return fmt.Errorf("form: %w", err)
	}
	d.form = made.FormHandle
	return nil
}

// pixels is the size of the image of a page: width wide, narrower when it would have more than maxPixels.
func pixels(s Size, width int) (w, h int) {
	scale := float64(width) / s.W
	scale = min(scale, math.Sqrt(maxPixels/(s.W*s.H)), maxHeight/s.H)
	w, h = int(math.Round(s.W*scale)), int(math.Round(s.H*scale))
	return max(w, 1), max(h, 1)
}

// encode makes a PNG, quickly: the network is nearer than the time. Pages of text have few colours, and 256 of them fit
// a palette, which takes a quarter of the bytes and of the time.
func encode(img *image.RGBA) ([]byte, error) {
	var out bytes.Buffer
	enc := png.Encoder{CompressionLevel: png.BestSpeed}
	var from image.Image = img
	if few := reduce(img); few != nil {
		from = few
	}
	if err := enc.Encode(&out, from); err != nil {
		return nil, fmt.Errorf("png: %w", err)
	}
	return out.Bytes(), nil
}

// reduce gives an image of at most 256 colours as one with a palette, nil for others. It also makes every pixel opaque:
// PDFium leaves the fourth byte undefined.
func reduce(img *image.RGBA) *image.Paletted {
	few := image.NewPaletted(img.Rect, nil)
	var p palette
	var last uint32
	var at uint8
	fits := true
	for y := range img.Rect.Dy() {
		row := img.Pix[y*img.Stride : y*img.Stride+4*img.Rect.Dx()]
		for x := 0; x < len(row); x += 4 {
			row[x+3] = 0xFF
			if !fits {
				continue
			}
			rgb := uint32(row[x])<<16 | uint32(row[x+1])<<8 | uint32(row[x+2])
			if rgb != last || len(p.colours) == 0 {
				at, fits = p.index(rgb)
				last = rgb
			}
			few.Pix[y*few.Stride+x/4] = at
		}
	}
	if !fits {
		return nil
	}
	few.Palette = p.colours
	return few
}

// palette collects up to 256 colours. It is a hash table of open addressing, because a map of Go takes longer than
// drawing the page.
type palette struct {
	colours color.Palette
	keys    [1024]uint32
	places  [1024]uint16 // index of a colour and 1, 0 for none
}

// index is the place of a colour in the palette; it is added when new, unless there is no room.
func (p *palette) index(rgb uint32) (uint8, bool) {
	slot := rgb * 2654435761 >> 22 // multiplicative hashing by the golden ratio, the upper 10 bits
	for p.places[slot] != 0 && p.keys[slot] != rgb {
		slot = (slot + 1) % uint32(len(p.keys))
	}
	if p.places[slot] == 0 {
		if len(p.colours) == 256 {
			return 0, false
		}
		//nolint:gosec // the shifts leave one byte each
		p.colours = append(p.colours, color.RGBA{uint8(rgb >> 16), uint8(rgb >> 8), uint8(rgb), 0xFF})
		p.keys[slot], p.places[slot] = rgb, uint16(len(p.colours)) //nolint:gosec // at most 256
	}
	return uint8(p.places[slot] - 1), true //nolint:gosec // at most 255
}

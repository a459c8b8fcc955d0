package page

import (
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/go-chi/chi/v5"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/web"
)

// widths are the only widths that page images are drawn in, so that nobody makes the server draw and hold thousands.
// The smallest is for thumbnails, the largest for a page that was enlarged on a screen of 2 or 3 dots a pixel.
func widths() []int { return []int{240, 480, 800, 1200, 1600, 2400} }

const defaultWidth = 800

// eager is how many pages bring all their addresses along: those that a browser may begin to load before the module has
// come, which gives the others theirs. In a document of hundreds of pages that is most of the bytes.
const eager = 3

// reading is the page on which the document is read and signed.
type reading struct {
	person
	Pages []sheet
	Image string // address of an image, with {n} and {w} for page and width
	Sign  bool   // whether there is something to sign
	All   string // where all documents of the sequence are signed; "" for a document alone
	Gone  gone   // what is shown at once when the process ends while the page is open
}

// sheet is one page of the document: where its image is and how large it will be, so that nothing jumps.
type sheet struct {
	N, Of  int
	W, H   int // of the image element, in pixels of CSS
	PtsW   string
	PtsH   string
	Image  string
	SrcSet string
	Text   string
}

// gone are the words that replace a document that was taken away.
type gone struct{ Canceled, Expired, Why string }

// document shows the document with what is asked, or how it stands when there is nothing to sign any more.
func (h *Handler) document(w http.ResponseWriter, r *http.Request) error {
	v, err := h.look(r)
	if err != nil {
		return err
	}
	asked := web.Query(r).Has("read")
	if !v.Process.State.Active() || v.You.Signed() {
		if !asked || !v.Readable() {
			return h.standing(w, r, v, true)
		}
	}
	turn := v.Turn(v.You.Key)
	if !turn && !v.You.Signed() {
		p := h.personFor(r, v)
		p.watched(true)
		return h.notYet(w, &p)
	}
	sizes, err := h.service.PageSizes(r.Context(), v)
	if err != nil {
		return err
	}
	if err := h.saw(r.Context(), r, v); err != nil {
		return err
	}
	d := reading{person: h.personFor(r, v), Sign: v.Process.State.Active() && !v.You.Signed() && turn}
	d.All = d.toAll()
	d.Title = d.P("sign.title", "document", d.Document)
	d.watched(false)
	d.Gone = gone{
		Canceled: d.P("canceled.title"), Expired: d.P("expired.title"),
		Why: d.P("gone.text"),
	}
	d.Image = d.base + "/page/{n}.png?w={w}"
	for i, s := range sizes {
		d.Pages = append(d.Pages, d.sheet(i+1, len(sizes), s))
	}
	return h.show(w, http.StatusOK, "sign", &d)
}

// Seen is where the module tells what was in front of the person.
func (d *reading) Seen() string { return d.base + "/seen" }

// Widths are those of page images, for the module.
func (d *reading) Widths() string { return strings.Trim(fmt.Sprint(widths()), "[]") }

func (d *reading) sheet(n, of int, s innsigli.PageSize) sheet {
	at := d.base + "/page/" + strconv.Itoa(n) + ".png?w="
	height := defaultWidth
	if s.W > 0 {
		height = int(math.Round(defaultWidth * s.H / s.W))
	}
	var set []string
	if n <= eager {
		for _, w := range widths()[1:] {
			set = append(set, fmt.Sprintf("%s%d %dw", at, w, w))
		}
	}
	return sheet{
		N: n, Of: of, W: defaultWidth, H: max(1, height), PtsW: points(s.W), PtsH: points(s.H),
		Image: at + strconv.Itoa(defaultWidth), SrcSet: strings.Join(set, ", "), Text: d.To("/text/" + strconv.Itoa(n)),
	}
}

func points(v float64) string { return strconv.FormatFloat(v, 'f', 2, 64) }

// pageNumber reads the number of a page that the view has.
func pageNumber(r *http.Request, v innsigli.View) (int, error) {
	n, err := strconv.Atoi(chi.URLParam(r, "page"))
	// What has ended has no pages any more; the service says so better than "no such page" would.
	if err != nil || n < 1 || n > pages(v) && !v.Process.State.Ended() {
		return 0, errNoPage
	}
	return n, nil
}

func pages(v innsigli.View) int {
	if v.Process.State == innsigli.Completed && v.Process.Sealed.Pages > 0 {
		return v.Process.Sealed.Pages
	}
	return v.Process.Document.Pages
}

// pageImage draws a page, in the smallest of the widths that is not below the one asked for.
func (h *Handler) pageImage(w http.ResponseWriter, r *http.Request) error {
	v, err := h.look(r)
	if err != nil {
		return h.plainRefusal(w, r, err)
	}
	n, err := pageNumber(r, v)
	if err != nil {
		return h.plainRefusal(w, r, err)
	}
	png, err := h.service.PageImage(r.Context(), v, n, widthFor(r.URL.Query().Get("w")))
	if err != nil {
		return h.plainRefusal(w, r, err)
	}
	w.Header().Set("Content-Type", "image/png")
	return write(w, http.StatusOK, png)
}

func widthFor(asked string) int {
	n, err := strconv.Atoi(asked)
	if err != nil || n <= 0 {
		return defaultWidth
	}
	all := widths()
	if i := slices.IndexFunc(all, func(w int) bool { return w >= n }); i >= 0 {
		return all[i]
	}
	return all[len(all)-1]
}

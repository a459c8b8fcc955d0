package page

import (
	"math"
	"net/http"
	"strconv"
	"strings"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/web"
)

// span is a run of text for the layer over a page's image, in points from the upper left.
type span struct {
	Text string  `json:"t"`
	X    float64 `json:"x"`
	Y    float64 `json:"y"`
	W    float64 `json:"w"`
	H    float64 `json:"h"`
}

type spans struct {
	Spans []span `json:"spans"`
}

// spoken is a page of the document as words alone.
type spoken struct {
	person
	N, Of      int
	Paragraphs []string
	Before     string
	After      string
}

// pageText gives the words of a page: to the module that lays them over the image as JSON, to a person as a page of its
// own, for reading aloud, enlarging or translating.
func (h *Handler) pageText(w http.ResponseWriter, r *http.Request) error {
	w.Header().Add("Vary", "Accept")
	html := strings.Contains(r.Header.Get("Accept"), "text/html")
	list, v, n, err := h.textOf(r)
	if err != nil && html {
		return err
	}
	if err != nil {
		return h.plainRefusal(w, r, err)
	}
	if !html {
		out := spans{Spans: []span{}}
		for _, s := range list {
			out.Spans = append(out.Spans, span{s.Text, round(s.X), round(s.Y), round(s.W), round(s.H)})
		}
		return web.WriteJSON(w, http.StatusOK, out)
	}
	t := spoken{person: h.personFor(r, v), N: n, Of: pages(v), Paragraphs: paragraphs(list)}
	t.Title = t.P("text.title", "n", n, "of", t.Of, "document", t.Document)
	t.watched(false)
	if n > 1 {
		t.Before = t.To("/text/" + strconv.Itoa(n-1))
	}
	if n < t.Of {
		t.After = t.To("/text/" + strconv.Itoa(n+1))
	}
	return h.show(w, http.StatusOK, "text", &t)
}

func (h *Handler) textOf(r *http.Request) ([]innsigli.TextSpan, innsigli.View, int, error) {
	v, err := h.look(r)
	if err != nil {
		return nil, v, 0, err
	}
	n, err := pageNumber(r, v)
	if err != nil {
		return nil, v, 0, err
	}
	list, err := h.service.PageText(r.Context(), v, n)
	return list, v, n, err
}

// round keeps a hundredth of a point: more is noise on the wire.
func round(v float64) float64 { return math.Round(v*100) / 100 }

// paragraphs joins runs of text to lines and lines to paragraphs: a run below the last begins a line; one that leaves
// more than a blank line's room, stands above, or is set clearly smaller or larger, as under a heading, begins a
// paragraph. The order is the document's own.
func paragraphs(list []innsigli.TextSpan) []string {
	var out []string
	var b strings.Builder
	var last innsigli.TextSpan
	for i, s := range list {
		if i > 0 {
			down := s.Y - last.Y
			heading := down > min(s.H, last.H)/2 && max(s.H, last.H) > 1.15*min(s.H, last.H)
			if down < -s.H/2 || down > 1.8*max(s.H, last.H) || heading {
				out = append(out, b.String())
				b.Reset()
			}
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(s.Text)
		last = s
	}
	if b.Len() > 0 {
		out = append(out, b.String())
	}
	return out
}

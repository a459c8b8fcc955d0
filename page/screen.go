package page

import (
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/lang"
	"github.com/innsigli/innsigli/web"
)

// screen is what every page shows: its frame and its language. Pages embed it.
type screen struct {
	*lang.Catalog
	Title   string
	Company string // the frame belongs to the company; empty where none is known
	Watch   watch
	Switch  []language
	Frame   Frame
	News    news
	Dev     bool // this is a test server

	base   string // path of the person's link, "" on other pages
	chosen string // language that was chosen by hand: kept in every link
	kept   string // that, and how the page stands in a frame, as a query
	brand  innsigli.Brand
	assets assets
}

// watch is what the page's module asks the server again and again; empty where there is nothing to watch.
type watch struct {
	URL    string
	State  string
	Signed int
	Reload bool // whether a change is shown at once; a document that is being read is left alone
}

// language is a row of the language switch.
type language struct {
	Tag     string
	Native  string
	URL     string
	Current bool
}

// screenFor makes the frame of a page. The language is the one chosen with ?lng=, else the preferred one, else the
// browser's, else English.
func (h *Handler) screenFor(r *http.Request, preferred string) screen {
	lng := web.Query(r).Get("lng")
	c := lang.Match(strings.Join(r.Header.Values("Accept-Language"), ","), lng, preferred)
	s := screen{Catalog: c, Dev: h.dev, assets: h.assets}
	frame, kept := frameOf(r)
	s.Frame = frame
	if lng != "" {
		s.chosen = c.Tag()
		kept.Set("lng", s.chosen)
	}
	s.kept = kept.Encode()
	at := url.URL{Path: r.URL.Path}
	query := url.Values{}
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		query = r.URL.Query()
	} else {
		at.Path = linkPath(r)
	}
	for _, tag := range lang.Tags() {
		query.Set("lng", tag)
		at.RawQuery = query.Encode()
		s.Switch = append(s.Switch, language{Tag: tag, Native: lang.For(tag).Native(), URL: at.String(), Current: tag == c.Tag()})
	}
	return s
}

// Asset is the address of a file of assets/, with its hash.
func (s screen) Asset(name string) (string, error) {
	u, ok := s.assets.url[name]
	if !ok {
		return "", fmt.Errorf("asset %q: missing", name)
	}
	return u, nil
}

// To is an address under the person's link; a language chosen by hand goes along, and how the page stands in a frame.
func (s screen) To(suffix string) string { return s.keep(s.base + suffix) }

func (s screen) keep(address string) string {
	if s.kept == "" {
		return address
	}
	sep := "?"
	if strings.Contains(address, "?") {
		sep = "&"
	}
	return address + sep + s.kept
}

// policy is the page's Content-Security-Policy.
func (s screen) policy() string { return framed(s.News.Origins) }

// Brand is the address of the company's colours; "" for ours.
func (s screen) Brand() string {
	if s.brand.Colour == "" {
		return ""
	}
	return "/brand/" + strings.TrimPrefix(s.brand.Colour, "#") + ".css"
}

// Logo is the address of the company's logo; "" when it has none.
func (s screen) Logo() string { return innsigli.LogoPath(s.brand.Logo) }

// of is the screen in the frame of whoever asks.
func (s screen) of(f innsigli.Facts) screen {
	s.brand = f.Brand()
	s.Company = untwisted(s.brand.Name)
	return s
}

// Home is the address of the home page, or of the person's own.
func (s screen) Home() string {
	if s.base == "" {
		return "/"
	}
	return s.To("")
}

// Initial is the company's first letter, in place of a logo.
func (s screen) Initial() string {
	for _, r := range s.Company {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return string(unicode.ToUpper(r))
		}
	}
	return ""
}

// H gives a text of page.json for HTML: its words escaped, each value isolated from the direction of the words around
// it. A value of type [template.HTML] is kept as it is, one of type [strong] is stressed.
func (s screen) H(key string, args ...any) template.HTML {
	return dress(s.Pieces("page."+key, args...))
}

// HN is H for n things.
func (s screen) HN(key string, n int, args ...any) template.HTML {
	return dress(s.PiecesN("page."+key, n, args...))
}

// P gives a text of page.json as plain text, for attributes and titles.
func (s screen) P(key string, args ...any) string { return plain(s.T("page."+key, args...)) }

// Day writes a day in the page's language, for machines too.
func (s screen) Day(t time.Time) template.HTML { return stamp(t, s.Date(t)) }

// When writes a day and a time with its zone.
func (s screen) When(t time.Time) template.HTML { return stamp(t, s.DateTime(t)) }

func stamp(t time.Time, text string) template.HTML {
	//nolint:gosec // the text is escaped on the same line
	return template.HTML(`<time datetime="` + t.UTC().Format(time.RFC3339) + `">` + template.HTMLEscapeString(text) + `</time>`)
}

// Strong marks a value as the one that matters.
func (s screen) Strong(v string) strong { return strong(v) }

// Mail is an address that opens a new mail.
func (s screen) Mail(address string) template.HTML {
	u := url.URL{Scheme: "mailto", Opaque: url.PathEscape(address)}
	//nolint:gosec // both halves are escaped on the same line
	return template.HTML(`<a href="` + template.HTMLEscapeString(u.String()) + `">` + template.HTMLEscapeString(address) + `</a>`)
}

type strong string

func dress(pieces []lang.Piece) template.HTML {
	var b strings.Builder
	for _, p := range pieces {
		text := template.HTMLEscapeString(p.Text)
		switch v := p.Value.(type) {
		case template.HTML:
			b.WriteString(string(v))
		case strong:
			b.WriteString("<strong><bdi>" + text + "</bdi></strong>")
		case string:
			b.WriteString("<bdi>" + text + "</bdi>")
		default:
			b.WriteString(text)
		}
	}
	return template.HTML(b.String()) //nolint:gosec // every part was escaped above or is HTML of ours
}

// plain takes characters out that would turn the direction of what follows them: in an attribute or title there is no
// element to isolate them.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Bidi_Control, r) || unicode.IsControl(r) {
			return -1
		}
		return r
	}, s)
}

// untwisted takes out what overrides the direction of letters (Unicode Bidirectional Algorithm, explicit formatting):
// with it a name can be made to read as another. Letters that run from right to left do so by themselves.
func untwisted(s string) string {
	return strings.Map(func(r rune) rune {
		if (r >= '\u202a' && r <= '\u202e') || (r >= '\u2066' && r <= '\u2069') || unicode.IsControl(r) {
			return -1
		}
		return r
	}, s)
}

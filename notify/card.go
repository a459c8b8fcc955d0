package notify

import (
	"bytes"
	_ "embed" // the layout
	"fmt"
	"html/template"
	"image/png"
	"net/url"
	"strings"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/lang"
)

// tone is the colour of a card's tag. The tag has words of its own; the colour only repeats them.
type tone string

const (
	toneDone tone = "done"
	toneStop tone = "stop"
	toneWait tone = "wait"
)

// card is a mail before it is written as text or HTML: who, what, until when, one button, the plain link below it, and
// why the reader gets this (design/pages.md).
type card struct {
	Lang    string
	Company string
	Subject string
	Logo    picture
	Tag     string
	Tone    tone
	Title   string
	Own     *ownWords // what the company has written in the place of Lead and Rest
	Lead    []paragraph
	Code    string
	Facts   []fact
	Button  string
	URL     string
	Hint    string // stands before the plain link
	Rest    []paragraph
	Why     string
	Foot    string
	Stop    string // words of the link that ends such messages; StopURL is where it leads
	StopURL string

	attached bool   // the documents are
	colour   string // of buttons and links, as #rrggbb; empty for ours
}

// ownWords is a company's template, filled: package tmpl has escaped every value in it.
type ownWords struct {
	HTML template.HTML
	Text string
}

// paragraph is a text with its places, so that names can be set apart from the words around them.
type paragraph []lang.Piece

// picture says how large the logo is shown, in CSS pixels; zero without one.
type picture struct{ W, H int }

// ID is the logo's Content-ID.
func (picture) ID() string { return LogoID }

// Room for a logo at the head of a mail, in CSS pixels.
const (
	logoWide = 180
	logoHigh = 48
)

// show gives a logo its place.
func (c *card) show(logo []byte) {
	if at, err := png.DecodeConfig(bytes.NewReader(logo)); err == nil {
		scale := min(1, logoWide/float64(at.Width), logoHigh/float64(at.Height))
		c.Logo = picture{max(1, int(float64(at.Width)*scale)), max(1, int(float64(at.Height)*scale))}
	}
}

// fact is a line of the card's small table.
type fact struct {
	Label, Value string
	isLink       bool // the only way to a file
}

//go:embed card.html
var cardHTML string

// Our colours in card.html, on light and on dark grounds.
const (
	ourLight = "#1d4e89"
	ourDark  = "#7fb2f0"
)

var cardTemplate = cardFrom(cardHTML)

// cardFrom escapes every value for the place it stands in; nothing in a card is ever taken as HTML.
func cardFrom(text string) *template.Template {
	return template.Must(template.New("card").Funcs(template.FuncMap{
		"mailto": func(address string) string { return "mailto:" + url.PathEscape(address) },
	}).Parse(text))
}

// template is the layout in the colour of the card. It stands in style sheets and attributes, some of which mail programs
// do not read, so it is put into the text: what tints give is #rrggbb and nothing else.
func (c *card) template() *template.Template {
	light, dark, ok := innsigli.Tints(c.colour)
	if !ok {
		return cardTemplate
	}
	return cardFrom(strings.NewReplacer(ourLight, light.Brand, ourDark, dark.Brand).Replace(cardHTML))
}

// html writes the card as a page without anything from elsewhere: no image, font, script or style sheet is fetched.
func (c *card) html() (string, error) {
	var b strings.Builder
	if err := c.template().Execute(&b, c); err != nil {
		return "", fmt.Errorf("write card: %w", err)
	}
	return b.String(), nil
}

// text writes the card for readers without HTML: the same, in the same order.
func (c *card) text() string {
	var b strings.Builder
	para := func(s string) {
		if s != "" {
			b.WriteString(s + "\n\n")
		}
	}
	para(c.Title)
	if c.Own != nil {
		para(c.Own.Text)
	}
	for _, p := range c.Lead {
		para(p.String())
	}
	para(c.Code)
	var facts []string
	for _, f := range c.Facts {
		facts = append(facts, f.Label+": "+f.Value)
	}
	para(strings.Join(facts, "\n"))
	if c.URL != "" {
		para(c.Button + ":\n" + c.URL)
	}
	for _, p := range c.Rest {
		para(p.String())
	}
	// "-- " alone on a line begins a signature, which mail programs set apart (RFC 3676 4.3).
	b.WriteString("-- \n" + c.Why + "\n" + c.Foot + "\n")
	if c.StopURL != "" {
		b.WriteString("\n" + c.Stop + ":\n" + c.StopURL + "\n")
	}
	return b.String()
}

// String puts the pieces together.
func (p paragraph) String() string {
	var b strings.Builder
	for _, piece := range p {
		b.WriteString(piece.Text)
	}
	return b.String()
}

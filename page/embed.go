package page

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/web"
)

// EmbedPath is where other sites load our module for embedding from.
const EmbedPath = "/embed.js"

// Frame is how a page that stands in another site's frame is to look (facts/wire.md 5.7). The options go along in every
// link: in a frame there is no cookie to rely on.
type Frame struct {
	Iframe       bool // no head and no foot
	SkipGreeting bool // not who asks, and who else signs
	HideHeader   bool // not what the document is called
	NoEnd        bool // after the signature nothing but that it was given
}

// frameOf reads the options, and gives them as they go into links.
func frameOf(r *http.Request) (Frame, url.Values) {
	q := web.Query(r)
	kept := url.Values{}
	is := func(name, value string) bool {
		if !strings.EqualFold(q.Get(strings.ToLower(name)), value) {
			return false
		}
		kept.Set(name, value)
		return true
	}
	return Frame{
		Iframe: is("iframe", "true"), SkipGreeting: is("skipGreeting", "true"),
		HideHeader: is("hideSignDocumentHeaderText", "true"), NoEnd: is("showEndScreen", "false"),
	}, kept
}

// news is what an open page tells the site that it stands in: a list of messages, and how long the first may wait for a
// document that is being sealed. Only registered origins are told (assets/events.js).
type news struct {
	Origins  []string
	Messages []message
	Wait     bool
}

// message is one of the documented events. File is set where the signed document goes along; the page fetches it.
type message struct {
	Type       string       `json:"type"`
	ProcessKey string       `json:"processKey,omitempty"`
	SigneeKey  string       `json:"signeeKey,omitempty"`
	File       *messageFile `json:"file,omitempty"`
}

type messageFile struct {
	URL      string `json:"url"`
	Digest   string `json:"digest"` // SHA-256 in hex, as in the answer to a code
	FileName string `json:"fileName"`
}

// JSON is the messages for an attribute; "" when there is nobody to tell.
func (n news) JSON() (string, error) {
	if len(n.Messages) == 0 || len(n.Origins) == 0 {
		return "", nil
	}
	b, err := json.Marshal(n.Messages)
	return string(b), err
}

// Listeners are the registered origins.
func (n news) Listeners() string { return strings.Join(n.Origins, " ") }

// tell adds a message about the person's link.
func (p *person) tell(kind string) {
	k, s := string(p.View.Process.Key), string(p.View.You.Key)
	if p.InSequence {
		k, s = string(p.View.Sequence.Key), string(p.View.You.Person)
	}
	p.News.Messages = append(p.News.Messages, message{Type: kind, ProcessKey: k, SigneeKey: s})
}

// tellSigned says that the person has just signed these documents: one message each, then that everything is signed, with
// the last keys. Where the seal is being made, the page waits a little for it, so that the document goes along.
func (p *person) tellSigned(views ...innsigli.View) {
	for _, v := range views {
		m := message{Type: "document_signed", ProcessKey: string(v.Process.Key), SigneeKey: string(v.You.Key)}
		switch {
		case v.Process.State == innsigli.Sealing:
			p.News.Wait = true
		case v.Process.State == innsigli.Completed && v.Readable():
			m.File = &messageFile{
				URL:    "/pdf/" + m.ProcessKey + "/" + m.SigneeKey + ".pdf",
				Digest: v.Process.Sealed.SHA256, FileName: plain(v.Process.FileName),
			}
		}
		p.News.Messages = append(p.News.Messages, m)
	}
	if n := len(p.News.Messages); n > 0 {
		last := p.News.Messages[n-1]
		last.Type, last.File = "signing_completed", nil
		p.News.Messages = append(p.News.Messages, last)
	}
}

// How often one client may have it looked up whose frame an unknown link stands in.
const (
	framedEvery = time.Second
	framedBurst = 30
)

// tellStranger tells the site around a link that belongs to no company that there is nothing: if it is a site that some
// company has registered. The browser says which site it is (Referer of a frame's first page); no other is named.
func (h *Handler) tellStranger(r *http.Request, s *sorry) {
	around := originAround(r)
	if around == "" || h.framing.Allow(h.client(r)) != nil {
		return
	}
	if ok, err := h.service.Embeds(r.Context(), around); !ok || err != nil {
		return // a page in a strange frame is not shown
	}
	m := message{Type: "error"}
	if s.Kind == "notfound" {
		m.Type = "process_not_found"
	}
	m.ProcessKey, m.SigneeKey = namedKeys(r)
	s.News = news{Origins: []string{around}, Messages: []message{m}}
}

// originAround is the origin of the site that shows a page of a person's link in a frame; "" when there is none.
func originAround(r *http.Request) string {
	link := chi.URLParam(r, "signee") + chi.URLParam(r, "person")
	if dest := r.Header.Get("Sec-Fetch-Dest"); dest != "" && dest != "iframe" || link == "" {
		return ""
	}
	u, err := url.Parse(r.Referer())
	if err != nil || u.Host == "" || strings.EqualFold(u.Host, r.Host) {
		return ""
	}
	return strings.ToLower(u.Scheme + "://" + u.Host)
}

// namedKeys are the keys that an address names, if they can be keys.
func namedKeys(r *http.Request) (process, signee string) {
	first, second := chi.URLParam(r, "process"), chi.URLParam(r, "signee")
	if q := chi.URLParam(r, "sequence"); q != "" {
		first, second = q, chi.URLParam(r, "person")
		if !innsigli.SequenceKey(first).Valid() || !innsigli.SequenceSigneeKey(second).Valid() {
			return "", ""
		}
		return first, second
	}
	if !innsigli.ProcessKey(first).Valid() || !innsigli.SigneeKey(second).Valid() {
		return "", ""
	}
	return first, second
}

// justSigned says whether the answer to a code has led here. The page takes the word out of its address when it has
// told, so that nothing is told twice.
func justSigned(r *http.Request) bool { return web.Query(r).Has("signed") }

// framed lets a page be shown in frames of these origins.
func framed(origins []string) string {
	if len(origins) == 0 {
		return csp
	}
	return strings.TrimSuffix(csp, "'none'") + strings.Join(origins, " ")
}

// embed serves our module to other sites. It holds nothing of anybody.
func (h *Handler) embed(w http.ResponseWriter, _ *http.Request) error {
	head := w.Header()
	head.Set("Content-Type", "text/javascript; charset=utf-8")
	head.Set("Cache-Control", "public, max-age=3600")
	head.Set("Access-Control-Allow-Origin", "*")
	head.Set("Cross-Origin-Resource-Policy", "cross-origin")
	return write(w, http.StatusOK, h.assets.byName["embed.js"].body)
}

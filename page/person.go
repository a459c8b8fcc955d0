package page

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/web"
)

// person is a screen of one person's link: who asks for what, and how it stands.
type person struct {
	screen
	View     innsigli.View
	Document string // what the document is called
	Owner    string // whom to ask
	People   []signee
	Again    bool // the person comes back to what they have signed

	InSequence bool // the screen is about all documents of a sequence
	Several    bool // these are more than one
	Declined   bool // the person is who declined

	ways []innsigli.Channel // on which a code can come, the usual one first
}

// OfAll is the key of a text about all documents of a sequence, where the person has several of them: many a language bends the
// words around a document, so that a number of documents cannot stand in its place.
func (p *person) OfAll(key string) string {
	if p.Several {
		return key + ".all"
	}
	return key
}

// signee is a row of the list of people. Others are shown by name only (design/decisions.md 3).
type signee struct {
	Name     string
	You      bool
	Signed   bool
	SignedAt time.Time
}

// keysOf reads the two keys of a link. A malformed one is no such link.
func keysOf(r *http.Request) (innsigli.ProcessKey, innsigli.SigneeKey, error) {
	p := innsigli.ProcessKey(chi.URLParam(r, "process"))
	k := innsigli.SigneeKey(chi.URLParam(r, "signee"))
	if !p.Valid() || !k.Valid() {
		return "", "", errNoPage
	}
	return p, k, nil
}

// linkPath is the path of the person's link that a request is under, also of the one that turns reminders off.
func linkPath(r *http.Request) string {
	if tag := chi.URLParam(r, "tag"); tag != "" {
		return "/unsubscribe/" + url.PathEscape(chi.URLParam(r, "process")) + "/" + url.PathEscape(tag)
	}
	if q := chi.URLParam(r, "sequence"); q != "" {
		return linkOfAll(innsigli.SequenceKey(q), innsigli.SequenceSigneeKey(chi.URLParam(r, "person")))
	}
	p, k, err := keysOf(r)
	if err != nil {
		return "/"
	}
	return linkOf(p, k)
}

func linkOf(p innsigli.ProcessKey, k innsigli.SigneeKey) string {
	return "/s/" + string(p) + "/" + string(k)
}

// look asks how the process stands for whoever holds the link, and may be shown it.
func (h *Handler) look(r *http.Request) (innsigli.View, error) {
	v, err := h.lookAt(r)
	if err == nil && v.Locked() {
		err = innsigli.ErrUnadmitted()
	}
	return v, err
}

// lookAt asks it for anybody who holds the link.
func (h *Handler) lookAt(r *http.Request) (innsigli.View, error) {
	p, k, err := keysOf(r)
	if err != nil {
		return innsigli.View{}, err
	}
	return h.service.Look(r.Context(), p, k, nil)
}

// whoever makes the screen of the link that a request is under, of a document or of all of a sequence.
func (h *Handler) whoever(r *http.Request) (person, error) {
	if chi.URLParam(r, "sequence") != "" {
		v, err := h.lookAll(r)
		if err != nil {
			return person{}, err
		}
		return h.personForAll(r, v), nil
	}
	v, err := h.look(r)
	if err != nil {
		return person{}, err
	}
	return h.personFor(r, v), nil
}

// personFor makes the screen of a view.
func (h *Handler) personFor(r *http.Request, v innsigli.View) person {
	p := person{
		screen: h.screenFor(r, v.You.Language.Tag()).of(v.Facts), View: v,
		Document: untwisted(documentName(v.Process)), Owner: v.Owner(),
	}
	p.News.Origins, p.Declined = v.Company.Origins.List(), v.You.Declined()
	p.base, p.ways = linkOf(v.Process.Key, v.You.Key), h.service.CodeWays(v.You.Phone, v.You.Email)
	for _, s := range v.Process.Signees {
		p.People = append(p.People, signee{Name: untwisted(s.Name), You: s.Key == v.You.Key, Signed: s.Signed(), SignedAt: s.SignedAt})
	}
	return p
}

// documentName is what a person calls the document: its display name, else the file's name without ".pdf".
func documentName(p innsigli.Process) string {
	if p.DisplayName != "" {
		return p.DisplayName
	}
	if n := len(p.FileName) - len(".pdf"); n > 0 && strings.EqualFold(p.FileName[n:], ".pdf") {
		return p.FileName[:n]
	}
	return p.FileName
}

// watched lets the page notice what happens to the process while it is open.
func (p *person) watched(reload bool) {
	p.Watch = watch{URL: p.base + "/state", State: p.View.Process.State.String(), Signed: p.signed(), Reload: reload}
}

func (p *person) signed() int {
	n := 0
	for _, s := range p.People {
		if s.Signed {
			n++
		}
	}
	return n
}

// First is the name to greet the person by: the first part of it, as Icelanders do; whole when there is only one.
func (p *person) First() string {
	if f := strings.Fields(p.View.You.Name); len(f) > 0 {
		return f[0]
	}
	return p.View.You.DisplayName()
}

// way is the way of a code that a page or a form names, if it leads to the person; else the usual one.
func (p *person) way(named string) innsigli.Channel {
	if c := innsigli.Channel(named); slices.Contains(p.ways, c) {
		return c
	}
	return p.Usual()
}

// Usual is the way that a code takes when none is chosen.
func (p *person) Usual() innsigli.Channel {
	if len(p.ways) == 0 {
		return innsigli.ByMail
	}
	return p.ways[0]
}

// Masked is the address of codes on a way, enough of it to recognise one's own.
func (p *person) Masked(by innsigli.Channel) string {
	if by == innsigli.ByMail {
		return maskEmail(p.View.You.Email)
	}
	return maskPhone(p.View.You.Phone)
}

// maskPhone leaves the last four digits.
func maskPhone(s string) string {
	const keep = 4
	if len(s) <= keep {
		return s
	}
	return "••••\u00a0" + s[len(s)-keep:]
}

// maskEmail leaves the first letter and the domain.
func maskEmail(s string) string {
	at := strings.LastIndexByte(s, '@')
	if at < 1 {
		return s
	}
	first := []rune(s)[:1]
	return string(first) + "•••" + s[at:]
}

// Download is the address of the document, with the name it is to be kept under.
func (p *person) Download() string {
	return "/pdf/" + string(p.View.Process.Key) + "/" + string(p.View.You.Key) + ".pdf"
}

// Evidence is the address of the evidence, where it is a file of its own: the document bore signatures when it came. Else
// it stands in the document, and this is "".
func (p *person) Evidence() string { return evidenceOf(p.View) }

// EvidenceName is what that file is called.
func (p *person) EvidenceName() string { return plain(p.View.Process.Evidence.Name) }

func evidenceOf(v innsigli.View) string {
	e := v.Process.Evidence
	if v.Process.State != innsigli.Completed || e.Key == "" {
		return ""
	}
	return "/pdf/" + string(v.Process.Key) + "/" + string(v.You.Key) + "/" + string(e.Key) + ".pdf"
}

// FileName is what the download is called.
func (p *person) FileName() string { return plain(p.View.Process.FileName) }

// toDocument leads back to the document.
func (h *Handler) toDocument(w http.ResponseWriter, r *http.Request) error {
	v, err := h.look(r)
	if err != nil {
		return err
	}
	p := h.personFor(r, v)
	return seeOther(w, r, p.To(""))
}

// seeOther answers a form with another page, so that a reload of that page does not send the form again.
func seeOther(w http.ResponseWriter, r *http.Request, to string) error {
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

// stateAnswer is what an open page asks for every two seconds.
type stateAnswer struct {
	State  string `json:"state"`
	Signed int    `json:"signed"`
}

// state tells an open page whether what it shows is still so.
func (h *Handler) state(w http.ResponseWriter, r *http.Request) error {
	v, err := h.lookAt(r)
	if err != nil {
		return h.plainRefusal(w, r, err)
	}
	n := 0
	for _, s := range v.Process.Signees {
		if s.Signed() {
			n++
		}
	}
	return web.WriteJSON(w, http.StatusOK, stateAnswer{State: v.Process.State.String(), Signed: n})
}

// plainRefusal answers what a page's module or an image asked for: a status and no page. Failures go the common way.
func (h *Handler) plainRefusal(w http.ResponseWriter, r *http.Request, err error) error {
	status, _ := web.Refusal(r, err)
	if status >= http.StatusInternalServerError || status == web.StatusClientGone {
		return err
	}
	w.WriteHeader(status)
	return nil
}

// prefetched says whether a browser fetched the page before anybody asked to see it (Sec-Purpose; the others are older
// spellings of the same).
func prefetched(r *http.Request) bool {
	return slices.ContainsFunc([]string{"Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"}, func(name string) bool {
		v := strings.ToLower(r.Header.Get(name))
		return strings.Contains(v, "prefetch") || strings.Contains(v, "preview") || strings.Contains(v, "prerender")
	})
}

// saw notes that the person was shown the document. Asking for the head of a page, or fetching it ahead, shows nothing.
func (h *Handler) saw(ctx context.Context, r *http.Request, v innsigli.View) error {
	if r.Method != http.MethodGet || prefetched(r) || !v.Unnoted() {
		return nil
	}
	return h.service.Saw(ctx, v.Process.Key, v.You.Key, h.client(r))
}

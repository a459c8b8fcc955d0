package page

import (
	"net/http"
	"slices"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/web"
)

// sequence is the path of one person's link to all documents of a sequence.
const sequence = "/s/{sequence:pg[0-9a-f]+}/{person:gs[0-9a-f]+}"

// all is the page of such a link: the documents with how each stands, and the one button that signs them.
type all struct {
	person
	Docs    []paper
	Sign    bool // whether there is something to sign
	Signed  int  // documents that the person has signed
	ToSign  int  // documents that one code signs now
	Read    bool // whether there is something to read
	Overall innsigli.State
}

// paper is a row of the list of documents.
type paper struct {
	Name      string
	Pages     int
	Signed    bool
	SignedAt  time.Time
	Waits     bool // others sign this one first
	Completed bool
	URL       string // where it is read; "" when it cannot be
	Download  string
	FileName  string

	Evidence     string // where its evidence is, when that is a file of its own; else ""
	EvidenceName string
}

// lookAll asks how a sequence stands for whoever holds the link.
func (h *Handler) lookAll(r *http.Request) (innsigli.SequenceView, error) {
	v, err := h.lookAtAll(r)
	if err == nil && v.Locked() {
		err = innsigli.ErrUnadmitted()
	}
	return v, err
}

// lookAtAll asks it for anybody who holds the link.
func (h *Handler) lookAtAll(r *http.Request) (innsigli.SequenceView, error) {
	q := innsigli.SequenceKey(chi.URLParam(r, "sequence"))
	k := innsigli.SequenceSigneeKey(chi.URLParam(r, "person"))
	if !q.Valid() || !k.Valid() {
		return innsigli.SequenceView{}, errNoPage
	}
	return h.service.LookSequence(r.Context(), q, k, nil)
}

func linkOfAll(q innsigli.SequenceKey, k innsigli.SequenceSigneeKey) string {
	return "/s/" + string(q) + "/" + string(k)
}

// personForAll makes the screen of a view of a sequence. Codes and tries are counted on the person's first signee, so
// that one stands for the person.
func (h *Handler) personForAll(r *http.Request, v innsigli.SequenceView) person {
	first := v.You.First()
	one := innsigli.View{Facts: v.Of(first.Process), You: first}
	one.You.Phone, one.You.Email = v.You.Reach()
	p := h.personFor(r, one) // whose ways are those to these addresses
	p.base, p.InSequence = linkOfAll(v.Sequence.Key, v.You.Key), true
	docs := v.Documents()
	p.Several = len(docs) > 1
	p.Declined = slices.ContainsFunc(v.You.Signees, innsigli.Signee.Declined)
	p.People = peopleOf(docs, v.You.Key)
	p.Watch = watch{URL: p.base + "/state", State: v.SequenceState().String(), Signed: signedIn(docs)}
	return p
}

// peopleOf lists everyone who signs one of the documents, once, as having signed when all of theirs are.
func peopleOf(docs []innsigli.View, you innsigli.SequenceSigneeKey) []signee {
	var out []signee
	at := map[innsigli.SequenceSigneeKey]int{}
	for _, d := range docs {
		for _, s := range d.Process.Signees {
			i, known := at[s.Person]
			if !known {
				at[s.Person] = len(out)
				out = append(out, signee{Name: untwisted(s.Name), You: s.Person == you, Signed: s.Signed(), SignedAt: s.SignedAt})
				continue
			}
			out[i].Signed = out[i].Signed && s.Signed()
			if s.SignedAt.After(out[i].SignedAt) {
				out[i].SignedAt = s.SignedAt
			}
		}
	}
	return out
}

// signedIn counts the signatures on documents, so that an open page notices each.
func signedIn(docs []innsigli.View) int {
	n := 0
	for _, d := range docs {
		for _, s := range d.Process.Signees {
			if s.Signed() {
				n++
			}
		}
	}
	return n
}

// documents lists the documents of a sequence with what is asked, or says that it has ended.
func (h *Handler) documents(w http.ResponseWriter, r *http.Request) error {
	v, err := h.lookAll(r)
	if err != nil {
		return err
	}
	p := h.personForAll(r, v)
	state, docs := v.SequenceState(), v.Documents()
	switch {
	case state.Ended(), state == innsigli.Completed && !docs[0].Readable():
		return h.stand(w, &p, true)
	case state.Active() && !v.You.Signed() && !v.MaySign():
		return h.notYet(w, &p)
	}
	a := all{person: p, Sign: v.MaySign(), Read: docs[0].Readable(), Overall: state}
	a.Watch.Reload = true
	switch {
	case !v.You.Signed():
	case justSigned(r):
		a.tellSigned(docs...)
		if a.Frame.NoEnd {
			return h.quiet(w, &a.person)
		}
	default:
		a.tell("already_signed")
	}
	for _, d := range docs {
		row := h.row(&p, d, v)
		a.Docs = append(a.Docs, row)
		switch {
		case row.Signed:
			a.Signed++
		case !row.Waits:
			a.ToSign++
		}
	}
	a.Title = a.P("all.title")
	if !a.Sign {
		a.Title = a.P("done.title")
	}
	if state == innsigli.Completed {
		a.Title = a.P("completed.title")
	}
	return h.show(w, http.StatusOK, "all", &a)
}

// row shows one document of the list.
func (h *Handler) row(p *person, d innsigli.View, v innsigli.SequenceView) paper {
	own := *p
	own.base = linkOf(d.Process.Key, d.You.Key)
	row := paper{
		Name: untwisted(documentName(d.Process)), Pages: pages(d), Signed: true, Completed: d.Process.State == innsigli.Completed,
		URL: own.To("?read"), Download: "/pdf/" + string(d.Process.Key) + "/" + string(d.You.Key) + ".pdf", FileName: plain(d.Process.FileName),
		Evidence: evidenceOf(d), EvidenceName: plain(d.Process.Evidence.Name),
	}
	for _, s := range v.You.Signees {
		if s.Process != d.Process.Key {
			continue
		}
		row.Signed = row.Signed && s.Signed()
		row.Waits = row.Waits || !s.Signed() && !v.Turn(s.Key)
		if s.SignedAt.After(row.SignedAt) {
			row.SignedAt = s.SignedAt
		}
	}
	return row
}

// notYet says that others sign first.
func (h *Handler) notYet(w http.ResponseWriter, p *person) error {
	s := sorry{person: *p, Kind: "turn"}
	s.Title = s.P("sad.turn.title")
	s.Watch.Reload = true
	return h.show(w, http.StatusOK, "sad", &s)
}

// requestCodeForAll sends one code for all documents and leads to the page that asks for it.
func (h *Handler) requestCodeForAll(w http.ResponseWriter, r *http.Request) error {
	v, err := h.lookAll(r)
	if err != nil {
		return err
	}
	p := h.personForAll(r, v)
	ask, err := h.askedBy(w, r, &p)
	if err != nil {
		return err
	}
	ch, err := h.service.RequestSequenceCode(r.Context(), innsigli.SequenceCodeRequest{Sequence: v.Sequence.Key, Signee: v.You.Key, Ask: ask})
	if err != nil {
		return err
	}
	return seeOther(w, r, p.To(p.sent(ch).path("/code", "")))
}

// codePageForAll asks for the code.
func (h *Handler) codePageForAll(w http.ResponseWriter, r *http.Request) error {
	v, err := h.lookAll(r)
	if err != nil {
		return err
	}
	p := h.personForAll(r, v)
	if !v.MaySign() {
		return seeOther(w, r, p.To(""))
	}
	return h.askCode(w, r, p)
}

// signAll takes the code.
func (h *Handler) signAll(w http.ResponseWriter, r *http.Request) error {
	v, err := h.lookAll(r)
	if err != nil {
		return err
	}
	p := h.personForAll(r, v)
	return h.takeCode(w, r, &p, func(t innsigli.Token, code string, by innsigli.Act) (string, error) {
		signed, err := h.service.SignAll(r.Context(), t, code, by)
		if err != nil || signed.You.Key != v.You.Key || signed.Sequence.Key != v.Sequence.Key {
			return "", err // the token was another link's: the list says what is true for this one
		}
		return "?signed", nil
	})
}

// toDocuments leads back to the list.
func (h *Handler) toDocuments(w http.ResponseWriter, r *http.Request) error {
	v, err := h.lookAll(r)
	if err != nil {
		return err
	}
	p := h.personForAll(r, v)
	return seeOther(w, r, p.To(""))
}

// stateOfAll tells an open page whether what it shows is still so.
func (h *Handler) stateOfAll(w http.ResponseWriter, r *http.Request) error {
	v, err := h.lookAtAll(r)
	if err != nil {
		return h.plainRefusal(w, r, err)
	}
	return web.WriteJSON(w, http.StatusOK, stateAnswer{State: v.SequenceState().String(), Signed: signedIn(v.Documents())})
}

// toAll is the address of the list that a document of a sequence is part of; "" for a document alone.
func (p *person) toAll() string {
	q, k := p.View.Sequence.Key, p.View.You.Person
	if q == "" || k == "" {
		return ""
	}
	return p.keep(linkOfAll(q, k))
}

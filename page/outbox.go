package page

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/go-chi/chi/v5"

	"github.com/innsigli/innsigli"
)

// OutboxPrefix is where the built-in outbox is read.
const OutboxPrefix = "/dev/outbox"

// box is the list of letters.
type box struct {
	screen
	Letters []innsigli.Letter
}

// opened is one letter.
type opened struct {
	screen
	Letter innsigli.Letter
	At     string // its own address
	Text   []textPart
}

// textPart is a piece of a plain text: words, or a link.
type textPart struct {
	Text string
	Link bool
}

// outbox lists what the server would have sent.
func (h *Handler) outbox(w http.ResponseWriter, r *http.Request) error {
	letters, err := h.mailbox.List(r.Context())
	if err != nil {
		return fmt.Errorf("outbox: %w", err)
	}
	for i := range letters {
		letters[i].To = bare(letters[i].To)
	}
	b := box{screen: h.screenFor(r, ""), Letters: letters}
	b.Title = b.P("outbox.title")
	return h.show(w, http.StatusOK, "outbox", &b)
}

// letter shows a message.
func (h *Handler) letter(w http.ResponseWriter, r *http.Request) error {
	l, err := h.mailbox.Read(r.Context(), chi.URLParam(r, "id"))
	if err != nil {
		return err
	}
	l.To = bare(l.To)
	o := opened{screen: h.screenFor(r, ""), Letter: l, At: OutboxPrefix + "/" + l.ID, Text: linked(l.Text)}
	o.Title = plain(l.Subject)
	if l.Subject == "" {
		o.Title = o.P("outbox.sms")
		if l.Call {
			o.Title = o.P("outbox.call")
		}
	}
	return h.show(w, http.StatusOK, "letter", &o)
}

// bare takes the brackets off an address that comes without a name.
func bare(address string) string {
	if strings.HasPrefix(address, "<") && strings.HasSuffix(address, ">") {
		return address[1 : len(address)-1]
	}
	return address
}

// letterHTML shows a mail's HTML inside its frame, under a policy of its own that lets it do nothing.
func (h *Handler) letterHTML(w http.ResponseWriter, r *http.Request) error {
	l, err := h.mailbox.Read(r.Context(), chi.URLParam(r, "id"))
	if err != nil {
		return err
	}
	if l.HTML == "" {
		return errNoPage
	}
	w.Header().Set("Content-Security-Policy", cspLetter)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	return write(w, http.StatusOK, newTabs([]byte(l.HTML)))
}

// newTabs makes links of a mail open in a new tab: inside the frame they would lead to pages that refuse to be framed.
func newTabs(html []byte) []byte {
	const base = `<base target="_blank">`
	if at := bytes.Index(html, []byte("<head>")); at >= 0 {
		at += len("<head>")
		return append(append(bytes.Clone(html[:at]), base...), html[at:]...)
	}
	return append([]byte(base), html...)
}

// letterFile hands out an attachment, always to be saved and never to be shown.
func (h *Handler) letterFile(w http.ResponseWriter, r *http.Request) error {
	n, err := strconv.Atoi(chi.URLParam(r, "n"))
	if err != nil || n < 0 {
		return errNoPage
	}
	body, f, err := h.mailbox.File(r.Context(), chi.URLParam(r, "id"), n)
	if err != nil {
		return err
	}
	typ := "application/octet-stream"
	if f.Type == "application/pdf" {
		typ = f.Type
	}
	w.Header().Set("Content-Type", typ)
	w.Header().Set("Content-Security-Policy", "default-src 'none'; sandbox")
	w.Header().Set("Content-Disposition", disposition(f.Name))
	if r.Method != http.MethodHead {
		if _, err := io.Copy(w, body); err != nil {
			_ = body.Close()
			panic(http.ErrAbortHandler) // net/http's own word for "break off": half a file must not look whole
		}
	}
	return body.Close()
}

// disposition names a download (RFC 6266).
func disposition(name string) string {
	if d := mime.FormatMediaType("attachment", map[string]string{"filename": plain(name)}); d != "" {
		return d
	}
	return "attachment"
}

// linked finds the addresses in a plain text.
func linked(text string) []textPart {
	var out []textPart
	last := 0
	for _, at := range regexp.MustCompile(`https?://[^\s<>"]+`).FindAllStringIndex(text, -1) {
		end := at[0] + len(strings.TrimRight(text[at[0]:at[1]], ".,;:!?)"))
		if at[0] > last {
			out = append(out, textPart{Text: text[last:at[0]]})
		}
		out = append(out, textPart{Text: text[at[0]:end], Link: true})
		last = end
	}
	if last < len(text) {
		out = append(out, textPart{Text: text[last:]})
	}
	return out
}

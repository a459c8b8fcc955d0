package page

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/web"
)

// VerifyPath is where anybody has a document's signatures checked.
const VerifyPath = "/verify"

// How often one client may have a document checked, and how many are checked at once: each may take a core for seconds.
const (
	verifyEvery   = 6 * time.Second
	verifyBurst   = 10
	verifyAtOnce  = 2
	verifyPatient = 10 * time.Second
)

// checked is the page that takes a document and tells about it.
type checked struct {
	screen
	Action string
	Wrong  string // why the document could not be read, a word of the catalogue
	Name   string // what the sender calls it
	Report *innsigli.Report
	Most   int // megabytes
}

// verifyForm asks for a document.
func (h *Handler) verifyForm(w http.ResponseWriter, r *http.Request) error {
	return h.showChecked(w, r, http.StatusOK, h.checkedFor(r))
}

func (h *Handler) checkedFor(r *http.Request) *checked {
	c := &checked{screen: h.screenFor(r, ""), Action: VerifyPath, Most: innsigli.MaxSealedBytes >> 20}
	for i := range c.Switch { // the answer to a form has no address of its own: another language begins anew
		c.Switch[i].URL = VerifyPath + "?lng=" + c.Switch[i].Tag
	}
	if c.chosen != "" {
		c.Action += "?lng=" + c.chosen
	}
	return c
}

func (h *Handler) showChecked(w http.ResponseWriter, _ *http.Request, status int, c *checked) error {
	c.Title = c.P("verify.title")
	if c.Report != nil {
		c.Title = c.P("verify.sum." + c.Report.Summary)
	}
	return h.show(w, status, "verify", c)
}

// verify checks a document, which is a form's file or the body itself. Who accepts JSON and no HTML gets the report as
// JSON (docs/verify.md). Nothing is kept.
func (h *Handler) verify(w http.ResponseWriter, r *http.Request) error {
	w.Header().Add("Vary", "Accept")
	report, name, err := h.judge(w, r)
	if !strings.Contains(r.Header.Get("Accept"), "text/html") {
		if err != nil {
			web.WriteError(w, r, err)
			if status, _ := web.Refusal(r, err); status >= http.StatusInternalServerError {
				h.log.ErrorContext(r.Context(), "verification failed", "request", web.RequestID(r.Context()), "cause", err.Error())
			}
			return nil
		}
		return web.WriteJSON(w, http.StatusOK, report)
	}
	c := h.checkedFor(r)
	if err != nil {
		status, e := web.Refusal(r, err)
		if c.Wrong = wrongWord(e); c.Wrong == "" {
			return err
		}
		return h.showChecked(w, r, status, c)
	}
	c.Report, c.Name = report, untwisted(name)
	return h.showChecked(w, r, http.StatusOK, c)
}

// wrongWord is the catalogue's word for what is wrong with a document, empty for what is no fault of a document.
func wrongWord(e *innsigli.Error) string {
	if len(e.Fields) == 0 || e.Fields[0].Field != "file" {
		return ""
	}
	switch code := e.Fields[0].Code; code {
	case "Missing", "NotPDF", "Encrypted", "TooLarge":
		return strings.ToLower(code)
	}
	return "unreadable"
}

func (h *Handler) judge(w http.ResponseWriter, r *http.Request) (*innsigli.Report, string, error) {
	if err := h.verifying.Allow(h.client(r)); err != nil {
		return nil, "", err
	}
	f, err := web.Receive(w, r, "file", innsigli.MaxSealedBytes)
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = f.Close() }() // it has no name any more: there is nothing to be done about it
	ctx, cancel := context.WithTimeout(r.Context(), verifyPatient)
	defer cancel()
	select {
	case h.turns <- struct{}{}:
		defer func() { <-h.turns }()
	case <-ctx.Done():
		return nil, "", errors.Join(r.Context().Err(), errBusy)
	}
	report, err := h.service.Verify(r.Context(), f, f.Size)
	return report, f.Name, err
}

// errBusy refuses a document when too many wait.
var errBusy = &innsigli.Error{
	Kind: innsigli.TooMany, Code: "Limit", Text: "Too many documents are being checked. Please try again in a minute.", RetryAfter: time.Minute,
}

// Mood is the colour of a conclusion: ok, wait or stop. Words say the same.
func (c *checked) Mood(i any) string {
	switch i {
	case innsigli.TotalPassed:
		return "ok"
	case innsigli.TotalFailed:
		return "stop"
	}
	return "wait"
}

// Weighty are the findings that decide or warn; the others stand under "details".
func (c *checked) Weighty(s innsigli.SignatureReport) []string {
	var out []string
	for _, f := range s.Findings {
		if f.Severity != "info" && !slices.Contains(out, f.Rule) {
			out = append(out, f.Rule)
		}
	}
	return out
}

// Safe takes out of foreign text what turns the direction of what follows.
func (c *checked) Safe(s string) string { return untwisted(s) }

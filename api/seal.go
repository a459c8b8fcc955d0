package api

import (
	"bytes"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/web"
)

// sealDocument is the public API's request (facts/wire.md 1.6).
type sealDocument struct {
	PdfDocument       string         `json:"pdfDocument" required:"true"`
	FlowKey           string         `json:"flowKey" required:"true"`
	Reason            string         `json:"reason"`
	LanguageType      jsontext.Value `json:"languageType"`
	AddSealOnAllPages bool           `json:"addSealOnAllPages"`
}

// The headers of a sealing answer: the public API's, and ours.
const (
	sealCountHeader = "X-Seal-Count"
	sealLevelHeader = "X-Seal-Level"
)

// sealPDF is POST /management/sealing. Neither the document nor the sealed one is ever whole in memory.
func (a *API) sealPDF(w http.ResponseWriter, r *http.Request, c innsigli.Caller) error {
	up, err := a.Service.NewUpload(r.Context())
	if err != nil {
		return err
	}
	defer up.Abort()
	var in sealDocument
	err = readSpilled(http.MaxBytesReader(w, r.Body, innsigli.MaxBodyBytes), "pdfDocument", innsigli.MaxDocumentBytes, up, &in, &in.PdfDocument)
	if err != nil {
		return err
	}
	req := innsigli.SealRequest{Flow: innsigli.FlowKey(strings.TrimSpace(in.FlowKey)), Reason: strings.TrimSpace(in.Reason), AllPages: in.AddSealOnAllPages}
	var ok bool
	if req.Language, ok = enum(in.LanguageType, innsigli.LangIs, parseSealLanguage); !ok {
		return innsigli.InvalidField("languageType", "Enum", "languageType is not a known language: Is or En.")
	}
	got, err := a.Service.SealDocument(r.Context(), c, req, up)
	if err != nil {
		return err
	}
	defer got.Close() //nolint:errcheck // a reader; what could be lost was lost while reading
	h := w.Header()
	h.Set("Content-Type", got.Type)
	h.Set("Content-Length", strconv.FormatInt(got.Size, 10))
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": got.Name}))
	h.Set(sealCountHeader, strconv.Itoa(got.Seals))
	sayLevel(h, innsigli.LevelName(got.Level), got.Pending)
	_, err = got.WriteTo(w)
	return err
}

// parseSealLanguage takes the languages of seals only.
func parseSealLanguage(s string) (innsigli.Language, bool) {
	l, ok := innsigli.ParseLanguage(s)
	return l, ok && (l == innsigli.LangIs || l == innsigli.LangEn)
}

// sayLevel says what level a seal has, and warns if that is not the one wanted.
func sayLevel(h http.Header, level string, pending bool) {
	h.Set(sealLevelHeader, level)
	if pending {
		h.Set(sealLevelHeader, level+"; pending")
		h.Set("Warning", `199 - "The seal is at level `+level+` only, since a trust service did not answer. It is not raised later; send the document again for a higher one."`) // RFC 7234 5.5.7
	}
}

// readSpilled reads a body into in, and its one document, which may be long, into to. short is the member of in that holds
// the document if it was short.
func readSpilled(body io.Reader, field string, most int64, to io.Writer, in any, short *string) error {
	limits := web.DefaultSpillLimits()
	limits.MaxValue = most
	var rest bytes.Buffer
	spilled := ""
	err := web.SpillJSON(&rest, body, limits, func(token, path string, r io.Reader) error {
		if !strings.EqualFold(path, field) {
			return innsigli.InvalidField(path, "Length", path+" is too long.")
		}
		spilled = token
		_, err := io.Copy(to, r)
		return err
	})
	if err != nil {
		return err
	}
	if err := web.ReadJSON(&rest, in); err != nil {
		return err
	}
	if *short == "" || *short == spilled {
		return nil
	}
	b, err := web.DecodeBase64(field, *short, most)
	if err != nil {
		return err
	}
	_, err = to.Write(b)
	return err
}

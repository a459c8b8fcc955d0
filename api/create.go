package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/web"
)

// createSigningProcess is the public API's request (facts/wire.md 1.3). Enums and meta values are read as they come.
type createSigningProcess struct {
	FlowKey              string                    `json:"flowKey"`
	PdfDocument          string                    `json:"pdfDocument"`
	PdfFileName          string                    `json:"pdfFileName"`
	CreateSignees        []createSignee            `json:"createSignees"`
	Meta                 map[string]jsontext.Value `json:"meta"`
	Attachments          []createAttachment        `json:"attachments"`
	AttachmentReferences []createReference         `json:"attachmentReferences"`
	RequiresAuth         bool                      `json:"requiresAuth"`
	SignInOrder          bool                      `json:"signInOrder"`
	SignatureLocation    jsontext.Value            `json:"signatureLocation"`
	User                 string                    `json:"user"`
	SequenceKey          string                    `json:"sequenceKey"`
	ActivityDisplayName  string                    `json:"activityDisplayName"`
	FlattenDocument      bool                      `json:"flattenDocument"`
	ReminderRule         string                    `json:"reminderRule"`
	AllowReassign        bool                      `json:"allowReassign"` // ours
}

type createAttachment struct {
	FileName    string `json:"fileName"`
	FileContent string `json:"fileContent"`
}

// createReference names a file of an earlier process of the company; its other members are not needed.
type createReference struct {
	ID         string `json:"id"`
	ProcessKey string `json:"processKey"`
}

type createSignee struct {
	Name                      string         `json:"name"`
	Ssn                       string         `json:"ssn"`
	PhoneNumber               string         `json:"phoneNumber"`
	Email                     string         `json:"email"`
	Address                   string         `json:"address"`
	PostalCode                string         `json:"postalCode"`
	City                      string         `json:"city"`
	Reason                    string         `json:"reason"`
	HidePersonalCode          bool           `json:"hidePersonalCode"`
	CommunicationDeliveryType jsontext.Value `json:"communicationDeliveryType"`
	SignatureType             jsontext.Value `json:"signatureType"`
	User                      string         `json:"user"`
	Language                  jsontext.Value `json:"language"`
	Languages                 jsontext.Value `json:"languages"` // what the documentation's parameter list calls it
	CustomSmsText             string         `json:"customSmsText"`
}

// create is POST /management/signing. The document is taken out of the body as a stream, so that it is never whole in
// memory.
func (a *API) create(w http.ResponseWriter, r *http.Request, c innsigli.Caller) (err error) {
	up, err := a.Service.NewUpload(r.Context())
	if err != nil {
		return err
	}
	defer up.Abort()
	in, err := readCreate(r.Context(), http.MaxBytesReader(w, r.Body, innsigli.MaxBodyBytes), up)
	if err != nil {
		return err
	}
	req, err := in.request()
	if err != nil {
		return err
	}
	req.Idempotency = r.Header.Get("Idempotency-Key")
	got, err := a.Service.Create(r.Context(), c, req, up)
	if err != nil {
		return err
	}
	if got.Warning != "" {
		w.Header().Set("Warning", `199 - "`+got.Warning+`"`) // RFC 7234 5.5.7
	}
	return web.WriteJSON(w, http.StatusOK, a.process(got.Process))
}

// createLimits leaves in the JSON what may be long and is no document: values and names of meta. Encoders write up to
// six bytes on the wire for one that is meant (the escape \u00f0 stands for two).
func createLimits() web.SpillLimits {
	l := web.DefaultSpillLimits()
	l.LongerThan, l.MaxName, l.Documents = 6*innsigli.MaxMetaBytes, 4<<10, []string{"pdfDocument", "fileContent"}
	return l
}

// readCreate reads the body and writes the document and the attachments into up, wherever in the body they stand.
func readCreate(ctx context.Context, body io.Reader, up *innsigli.Upload) (createSigningProcess, error) {
	var in createSigningProcess
	var rest bytes.Buffer
	document, files := "", &attachments{up: up, tokens: map[int]string{}}
	err := web.SpillJSON(&rest, body, createLimits(), func(token, path string, r io.Reader) error {
		if i, ok := attachmentAt(path); ok {
			return files.spilled(ctx, i, "", token, r)
		}
		if !strings.EqualFold(path, "pdfDocument") {
			return notADocument(path)
		}
		document = token
		_, err := io.Copy(up, r)
		return err
	})
	if err != nil {
		return in, err
	}
	if err := web.ReadJSON(&rest, &in); err != nil {
		return in, err
	}
	if err := files.short(ctx, "", in.Attachments); err != nil {
		return in, err
	}
	if in.PdfDocument == "" || in.PdfDocument == document {
		return in, nil
	}
	short, err := web.DecodeBase64("pdfDocument", in.PdfDocument, innsigli.MaxDocumentBytes)
	if err != nil {
		return in, err
	}
	_, err = up.Write(short)
	return in, err
}

// notADocument refuses a long value in any other place.
func notADocument(path string) error {
	return innsigli.InvalidField(path, "Length", path+" is too long.")
}

func unbuilt(name string) innsigli.FieldError {
	return innsigli.FieldError{Field: name, Code: "NotSupported", Text: "This server cannot do " + name + " yet."}
}

// notBuilt names the members of the request that are known and not built yet. Ignoring them would do something else
// than was asked (design/decisions.md 2).
func (in *createSigningProcess) notBuilt() []innsigli.FieldError {
	var out []innsigli.FieldError
	for _, m := range []struct {
		name string
		set  bool
	}{
		{"sequenceKey", in.SequenceKey != ""},
	} {
		if m.set {
			out = append(out, unbuilt(m.name))
		}
	}
	return out
}

// request translates the wire into the trade.
func (in *createSigningProcess) request() (innsigli.CreateRequest, error) {
	bad := in.notBuilt()
	wrong := func(field, what string) {
		bad = append(bad, innsigli.FieldError{Field: field, Code: "Enum", Text: field + " is not a known " + what + "."})
	}
	req := innsigli.CreateRequest{
		Flow: innsigli.FlowKey(strings.TrimSpace(in.FlowKey)), FileName: strings.TrimSpace(in.PdfFileName), User: strings.TrimSpace(in.User),
		DisplayName: strings.TrimSpace(in.ActivityDisplayName), InOrder: in.SignInOrder, RequiresAuth: in.RequiresAuth, Flatten: in.FlattenDocument, Hash: in.hash(),
		ReminderRule: strings.TrimSpace(in.ReminderRule), AllowReassign: in.AllowReassign,
		Attachments: in.attachments(),
	}
	var ok bool
	if req.Location, ok = enum(in.SignatureLocation, innsigli.TopFirstPage, innsigli.ParseLocation); !ok {
		wrong("signatureLocation", "place")
	}
	for k, v := range in.Meta {
		text, ok := web.Scalar(v)
		if !ok {
			bad = append(bad, innsigli.FieldError{Field: "meta." + k, Code: "Type", Text: "meta." + k + " must be a text."})
		}
		if req.Meta == nil {
			req.Meta = map[string]string{}
		}
		req.Meta[k] = text
	}
	for i := range in.CreateSignees {
		req.Signees = append(req.Signees, in.CreateSignees[i].signee(fmt.Sprintf("createSignees[%d].", i), wrong))
	}
	if len(bad) > 0 {
		return req, &innsigli.Error{Kind: innsigli.Invalid, Code: bad[0].Code, Text: bad[0].Text, Fields: bad}
	}
	return req, nil
}

func (s *createSignee) signee(at string, wrong func(field, what string)) innsigli.NewSignee {
	out := innsigli.NewSignee{
		Name: strings.TrimSpace(s.Name), Ssn: strings.TrimSpace(s.Ssn), Phone: strings.TrimSpace(s.PhoneNumber), Email: strings.TrimSpace(s.Email),
		Address: strings.TrimSpace(s.Address), PostalCode: strings.TrimSpace(s.PostalCode), City: strings.TrimSpace(s.City),
		Reason: strings.TrimSpace(s.Reason), CustomSms: strings.TrimSpace(s.CustomSmsText), User: strings.TrimSpace(s.User),
		HideCode: s.HidePersonalCode,
	}
	var ok bool
	if out.Delivery, ok = enum(s.CommunicationDeliveryType, innsigli.DeliverNone, innsigli.ParseDelivery); !ok {
		wrong(at+"communicationDeliveryType", "delivery")
	}
	if out.Type, ok = enum(s.SignatureType, 0, innsigli.ParseSignatureType); !ok {
		wrong(at+"signatureType", "signature type")
	}
	lang := s.Language
	if len(lang) == 0 {
		lang = s.Languages
	}
	if out.Language, ok = enum(lang, innsigli.LangNotSet, innsigli.ParseLanguage); !ok {
		wrong(at+"language", "language")
	}
	return out
}

// enum reads a name or number; a member left out, null or empty gives the default.
func enum[T any](v jsontext.Value, def T, parse func(string) (T, bool)) (T, bool) {
	s, ok := web.Scalar(v)
	if !ok {
		return def, false
	}
	if s = strings.TrimSpace(s); s == "" {
		return def, true
	}
	return parse(s)
}

// hash stands for the request without its document, for the Idempotency-Key.
func (in *createSigningProcess) hash() string {
	small := *in
	small.PdfDocument, small.Attachments = "", nil
	for _, a := range in.Attachments {
		small.Attachments = append(small.Attachments, createAttachment{FileName: a.FileName})
	}
	return digest(small)
}

// digest is the SHA-256, in hex, of what a request asks for.
func digest(v any) string {
	b, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		return ""
	}
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/web"
)

// createSequentialSigning is the public API's request (facts/wire.md 1.3).
type createSequentialSigning struct {
	CreateSigningProcesses []createSigningProcess `json:"createSigningProcesses"`
	User                   string                 `json:"user"`
	RequiresAuth           bool                   `json:"requiresAuth"`
	SignInOrder            bool                   `json:"signInOrder"`
	AllowReassign          bool                   `json:"allowReassign"` // ours: of all its processes
}

// uploads are the documents of one request, by the number of their process. Each goes into the blob store as it comes,
// so that none is ever whole in memory.
type uploads struct {
	begin  func(context.Context) (*innsigli.Upload, error)
	byID   map[int]*innsigli.Upload
	tokens map[int]string
	taken  map[int]bool         // the document has come
	files  map[int]*attachments // of the uploads
}

func (u *uploads) abort() {
	for _, up := range u.byID {
		up.Abort()
	}
}

// document begins the upload of a process.
func (u *uploads) document(ctx context.Context, i int) (*innsigli.Upload, error) {
	if u.taken[i] {
		return nil, innsigli.InvalidField(documentPlace(i), "Duplicate", documentPlace(i)+" is there twice.")
	}
	u.taken[i] = true
	return u.upload(ctx, i)
}

// upload is where the document and the attachments of a process go, whichever of them comes first.
func (u *uploads) upload(ctx context.Context, i int) (*innsigli.Upload, error) {
	if u.byID[i] != nil {
		return u.byID[i], nil
	}
	up, err := u.begin(ctx)
	if err == nil {
		u.byID[i] = up
		u.files[i] = &attachments{up: up, tokens: map[int]string{}}
	}
	return up, err
}

func documentPlace(i int) string { return fmt.Sprintf("createSigningProcesses[%d].pdfDocument", i) }

func processPlace(i int) string { return fmt.Sprintf("createSigningProcesses[%d].", i) }

var memberPath = regexp.MustCompile(`(?i)^createSigningProcesses\[(\d+)\]\.(.+)$`)

// createSequence is POST /management/signing/sequential.
func (a *API) createSequence(w http.ResponseWriter, r *http.Request, c innsigli.Caller) error {
	ups := &uploads{begin: a.Service.NewUpload, byID: map[int]*innsigli.Upload{}, tokens: map[int]string{}, taken: map[int]bool{}, files: map[int]*attachments{}}
	defer ups.abort()
	in, err := ups.read(r.Context(), http.MaxBytesReader(w, r.Body, innsigli.MaxSequenceBody))
	if err != nil {
		return err
	}
	req, err := in.request()
	if err != nil {
		return err
	}
	req.Idempotency = r.Header.Get("Idempotency-Key")
	documents := make([]*innsigli.Upload, len(req.Processes))
	for i := range documents {
		documents[i] = ups.byID[i]
	}
	got, err := a.Service.CreateSequence(r.Context(), c, req, documents)
	if err != nil {
		return err
	}
	if got.Warning != "" {
		w.Header().Set("Warning", `199 - "`+got.Warning+`"`) // RFC 7234 5.5.7
	}
	return web.WriteJSON(w, http.StatusOK, a.sequence(got.Sequence))
}

// read reads the body and begins an upload for each document.
func (u *uploads) read(ctx context.Context, body io.Reader) (createSequentialSigning, error) {
	var in createSequentialSigning
	var rest bytes.Buffer
	limits := createLimits()
	limits.MaxRest *= 4 // many processes have many signees; documents are not among it
	err := web.SpillJSON(&rest, body, limits, func(token, path string, r io.Reader) error {
		m := memberPath.FindStringSubmatch(path)
		if m == nil {
			return notADocument(path)
		}
		i, err := strconv.Atoi(m[1])
		if err != nil || i >= innsigli.MaxSequence {
			return nil //nolint:nilerr // too many are refused when they have been counted
		}
		if k, ok := attachmentAt(m[2]); ok {
			return u.attachment(ctx, i, k, token, r)
		}
		if !strings.EqualFold(m[2], "pdfDocument") {
			return notADocument(path)
		}
		up, err := u.document(ctx, i)
		if err != nil {
			return err
		}
		u.tokens[i] = token
		_, err = io.Copy(up, r)
		return err
	})
	if err != nil {
		return in, err
	}
	if err := web.ReadJSON(&rest, &in); err != nil {
		return in, err
	}
	return in, u.short(ctx, &in)
}

// attachment takes a long attachment of a process.
func (u *uploads) attachment(ctx context.Context, i, k int, token string, r io.Reader) error {
	if _, err := u.upload(ctx, i); err != nil {
		return err
	}
	return u.files[i].spilled(ctx, k, processPlace(i), token, r)
}

// short takes the documents that were short enough to stay in the JSON.
func (u *uploads) short(ctx context.Context, in *createSequentialSigning) error {
	for i := range in.CreateSigningProcesses {
		if files := in.CreateSigningProcesses[i].Attachments; len(files) > 0 && i < innsigli.MaxSequence {
			if _, err := u.upload(ctx, i); err != nil {
				return err
			}
			if err := u.files[i].short(ctx, processPlace(i), files); err != nil {
				return err
			}
		}
		text := in.CreateSigningProcesses[i].PdfDocument
		if text == "" || text == u.tokens[i] || i >= innsigli.MaxSequence {
			continue
		}
		b, err := web.DecodeBase64(documentPlace(i), text, innsigli.MaxDocumentBytes)
		if err != nil {
			return err
		}
		up, err := u.document(ctx, i)
		if err != nil {
			return err
		}
		if _, err := up.Write(b); err != nil {
			return err
		}
	}
	return nil
}

// request translates the wire into the trade.
func (in *createSequentialSigning) request() (innsigli.CreateSequenceRequest, error) {
	req := innsigli.CreateSequenceRequest{User: strings.TrimSpace(in.User), InOrder: in.SignInOrder, RequiresAuth: in.RequiresAuth, Hash: in.hash()}
	var bad []innsigli.FieldError
	for i := range in.CreateSigningProcesses {
		if i > innsigli.MaxSequence {
			break // the number alone is refused
		}
		p, err := in.CreateSigningProcesses[i].request()
		bad = append(bad, innsigli.FieldsOf(innsigli.InPlace(fmt.Sprintf("createSigningProcesses[%d].", i), err))...)
		p.AllowReassign = p.AllowReassign || in.AllowReassign
		req.Processes = append(req.Processes, p)
	}
	if len(bad) > 0 {
		return req, &innsigli.Error{Kind: innsigli.Invalid, Code: bad[0].Code, Text: bad[0].Text, Fields: bad}
	}
	return req, nil
}

// hash stands for the request without its documents, for the Idempotency-Key.
func (in *createSequentialSigning) hash() string {
	small := *in
	small.CreateSigningProcesses = nil
	b, err := json.Marshal(small, json.Deterministic(true))
	if err != nil {
		return ""
	}
	h := sha256.New()
	_, _ = h.Write(b)
	for i := range in.CreateSigningProcesses {
		_, _ = io.WriteString(h, in.CreateSigningProcesses[i].hash())
	}
	return hex.EncodeToString(h.Sum(nil))
}

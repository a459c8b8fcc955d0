package api

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/web"
)

// maxSmallBody bounds the bodies that hold no document.
const maxSmallBody = 64 << 10

// readSmall reads a small JSON body; an empty one leaves v as it is.
func readSmall(w http.ResponseWriter, r *http.Request, v any) error {
	return readUpTo(w, r, maxSmallBody, v)
}

// readUpTo reads a JSON body of at most so many bytes; an empty one is read as nothing.
func readUpTo(w http.ResponseWriter, r *http.Request, most int64, v any) error {
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	if err != nil {
		return err
	}
	if len(bytes.TrimSpace(b)) == 0 {
		return nil
	}
	return web.ReadJSON(bytes.NewReader(b), v)
}

type requestToSign struct {
	OtpType string `json:"otpType"`
}

type signStarted struct {
	ControlCode   string `json:"control_code,omitempty"`
	Message       string `json:"message,omitempty"`
	SignatureType string `json:"signature_type"`
	Status        string `json:"status"`
	Token         string `json:"token"`
	ValidUntil    string `json:"valid_until"`
	ProcessKey    string `json:"processKey"`
	SigneeKey     string `json:"signeeKey"`
}

// requestToSign is POST /signing/sign/{process}/signee/{signee}: sends the signee a code.
func (a *API) requestToSign(w http.ResponseWriter, r *http.Request) error {
	by, err := otpType(w, r)
	if err != nil {
		return err
	}
	ch, err := a.Service.RequestCode(r.Context(), innsigli.CodeRequest{
		Process: processKey(r), Signee: signeeKey(r), Ask: innsigli.Ask{By: by, From: a.Proxies.Client(r)},
	})
	if err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, signStarted{
		SignatureType: innsigli.Simple.String(), Status: "ok", Token: string(ch.Token), ValidUntil: rfc3339(ch.ExpiresAt),
		ProcessKey: string(ch.Process), SigneeKey: string(ch.Signee),
	})
}

type otpRequest struct {
	Token string `json:"token"`
	OTP   string `json:"otp"`
}

// otp is GET and POST /signing/simple/otp: answers a code. The sealed document comes with the answer when this was the
// last signature and sealing took under five seconds.
func (a *API) otp(w http.ResponseWriter, r *http.Request) error {
	in, err := readOTP(w, r)
	if err != nil {
		return err
	}
	v, err := a.Service.Sign(r.Context(), innsigli.Token(strings.ToLower(in.Token)), strings.TrimSpace(in.OTP), innsigli.Act{From: a.Proxies.Client(r)})
	if err != nil {
		return otpError(w, err)
	}
	if v.Process.State == innsigli.Sealing {
		v = a.Service.AwaitSeal(r.Context(), v, 5*time.Second)
	}
	return a.writeSigned(w, r, v, in.Token)
}

// readOTP reads the two parameters of both ways to answer a code.
func readOTP(w http.ResponseWriter, r *http.Request) (otpRequest, error) {
	q := web.Query(r)
	in := otpRequest{Token: q.Get("token"), OTP: q.Get("otp")}
	if r.Method == http.MethodPost {
		if err := readSmall(w, r, &in); err != nil {
			return in, err
		}
	}
	switch {
	case in.Token == "":
		return in, innsigli.InvalidField("Token", "NotEmpty", "Token is required.")
	case in.OTP == "":
		return in, innsigli.InvalidField("OTP", "NotEmpty", "OTP is required.")
	}
	return in, nil
}

// otpError answers the three numbered refusals in the shape of this endpoint, with the ErrorResponse beside it: clients
// read one or the other (facts/wire.md 1.4, 5.6).
func otpError(w http.ResponseWriter, err error) error {
	e, ok := errors.AsType[*innsigli.Error](err)
	if !ok || e.Kind != innsigli.Invalid || strings.Trim(e.Code, "0123456789") != "" {
		return err
	}
	return web.WriteJSON(w, http.StatusBadRequest, codeRefused{e.Text, e.Code, web.ResponseOf(e)})
}

// codeRefused is the refusal of a code: the answer of the endpoint and the ErrorResponse in one.
type codeRefused struct {
	Message   string `json:"message,omitempty"`
	ErrorCode string `json:"errorCode,omitempty"`
	web.ErrorResponse
}

// signAnswer is the answer to a code. It is written as a stream (see [API.writeSigned]); this is its form.
type signAnswer struct {
	Token   string      `json:"token"`
	Message string      `json:"message"`
	File    *signedFile `json:"file,omitempty"`
}

type signedFile struct {
	Digest   string `json:"digest"`
	FileName string `json:"fileName"`
	Content  string `json:"content"`
}

// writeSigned streams the answer, so that a document is never whole in memory.
func (a *API) writeSigned(w http.ResponseWriter, r *http.Request, v innsigli.View, token string) error {
	head, err := json.Marshal(signAnswer{Token: token, Message: "ok"})
	if err != nil {
		return err
	}
	return a.writeWithFile(w, r, v, head, v.Process.State == innsigli.Completed)
}

// writeWithFile streams a JSON object, and with the document as its last member when there is one to give.
func (a *API) writeWithFile(w http.ResponseWriter, r *http.Request, v innsigli.View, head []byte, file bool) error {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	if !file {
		_, err := w.Write(head)
		return err
	}
	d, err := a.Service.Download(r.Context(), v)
	if err != nil {
		return err
	}
	defer d.Close() //nolint:errcheck // a reader; what could be lost was lost while reading
	name, err := json.Marshal(d.Name)
	if err != nil {
		return err
	}
	if _, err := io.WriteString(w, strings.TrimSuffix(string(head), "}")+`,"file":{"digest":"`+d.SHA256+`","fileName":`+string(name)+`,"content":"`); err != nil {
		return err
	}
	enc := base64.NewEncoder(base64.StdEncoding, w)
	if _, err := io.Copy(enc, d); err != nil {
		return err
	}
	if err := enc.Close(); err != nil {
		return err
	}
	_, err = io.WriteString(w, `"}}`)
	return err
}

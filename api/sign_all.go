package api

import (
	"net/http"
	"slices"
	"strings"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/web"
)

type signAllStarted struct {
	SignatureType     string `json:"signature_type"`
	Status            string `json:"status"`
	Token             string `json:"token"`
	ValidUntil        string `json:"valid_until"`
	SequenceKey       string `json:"sequenceKey"`
	SequenceSigneeKey string `json:"sequenceSigneeKey"`
}

// requestToSignAll is POST /signing/sign/simple/sequence/{sequence}/signee/{signee}: sends one code for all documents.
func (a *API) requestToSignAll(w http.ResponseWriter, r *http.Request) error {
	by, err := otpType(w, r)
	if err != nil {
		return err
	}
	ch, err := a.Service.RequestSequenceCode(r.Context(), innsigli.SequenceCodeRequest{
		Sequence: sequenceKey(r), Signee: sequenceSigneeKey(r), Ask: innsigli.Ask{By: by, From: a.Proxies.Client(r)},
	})
	if err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, signAllStarted{
		SignatureType: innsigli.Simple.String(), Status: "ok", Token: string(ch.Token), ValidUntil: rfc3339(ch.ExpiresAt),
		SequenceKey: string(sequenceKey(r)), SequenceSigneeKey: string(ch.Person),
	})
}

// otpType reads the one parameter of both ways to ask for a code.
func otpType(w http.ResponseWriter, r *http.Request) (innsigli.Channel, error) {
	in := requestToSign{OtpType: web.Query(r).Get("otptype")}
	if err := readSmall(w, r, &in); err != nil {
		return "", err
	}
	by := innsigli.Channel(strings.ToLower(in.OtpType))
	if slices.Contains([]innsigli.Channel{"", innsigli.BySms, innsigli.ByCall, innsigli.ByMail}, by) {
		return by, nil
	}
	return "", innsigli.InvalidField("OtpType", "Enum", "OtpType must be sms, call or email.")
}

// otpAll is GET and POST /signing/simple/otp/bulk: answers a code for all documents. The signed documents come by mail
// and webhook.
func (a *API) otpAll(w http.ResponseWriter, r *http.Request) error {
	in, err := readOTP(w, r)
	if err != nil {
		return err
	}
	_, err = a.Service.SignAll(r.Context(), innsigli.Token(strings.ToLower(in.Token)), strings.TrimSpace(in.OTP), innsigli.Act{From: a.Proxies.Client(r)})
	if err != nil {
		return otpError(w, err)
	}
	return web.WriteJSON(w, http.StatusOK, struct {
		Token   string `json:"token"`
		Message string `json:"message"`
	}{in.Token, "ok"})
}

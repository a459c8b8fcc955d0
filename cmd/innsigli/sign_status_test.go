package main

import (
	"net/http"
	"testing"

	"github.com/innsigli/innsigli/innsiglitest"
)

func TestSignStatus(t *testing.T) {
	scenarios(t, []scenario{{"a client polls until there is a document", polledSignature}})
}

func polledSignature(t *testing.T, r *rig) {
	t.Helper()
	p := r.create(innsiglitest.PDF(t, 1, "polled"), byMail("Ann", "ann@poll.example"))
	token, code := r.askCode(p, 0)
	usedCodes.Store(r.url+code, true)
	poll := func(token, status, errorCode string) (file bool) {
		t.Helper()
		a := r.ask("GET", "/api/Signing/Status/ProcessKey/"+p.Key+"/SigneeKey/"+p.Signees[0].Key+"/Token/"+token+"/", "", nil)
		var got struct {
			Status, Token string
			ErrorCode     string `json:"error_code"`
			File          struct {
				Content          []byte
				Digest, FileName string
			}
		}
		if a.json(t, &got); a.status != http.StatusOK || got.Status != status || got.ErrorCode != errorCode || got.Token != token {
			t.Errorf("poll: %d %.200s, want %s %s", a.status, a.body, status, errorCode)
		}
		return got.File.FileName == "samningur.pdf" && len(got.File.Content) > 1000
	}
	if poll(token, "waiting", "") {
		t.Error("a document before the signature")
	}
	unknown := r.ask("GET", "/signing/status/processkey/"+p.Key+"/signeekey/"+p.Signees[0].Key+"/token/"+"0123456789abcdef0123456789abcdef", "", nil)
	if unknown.status != http.StatusBadRequest {
		t.Errorf("an unknown token: %d %s", unknown.status, unknown.body)
	}
	newer, code := r.askCode(p, 0)
	usedCodes.Store(r.url+code, true)
	poll(token, "error", "1121")
	if a := r.ask("GET", "/signing/simple/otp?Token="+newer+"&OTP="+code, "", nil); a.status != http.StatusOK {
		t.Fatalf("sign: %d %s", a.status, a.body)
	}
	r.settled()
	if !poll(newer, "ok", "") {
		t.Error("no document after the signature")
	}
	canceled := r.create(innsiglitest.PDF(t, 1, "stopped"), byMail("Ann", "ann2@poll.example"))
	token, code = r.askCode(canceled, 0)
	usedCodes.Store(r.url+code, true)
	r.cancel(canceled.Key)
	p = canceled
	poll(token, "error", "ProcessNotActive")
}

// Command go is a webhook receiver: PORT and WEBHOOK_KEY are its environment.
package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// maxBody is more than any event: a document of 50 MB in base64, and the rest.
const maxBody = 80 << 20

// event is what this receiver needs of the body.
type event struct {
	ID        string `json:"Id"`
	EventData struct {
		ProcessKey     string
		EventType      int
		SignedDocument []byte // decoded from base64
	}
	EventSignature struct {
		Signature, SignedData string
	}
}

func main() {
	keys := strings.Fields(os.Getenv("WEBHOOK_KEY"))
	srv := &http.Server{
		Addr: "127.0.0.1:" + os.Getenv("PORT"), ReadHeaderTimeout: 5 * time.Second,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { receive(w, r, keys) }),
	}
	log.Fatal(srv.ListenAndServe())
}

func receive(w http.ResponseWriter, r *http.Request, keys []string) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var e event
	if err != nil || !signed(r.Header, body, keys, time.Now()) || json.Unmarshal(body, &e) != nil || !documented(e, keys) {
		http.Error(w, "not signed by Innsigli", http.StatusUnauthorized)
		return
	}
	// Put it into a queue here, unless its Id is there already.
	fmt.Println(e.ID, e.EventData.EventType, e.EventData.ProcessKey, len(e.EventData.SignedDocument))
	w.WriteHeader(http.StatusOK)
}

// signed checks the Standard Webhooks headers, which cover the body.
func signed(h http.Header, body []byte, keys []string, now time.Time) bool {
	id, at := h.Get("webhook-id"), h.Get("webhook-timestamp")
	seconds, err := strconv.ParseInt(at, 10, 64)
	if err != nil || now.Sub(time.Unix(seconds, 0)).Abs() > 5*time.Minute {
		return false
	}
	for _, key := range keys {
		raw, err := base64.StdEncoding.DecodeString(key)
		if err != nil {
			continue
		}
		mac := hmac.New(sha256.New, raw)
		mac.Write([]byte(id + "." + at + "."))
		mac.Write(body)
		want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
		for got := range strings.FieldsSeq(h.Get("webhook-signature")) {
			if hmac.Equal([]byte(got), []byte(want)) {
				return true
			}
		}
	}
	return false
}

// documented checks the signature in the body. Who has checked the headers need not.
func documented(e event, keys []string) bool {
	for _, key := range keys {
		mac := hmac.New(sha256.New, []byte(key))
		mac.Write([]byte(e.EventSignature.SignedData))
		want := base64.StdEncoding.EncodeToString(mac.Sum(nil))
		if hmac.Equal([]byte(e.EventSignature.Signature), []byte(want)) {
			return true
		}
	}
	return false
}

package innsiglitest

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
)

// Gateway is a gateway for SMS or calls on loopback that keeps what it is sent.
type Gateway struct {
	*script
	srv  *httptest.Server
	tray tray[Text]
}

// Text is an SMS as the gateway was sent it, whatever it answered.
type Text struct {
	To   string `json:"to"`
	From string `json:"from"`
	Text string `json:"text"`

	Language string `json:"language"` // of a call

	Key    string `json:"-"` // Idempotency-Key
	Answer int    `json:"-"` // the status that was answered
}

// NewGateway starts a gateway that answers 200 and ends with the test.
func NewGateway(tb testing.TB) *Gateway {
	tb.Helper()
	g := &Gateway{script: newScript(http.StatusOK)}
	g.srv = httptest.NewServer(http.HandlerFunc(g.serve))
	tb.Cleanup(func() {
		g.stop()
		g.srv.Close()
	})
	return g
}

// URL is the gateway's address as --sms and --voice take it.
func (g *Gateway) URL() string { return g.srv.URL + "/send" }

// Texts are the messages that were taken so far: answered with 2xx.
func (g *Gateway) Texts() []Text {
	var taken []Text
	for _, x := range g.tray.list() {
		if x.Answer >= 200 && x.Answer < 300 {
			taken = append(taken, x)
		}
	}
	return taken
}

// Wait gives everything that was sent, taken or not, when there are at least n of them.
func (g *Gateway) Wait(tb testing.TB, n int) []Text {
	tb.Helper()
	return g.tray.wait(tb, n)
}

func (g *Gateway) serve(w http.ResponseWriter, req *http.Request) {
	rec, ok := g.take(w, req, false)
	if !ok {
		return
	}
	x := Text{Key: rec.Header.Get("Idempotency-Key"), Answer: rec.Answer}
	if err := json.Unmarshal(rec.Body, &x); err != nil || rec.Method != http.MethodPost {
		x.Text = "not a message: " + string(rec.Body)
	}
	g.tray.add(x)
}

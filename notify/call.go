package notify

import (
	"context"
	"strings"

	"github.com/innsigli/innsigli"
)

// CallSender has a text read out by a voice call, by the same rules as [Transport].
type CallSender interface {
	SendCall(ctx context.Context, c Call, wanted Wanted) error
}

// Call is one text for one number.
type Call struct {
	UID      string // the same on every attempt
	To       string // as the asker gave it, E.164 by intake
	Language string // tag of the language that the text is in
	Text     string // plain, with commas between digits
}

// Caller hands calls over to an HTTP gateway: POST of JSON {"to","language","text"}; a 2xx answer takes the call.
type Caller struct{ gateway *Gateway }

// NewCalls makes the sender for an address of --voice: http(s)://[user:pass@]host/path.
func NewCalls(rawURL string) (*Caller, error) {
	g, err := newGateway("voice", rawURL, "")
	if err != nil {
		return nil, err
	}
	return &Caller{g}, nil
}

// SendCall implements [CallSender].
func (c *Caller) SendCall(ctx context.Context, call Call, wanted Wanted) error {
	return c.gateway.post(ctx, call.UID, struct {
		To       string `json:"to"`
		Language string `json:"language"`
		Text     string `json:"text"`
	}{call.To, call.Language, call.Text}, wanted)
}

// callCode has a code read out. The document is not named: whoever stands beside hears the call too.
func (n *Notifier) callCode(ctx context.Context, j innsigli.Job) (innsigli.Decision, error) {
	s, err := n.scene(ctx, j)
	if err != nil || !s.codeCounts() {
		return nil, err
	}
	if n.Calls == nil {
		return outcome(j, &RefusedError{Stage: "voice", Code: "no gateway"}, told())
	}
	if err := n.mayText(ctx, s); err != nil {
		return outcome(j, err, told())
	}
	// Commas make a voice pause between digits. A full stop would make ordinals of them in half of the languages.
	digits := strings.Join(strings.Split(n.Identity.Code(innsigli.Token(j.Ref)), ""), ", ")
	text := s.short(s.codeKey("call.code"), "digits", digits)
	return outcome(j, n.Calls.SendCall(ctx, Call{UID: j.UID, To: j.Address, Language: s.words.Tag(), Text: text}, n.wanted(j)), told())
}

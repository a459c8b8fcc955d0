package notify

import (
	"io"
	"mime"
	"net/mail"
	"strings"
	"testing"

	"github.com/innsigli/innsigli"
)

// TestAFileWithParametersInItsTypeIsWrittenWhole: "text/plain; charset=utf-8" once left the header empty, and the mail
// server refused the mail.
func TestAFileWithParametersInItsTypeIsWrittenWhole(t *testing.T) {
	for declared, want := range map[string]string{
		"text/plain; charset=utf-8": "text/plain", "application/pdf": "application/pdf", "": "application/octet-stream", "no type": "application/octet-stream",
	} {
		m := Message{UID: strings.Repeat("a", 32), Domain: "x.example", Text: "t", HTML: "h", Files: []innsigli.Attachment{{
			Name: "Skilmálar.txt", Type: declared, Size: 2,
			WriteTo: func(w io.Writer) (int64, error) { n, err := io.WriteString(w, "hi"); return int64(n), err },
		}}}
		var b strings.Builder
		if _, err := m.WriteTo(&b); err != nil {
			t.Fatal(err)
		}
		if _, err := mail.ReadMessage(strings.NewReader(b.String())); err != nil {
			t.Fatal(err)
		}
		part := b.String()[strings.LastIndex(b.String(), "\r\nContent-Type: ")+16:]
		line, _, _ := strings.Cut(part, "\r\n")
		kind, params, err := mime.ParseMediaType(line)
		if err != nil || kind != want || params["name"] != "Skilmálar.txt" {
			t.Errorf("%q: %q %v %v", declared, kind, params, err)
		}
	}
}

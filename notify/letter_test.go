package notify

import (
	"errors"
	"io"
	"net/mail"
	"strings"
	"testing"
	"time"

	"github.com/innsigli/innsigli"
)

// FuzzWalk reads letters that somebody else wrote into the folder: any answer will do that is one, and ends.
func FuzzWalk(f *testing.F) {
	m := &Message{
		UID: strings.Repeat("0a", 16), Domain: "sign.example", Date: time.Unix(0, 0), From: mail.Address{Address: "a@b.example"},
		To: mail.Address{Address: "c@d.example"}, Subject: "Hæ", Text: "text", HTML: "<p>html</p>", Language: "is",
		Files: []innsigli.Attachment{{
			Name: "a.pdf", Type: "application/pdf", Size: 3,
			WriteTo: func(w io.Writer) (int64, error) { n, err := io.WriteString(w, "pdf"); return int64(n), err },
		}},
	}
	var b strings.Builder
	if _, err := m.WriteTo(&b); err != nil {
		f.Fatal(err)
	}
	f.Add(b.String())
	f.Add("Content-Type: text/plain\r\n\r\nhello")
	f.Add("Content-Type: multipart/mixed; boundary=a\r\n\r\n" + strings.Repeat("--a\r\nContent-Type: multipart/mixed; boundary=a\r\n\r\n", 50))
	f.Add("Content-Type: multipart/mixed\r\n\r\n--\r\n--\r\n----\r\n")
	f.Add("Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename*=utf-8''%ff\r\n\r\n####")
	f.Fuzz(func(t *testing.T, s string) {
		msg, err := mail.ReadMessage(strings.NewReader(s))
		if err != nil {
			return
		}
		parts, size := 0, int64(0)
		err = walk(msg, func(p part) error {
			parts++
			n, err := io.Copy(io.Discard, p.body)
			size += n
			return err
		})
		if parts > maxParts || size > int64(len(s)) {
			t.Fatalf("%d parts of %d bytes in %d", parts, size, len(s))
		}
		if errors.Is(err, errFound) {
			t.Fatal("the walk ended by itself")
		}
	})
}

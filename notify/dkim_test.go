package notify_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/innsiglitest"
	"github.com/innsigli/innsigli/notify"
)

// twoKeys signs for a domain by both algorithms.
func twoKeys(t *testing.T, domain string) *notify.DKIM {
	t.Helper()
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	_, e, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	d, err := notify.NewDKIM(domain, notify.DKIMKey{Selector: "s1", Key: r}, notify.DKIMKey{Selector: "s2.mail", Key: e})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestAStrangerVerifiesOurSignatures lets dkimpy judge mails as a mail server took them, whole and tampered with.
func TestAStrangerVerifiesOurSignatures(t *testing.T) {
	d := twoKeys(t, "example.is")
	all, err := d.Records()
	if err != nil {
		t.Fatal(err)
	}
	records := map[string]string{}
	for _, r := range all {
		records[r.Name] = r.Text
	}
	s := innsiglitest.NewSMTP(t, innsiglitest.SMTPOptions{Size: 1 << 20})
	tr, err := notify.NewSMTP(s.URL(), notify.SMTPOptions{DKIM: d})
	if err != nil {
		t.Fatal(err)
	}
	m := aMessage()
	m.From.Name, m.From.Address, m.ReplyTo = "Norðurljós ehf. (Innsigli)", "sign@post.example.is", "anna@nordurljos.example"
	m.Subject = strings.Repeat("Áminning um undirritun – ", 8)
	m.Text = "Góðan dag\n\n.\n  tvö  bil \n-- \nFrom hér\n" + strings.Repeat("löng lína ", 150) + "\n\n\n"
	m.Unsubscribe = "https://sign.example.is/u/0123456789"
	writes := 0
	m.Files = []innsigli.Attachment{{Name: "samningur.pdf", Type: "application/pdf", Size: 100_000, WriteTo: func(w io.Writer) (int64, error) {
		writes++
		return io.CopyN(w, &pattern{}, 100_000)
	}}}
	if err := tr.SendMail(t.Context(), m, wanted); err != nil {
		t.Fatal(err)
	}
	raw := s.Wait(t, 1)[0].Raw
	if writes != 2 || m.Size() >= int64(len(raw)) {
		t.Errorf("the file was read %d times", writes)
	}
	verdicts := innsiglitest.DKIM(t, raw, records)
	if len(verdicts) != 2 {
		t.Fatalf("verdicts are %+v", verdicts)
	}
	for i, want := range []string{"s1 rsa-sha256", "s2.mail ed25519-sha256"} {
		v := verdicts[i]
		if !v.Valid || v.Domain != "example.is" || v.Selector+" "+v.Algorithm != want {
			t.Errorf("verdict %+v, want %s", v, want)
		}
		// RFC 8058 4; and nobody may put another field in front of one that people are shown.
		for f, n := range map[string]int{
			"list-unsubscribe": 2, "list-unsubscribe-post": 2, "from": 2, "subject": 2, "to": 2, "reply-to": 2, "date": 2, "cc": 1,
			"message-id": 1, "content-type": 2, "mime-version": 1,
		} {
			if got := len(slices.DeleteFunc(slices.Clone(v.Fields), func(g string) bool { return g != f })); got != n {
				t.Errorf("%s is signed %d times, want %d", f, got, n)
			}
		}
	}
	for what, tampered := range map[string][]byte{
		"another unsubscribe address": bytes.Replace(raw, []byte("/u/0123456789"), []byte("/u/0123456780"), 1),
		"a second subject":            append([]byte("Subject: You have won\r\n"), raw...),
		"another body":                bytes.Replace(raw, []byte("dag"), []byte("nag"), 1),
	} {
		for _, v := range innsiglitest.DKIM(t, tampered, records) {
			if v.Valid {
				t.Errorf("%s: %s still holds", what, v.Selector)
			}
		}
	}
}

func TestWhatCannotBeSignedIsNotSent(t *testing.T) {
	s := innsiglitest.NewSMTP(t, innsiglitest.SMTPOptions{})
	tr, err := notify.NewSMTP(s.URL(), notify.SMTPOptions{DKIM: twoKeys(t, "example.is"), Command: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	m := aMessage()
	m.Files = []innsigli.Attachment{{Name: "a.pdf", Type: "application/pdf", Size: 9, WriteTo: func(io.Writer) (int64, error) { return 0, io.ErrUnexpectedEOF }}}
	if err := tr.SendMail(t.Context(), m, wanted); err == nil || innsigli.IsPermanent(err) {
		t.Errorf("error is %v", err)
	}
	if n, _ := s.Connections(); n != 0 {
		t.Error("the mail server was bothered")
	}
}

func TestKeysOfDKIMAreReadStrictly(t *testing.T) {
	encode := func(kind string, der []byte, err error) []byte {
		if err != nil {
			t.Fatal(err)
		}
		return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	}
	pkcs8 := func(k crypto.Signer) []byte {
		der, err := x509.MarshalPKCS8PrivateKey(k)
		return encode("PRIVATE KEY", der, err)
	}
	rsaKey := func(bits int) *rsa.PrivateKey {
		k, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	_, ed, _ := ed25519.GenerateKey(rand.Reader)
	ec, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	strong := rsaKey(2048)
	for name, c := range map[string]struct {
		text []byte
		good bool
	}{
		"rsa":              {pkcs8(strong), true},
		"rsa, pkcs 1":      {encode("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(strong), nil), true},
		"ed25519":          {pkcs8(ed), true},
		"rsa of 2047 bits": {pkcs8(rsaKey(2047)), false},
		"ecdsa":            {pkcs8(ec), false},
		"public":           {encode("PUBLIC KEY", x509.MarshalPKCS1PublicKey(&strong.PublicKey), nil), false},
		"no pem":           {[]byte("s1"), false},
		"empty":            {nil, false},
	} {
		if k, err := notify.ReadDKIMKey(c.text); (err == nil) != c.good || c.good && k == nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, c := range []struct {
		domain    string
		selectors []string
		good      bool
	}{
		{"example.is", []string{"s1"}, true},
		{"example.is", []string{"2026-11.mail", "b"}, true},
		{"example.is", nil, false},
		{"example.is", []string{"a", "A"}, false},
		{"example.is", []string{"a", "b", "c"}, false},
		{"example.is", []string{""}, false},
		{"example.is", []string{"a; d=evil.example"}, false},
		{"example.is", []string{"-a"}, false},
		{"localhost", []string{"a"}, false},
		{"exa\r\nmple.is", []string{"a"}, false},
	} {
		var keys []notify.DKIMKey
		for _, s := range c.selectors {
			keys = append(keys, notify.DKIMKey{Selector: s, Key: ed})
		}
		if _, err := notify.NewDKIM(c.domain, keys...); (err == nil) != c.good {
			t.Errorf("%q %q: %v", c.domain, c.selectors, err)
		}
	}
}

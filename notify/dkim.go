package notify

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/emersion/go-msgauth/dkim"
)

// DKIM signs mails in the name of a domain (RFC 6376), by each of its keys.
type DKIM struct {
	domain string
	keys   []DKIMKey
}

// DKIMKey is a key and the name under which its public half is found in the DNS.
type DKIMKey struct {
	Selector string
	Key      crypto.Signer
}

// Sizes of RSA keys. RFC 8301 3.2: signers use 2048 bits at least, verifiers need not be able to do more than 4096.
const (
	minDKIMBits = 2048
	maxDKIMBits = 4096
)

// maxDKIMKeys is one for each algorithm: not every receiver knows Ed25519 (RFC 8463 3).
const maxDKIMKeys = 2

// dkimFields are the header fields that are signed when they are there. RFC 8058 4 wants those of List-Unsubscribe among
// them.
var dkimFields = []string{
	"From", "To", "Reply-To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type", "Content-Language", "Auto-Submitted",
	"List-Unsubscribe", "List-Unsubscribe-Post",
}

// dkimLocked are signed once more than they are there, so that the signature does not bear another one of them beside the
// first, which mail programs might show (RFC 6376 8.15).
var dkimLocked = []string{"From", "To", "Cc", "Reply-To", "Subject", "Date", "Content-Type", "List-Unsubscribe", "List-Unsubscribe-Post"}

// NewDKIM makes a signer for a domain, with a key or two.
func NewDKIM(domain string, keys ...DKIMKey) (*DKIM, error) {
	if !isDNSName(domain) || !strings.Contains(domain, ".") {
		return nil, fmt.Errorf("dkim: %q is no domain", domain)
	}
	if len(keys) == 0 || len(keys) > maxDKIMKeys {
		return nil, fmt.Errorf("dkim: %d keys instead of 1 to %d", len(keys), maxDKIMKeys)
	}
	for i, k := range keys {
		if !isDNSName(k.Selector) {
			return nil, fmt.Errorf("dkim: %q is no selector", k.Selector)
		}
		if i > 0 && strings.EqualFold(k.Selector, keys[0].Selector) {
			return nil, fmt.Errorf("dkim: two keys for the selector %q", k.Selector)
		}
	}
	return &DKIM{domain: domain, keys: keys}, nil
}

// isDNSName takes letters, digits and hyphens between dots (RFC 6376 3.1: sub-domain of RFC 5321).
func isDNSName(s string) bool {
	for l := range strings.SplitSeq(s, ".") {
		if l == "" || len(l) > 63 || l[0] == '-' || l[len(l)-1] == '-' || strings.ContainsFunc(l, func(r rune) bool {
			return r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
		}) {
			return false
		}
	}
	return len(s) <= 253
}

// ReadDKIMKey reads a private key as PEM: PKCS #8, or PKCS #1 for RSA.
func ReadDKIMKey(text []byte) (crypto.Signer, error) {
	b, _ := pem.Decode(text)
	if b == nil {
		return nil, errors.New("no PEM")
	}
	var key any
	var err error
	if b.Type == "RSA PRIVATE KEY" {
		key, err = x509.ParsePKCS1PrivateKey(b.Bytes)
	} else {
		key, err = x509.ParsePKCS8PrivateKey(b.Bytes)
	}
	switch k := key.(type) {
	case *rsa.PrivateKey:
		if n := k.N.BitLen(); err == nil && (n < minDKIMBits || n > maxDKIMBits) {
			return nil, fmt.Errorf("RSA key of %d bits instead of %d to %d", n, minDKIMBits, maxDKIMBits)
		}
		return k, err
	case ed25519.PrivateKey:
		return k, err
	}
	return nil, errors.Join(errors.New("neither an RSA nor an Ed25519 private key"), err)
}

// Record is what the DNS has to answer for a name, as text of type TXT.
type Record struct{ Name, Text string }

// Records gives what has to be published for each key (RFC 6376 3.6.1, RFC 8463 4).
func (d *DKIM) Records() ([]Record, error) {
	var all []Record
	for _, k := range d.keys {
		algorithm := "ed25519"
		public, ok := k.Key.Public().(ed25519.PublicKey)
		if !ok {
			der, err := x509.MarshalPKIXPublicKey(k.Key.Public())
			if err != nil {
				return nil, fmt.Errorf("dkim record: %w", err)
			}
			algorithm, public = "rsa", der
		}
		all = append(all, Record{
			Name: k.Selector + "._domainkey." + d.domain,
			Text: "v=DKIM1; k=" + algorithm + "; p=" + base64.StdEncoding.EncodeToString(public),
		})
	}
	return all, nil
}

// sign gives the header fields to put in front of a message. The message is written once for that, attachments included:
// the signature stands before what it is over, and no document is ever whole in memory.
func (d *DKIM) sign(m *Message) (fields string, err error) {
	o := dkim.SignOptions{
		Domain: d.domain, HeaderCanonicalization: dkim.CanonicalizationRelaxed, BodyCanonicalization: dkim.CanonicalizationRelaxed,
		HeaderKeys: d.fields(m),
	}
	var signers []*dkim.Signer
	var all []io.Writer
	for _, k := range d.keys {
		o := o
		o.Selector, o.Signer = k.Selector, k.Key
		s, err := dkim.NewSigner(&o)
		if err != nil {
			return "", err
		}
		defer s.Close() //nolint:errcheck // ends it after a fault; else it is closed already
		signers, all = append(signers, s), append(all, s)
	}
	if _, err := m.WriteTo(io.MultiWriter(all...)); err != nil {
		return "", fmt.Errorf("dkim: %w", err)
	}
	for _, s := range signers {
		if err := s.Close(); err != nil {
			return "", fmt.Errorf("dkim: %w", err)
		}
		fields += s.Signature()
	}
	return fields, nil
}

// fields lists what is signed of a message.
func (d *DKIM) fields(m *Message) []string {
	there := map[string]bool{}
	for _, f := range m.fields() {
		there[f[0]] = true
	}
	var all []string
	for _, f := range dkimFields {
		if there[f] || f == "Content-Type" { // which is written with the body
			all = append(all, f)
		}
	}
	return append(all, dkimLocked...)
}

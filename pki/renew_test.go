package pki_test

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/innsigli/innsigli/pki"
)

// kept tells which certificates are the same in both.
func kept(t *testing.T, before, after pki.Material) []string {
	t.Helper()
	a, b := authority(t, before).Names(), authority(t, after).Names()
	var same []string
	for _, name := range slices.Sorted(maps.Keys(a)) {
		if a[name].Equal(b[name]) {
			same = append(same, name)
		}
	}
	return same
}

func renew(t *testing.T, m pki.Material, at time.Time, address string) (pki.Material, bool) {
	t.Helper()
	out, renewed, err := m.Renew(at, "Prófun ehf.", address)
	if err != nil {
		t.Fatal(err)
	}
	return out, renewed
}

func TestRenewReplacesWhatEndsSoon(t *testing.T) {
	m := newMaterial(t)
	seal := authority(t, m).Seal().Chain[0]
	all := []string{"OCSP responder", "issuing authority", "root", "seal", "time-stamping authority"}
	for name, c := range map[string]struct {
		at   time.Time
		kept []string
	}{
		"at once":            {now, all},
		"61 days before":     {seal.NotAfter.Add(-61 * 24 * time.Hour), all},
		"59 days before":     {seal.NotAfter.Add(-59 * 24 * time.Hour), []string{"issuing authority", "root", "time-stamping authority"}},
		"the seal has ended": {seal.NotAfter.AddDate(0, 0, 1), []string{"issuing authority", "root", "time-stamping authority"}},
		"after five years":   {now.AddDate(5, 0, 0), []string{"root"}},
		"after thirteen":     {now.AddDate(13, 0, 0), nil},
		"all ended long ago": {now.AddDate(50, 0, 0), nil},
	} {
		t.Run(name, func(t *testing.T) {
			after, renewed := renew(t, m, c.at, public)
			if same := kept(t, m, after); !slices.Equal(same, c.kept) || renewed == (len(c.kept) == len(all)) {
				t.Errorf("kept %q, want %q; renewed %v", same, c.kept, renewed)
			}
			if again, twice := renew(t, after, c.at.Add(time.Hour), public); twice {
				t.Errorf("made anew an hour later: kept %q", kept(t, after, again))
			}
			for who, cert := range authority(t, after).Names() {
				if left := cert.NotAfter.Sub(c.at); left < 60*24*time.Hour-time.Second {
					t.Errorf("%s ends in %v", who, left)
				}
			}
		})
	}
}

func TestRenewedAuthoritiesKeepTheirKeys(t *testing.T) {
	m := newMaterial(t)
	after, _ := renew(t, m, now.AddDate(13, 0, 0), public)
	if !bytes.Equal(m.RootKey, after.RootKey) || !bytes.Equal(m.IssuingKey, after.IssuingKey) {
		t.Error("an authority has a new key: what it issued before is an orphan")
	}
	for part, both := range map[string][2][]byte{"seal": {m.SealKey, after.SealKey}, "stamps": {m.StampKey, after.StampKey}, "responder": {m.ResponderKey, after.ResponderKey}} {
		if bytes.Equal(both[0], both[1]) {
			t.Errorf("%s keeps its key", part)
		}
	}
	old := authority(t, m).Seal()
	roots, between := x509.NewCertPool(), x509.NewCertPool()
	roots.AddCert(authority(t, after).Names()["root"])
	between.AddCert(authority(t, after).Names()["issuing authority"])
	at := now.AddDate(1, 0, 0)
	if _, err := old.Chain[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}); err == nil {
		t.Error("a root of 2039 vouches for 2027") // it begins later: the old one, which is the same key, does
	}
}

// TestRenewMigrates: an installation from before there were time stamps has six parts, and a seal without addresses.
func TestRenewMigrates(t *testing.T) {
	whole := newMaterial(t)
	m := whole
	m.StampCert, m.StampKey, m.ResponderCert, m.ResponderKey = nil, nil, nil, nil
	back, err := pki.Unmarshal(m.Marshal())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pki.Load(back); err == nil {
		t.Error("loaded without a time-stamping authority")
	}
	after, renewed := renew(t, back, now, public)
	if !renewed {
		t.Fatal("nothing was made")
	}
	if got := kept(t, whole, after); !slices.Equal(got, []string{"issuing authority", "root", "seal"}) {
		t.Errorf("kept %q", got)
	}
}

func TestRenewForAnotherAddress(t *testing.T) {
	m := newMaterial(t)
	after, renewed := renew(t, m, now, "https://other.example.is/")
	if got := kept(t, m, after); !renewed || !slices.Equal(got, []string{"OCSP responder", "root"}) {
		t.Errorf("renewed %v, kept %q", renewed, got)
	}
	if got := authority(t, after).Seal().Chain[0].OCSPServer; !slices.Equal(got, []string{"https://other.example.is/pki/ocsp"}) {
		t.Errorf("responder at %q", got)
	}
	if n := bytes.Count(after.Past, []byte("BEGIN CERTIFICATE")); n != 2 {
		t.Errorf("%d past certificates, want the seal's and the time stamps'", n)
	}
	ended, _ := renew(t, after, now.AddDate(7, 0, 0), "https://other.example.is")
	for block, rest := pem.Decode(ended.Past); block != nil; block, rest = pem.Decode(rest) {
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil || c.NotAfter.Before(now.AddDate(7, 0, 0)) {
			t.Errorf("%v: %v has ended and is still remembered", err, c.Subject)
		}
	}
}

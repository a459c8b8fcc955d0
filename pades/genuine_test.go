package pades_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/innsigli/innsigli/cms"
	"github.com/innsigli/innsigli/pades"
	"github.com/innsigli/innsigli/pdf"
)

func genuine(tb testing.TB, b []byte) error {
	tb.Helper()
	return pades.Genuine(tb.Context(), open(tb, b))
}

func TestOnlySignaturesMakeASignedDocument(t *testing.T) {
	h := offlineHouse(t)
	in := written(t, 1)
	good := sealed(t, in, pades.Seal{Time: signingTime}, h.signer)
	at := bytes.LastIndex(good, []byte("/Contents <")) + len("/Contents <")
	changed := func(i int) []byte {
		b := bytes.Clone(good)
		b[i] ^= 1
		return b
	}
	field := func(v string) []byte {
		return update(t, in, func(u *pdf.Update) {
			f := u.Alloc()
			u.Put(f, []byte("<< /FT /Sig /T (a) /V "+v+" >>"))
			must(t, u.EditCatalog(pdf.Edit{Key: "AcroForm", Value: "<< /Fields [" + f.String() + "] >>"}))
		})
	}
	a := newAuthority(t, nil)
	for name, b := range map[string][]byte{
		"a seal":           good,
		"filled since":     update(t, good, func(u *pdf.Update) { must(t, u.EditCatalog(pdf.Edit{Key: "PageMode", Value: "/UseNone"})) }),
		"everything there": raised(t, good, pades.Seal{Time: signingTime}, a, cms.BLTA),
	} {
		if err := genuine(t, b); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, b := range map[string][]byte{
		"a word":                  field("<< /Type /Sig >>"),
		"a range and no CMS":      field("<< /Type /Sig /ByteRange [0 1 2 3] /Contents <00> /SubFilter /adbe.pkcs7.detached >>"),
		"a CMS of something else": field("<< /Type /Sig /SubFilter /ETSI.CAdES.detached /ByteRange [0 1 2 3] /Contents <" + string(good[at:at+3000]) + "> >>"),
		"another document":        changed(20),
		"another signature":       changed(at + 200),
		"an unknown kind":         bytes.Replace(slices.Clone(good), []byte("/ETSI.CAdES.detached"), []byte("/adbe.x509.rsa_sha1 "), 1),
	} {
		if err := genuine(t, b); !isRefused(err, pades.BogusSignature) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

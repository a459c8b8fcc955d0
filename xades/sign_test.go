package xades_test

import (
	"bytes"
	"crypto"
	"crypto/elliptic"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/innsigli/innsigli/cms"
	"github.com/innsigli/innsigli/innsiglitest"
	"github.com/innsigli/innsigli/xades"
)

// documents are what XML lets people write; each is well-formed, and canonicalizers have gone wrong on it.
var documents = map[string]string{
	"plain":        `<a>text</a>`,
	"empty":        `<a/>`,
	"utf-8":        "\ufeff<?xml version=\"1.0\" encoding=\"utf-8\" standalone=\"yes\"?>\n<Ávísun á='þ'>Ísafjörður 😀</Ávísun>\n",
	"latin1":       "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a>\xdeing</a>",
	"default":      `<a xmlns="urn:x"><b xmlns=""><c xmlns="urn:x"/></b></a>`,
	"undeclared":   `<a xmlns=""><b xmlns=""/></a>`,
	"unused":       `<a xmlns:x="urn:x" xmlns:y="urn:y"><y:b/><b x:c=""/><x:d xmlns:x="urn:z"><x:e xmlns:x="urn:z"/></x:d></a>`,
	"attributes":   `<a xmlns:b="urn:z" xmlns:c="urn:y" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xlink="http://www.w3.org/1999/xlink"><d b:x="1" c:y="2" x="3" a="4" xsi:schemaLocation="u" xlink:type="t" c:x="5" xml:lang="is" B="6"/></a>`,
	"normalised":   "<a b=\"one\ntwo\tthree\r\nfour&#10;&#9;&#13;five\" c='\"&lt;&gt;'>x\r\ny\rz&#13;&gt;]]&gt;\"'</a>",
	"cdata":        `<a>x<![CDATA[<b>&amp;]]]]><![CDATA[>]]>y</a>`,
	"comments":     `<!-- before --><a>x<!-- in -->y</a><!-- after -->`,
	"instructions": `<?xml-stylesheet href="a.xsl" type="text/xsl"?><!-- c --><a><?x?><?y   a  b ?></a><?z z?>` + "\n",
	"ds and xades": `<ds:a xmlns:ds="urn:mine" xmlns:xades="urn:mine2"><xades:b xmlns:xades141="urn:mine3"/></ds:a>`,
	"spaces":       "<a >\n  <b\n  c = 'd'\n  /> </a >",
	"id is data":   `<a id="1"><b id="1"/></a>`,
	"ids":          `<a Id="1"><b Id="2" xml:id="3"/></a>`,
	"invoice": `<?xml version="1.0" encoding="UTF-8"?>
<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2" xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2" xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">
  <cbc:CustomizationID>urn:cen.eu:en16931:2017</cbc:CustomizationID>
  <cbc:ID>TOSL-110</cbc:ID><cac:LegalMonetaryTotal><cbc:PayableAmount currencyID="ISK">1250</cbc:PayableAmount></cac:LegalMonetaryTotal>
</Invoice>
`,
}

// TestXmlsec1FindsNoFault lets a stranger check the arithmetic of all kinds of documents.
func TestXmlsec1FindsNoFault(t *testing.T) {
	innsiglitest.NeedTool(t, "xmlsec1", "xmlsec1")
	h := newHouse(t)
	issuing := h.authority.Seal().Chain[1]
	for name, in := range documents {
		t.Run(name, func(t *testing.T) {
			out := sealed(t, in, h.signer(), h.services, cms.BLTA)
			judgeMaths(t, out, h.authority.RootPEM(), pemOf(issuing.Raw))
			changed := bytes.Replace(out, []byte("<ds:Signature "), []byte("x<ds:Signature "), 1)
			if said, err := maths(t, changed, h.authority.RootPEM()); err == nil {
				t.Errorf("a changed document is let pass:\n%s", said)
			}
		})
	}
}

func judgeMaths(t *testing.T, sealed, root []byte, issuing ...[]byte) {
	t.Helper()
	said, err := maths(t, sealed, root, issuing...)
	if err != nil || !strings.Contains(said, "SignedInfo References (ok/all): 2/2") {
		t.Errorf("xmlsec1: %v\n%s\n%s", err, said, sealed)
	}
}

func maths(t *testing.T, sealed, root []byte, issuing ...[]byte) (string, error) {
	t.Helper()
	args := []string{file(t, "sealed.xml", sealed), file(t, "root.pem", root)}
	for _, c := range issuing {
		args = append(args, file(t, "issuing.pem", c))
	}
	out, err := exec.CommandContext(t.Context(), "../tools/validators/xml.sh", args...).CombinedOutput()
	return string(out), err
}

// TestEUDSSFindsEachLevel lets EU DSS tell the level and judge, after the seal's certificate has ended. Its warnings are
// about the local authority and not looked at.
func TestEUDSSFindsEachLevel(t *testing.T) {
	h := newHouse(t)
	var files, want []string
	put := func(format, name string, b []byte) {
		files, want = append(files, file(t, strings.ReplaceAll(name, " ", "-")+".xml", b)), append(want, format)
		if dir := os.Getenv("INNSIGLI_KEEP"); dir != "" {
			if err := os.WriteFile(filepath.Join(dir, name+".xml"), b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, in := range documents {
		put("XAdES_BASELINE_LTA", name, sealed(t, in, h.signer(), h.services, cms.BLTA))
	}
	for level, format := range map[cms.Level]string{cms.BB: "B", cms.BT: "T", cms.BLT: "LT"} {
		put("XAdES_BASELINE_"+format, level.String(), sealed(t, documents["invoice"], h.signer(), h.services, level))
	}
	late := h.authority.Seal().NotAfter().AddDate(0, 0, 1) // what was proven then is proven for ever
	for i, v := range innsiglitest.DSS(t, h.authority.RootPEM(), late, files...) {
		pass := "INDETERMINATE" // without an archive time-stamp the proofs have aged with the certificates
		if strings.HasSuffix(want[i], "_LTA") {
			pass = "TOTAL_PASSED"
		}
		if len(v.Signatures) != 1 || v.Signatures[0].Format != want[i] || v.Signatures[0].Indication != pass {
			t.Errorf("want %s: %v", want[i], v)
		}
		for _, s := range v.Timestamps {
			if pass == "TOTAL_PASSED" && s.Indication != "PASSED" {
				t.Errorf("want %s: %v", want[i], v)
			}
		}
	}
}

// TestKindsOfKeys: xmlsec1 1.2 knows no RSASSA-PSS, EU DSS does.
func TestKindsOfKeys(t *testing.T) {
	rsa, err := rsaKey()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		key crypto.Signer
		pss bool
	}{
		"P-256":   {ecKey(t, elliptic.P256()), false},
		"P-384":   {ecKey(t, elliptic.P384()), false},
		"P-521":   {ecKey(t, elliptic.P521()), false},
		"RSA":     {rsa, false},
		"RSA-PSS": {rsa, true},
	} {
		t.Run(name, func(t *testing.T) {
			s, root := alone(t, c.key)
			s.PSS = c.pss
			for range 3 { // r and s of an ECDSA signature are shorter now and then
				out := sealed(t, documents["invoice"], s, cms.Services{}, cms.BB)
				if !c.pss {
					innsiglitest.NeedTool(t, "xmlsec1", "xmlsec1")
					judgeMaths(t, out, root)
					continue
				}
				for _, v := range innsiglitest.DSS(t, root, now.Add(time.Hour), file(t, "pss.xml", out)) {
					if len(v.Signatures) != 1 || v.Signatures[0].Format != "XAdES_BASELINE_B" || v.Signatures[0].Indication != "INDETERMINATE" {
						t.Errorf("%v", v)
					}
				}
				break
			}
		})
	}
}

// TestAFailingServiceGivesWhatWasReached fails each call in turn.
func TestAFailingServiceGivesWhatWasReached(t *testing.T) {
	for n, reached := range []cms.Level{cms.BB, cms.BT, cms.BLT} {
		h := newHouse(t)
		h.failAt = n + 1
		out, got, err := xades.SignTo(t.Context(), parse(t, documents["invoice"]), h.signer(), now, h.services, cms.BLTA)
		pending, ok := errors.AsType[*cms.Pending](err)
		if !ok || got != reached || pending.Reached != reached || pending.Want != cms.BLTA || !errors.Is(err, errDown) {
			t.Errorf("call %d: %v, %v", n+1, got, err)
		}
		if bytes.Count(out, []byte("<xades:EncapsulatedTimeStamp>")) != min(n, 1) {
			t.Errorf("call %d: %s", n+1, out)
		}
	}
	h := newHouse(t)
	for _, c := range []struct {
		services cms.Services
		reached  cms.Level
	}{{cms.Services{}, cms.BB}, {cms.Services{Timestamps: h.services.Timestamps}, cms.BT}} {
		_, got, err := xades.SignTo(t.Context(), parse(t, `<a/>`), h.signer(), now, c.services, cms.BLTA)
		if _, ok := errors.AsType[*cms.Pending](err); !ok || got != c.reached {
			t.Errorf("%v, %v", got, err)
		}
	}
}

func TestAKeyThatIsNotTheCertificatesSignsNothing(t *testing.T) {
	s, _ := alone(t, ecKey(t, elliptic.P256()))
	s.Key = ecKey(t, elliptic.P256())
	if out, _, err := xades.SignTo(t.Context(), parse(t, `<a/>`), s, now, cms.Services{}, cms.BB); err == nil || out != nil {
		t.Errorf("%v, %s", err, out)
	}
	s.Chain = nil
	if _, _, err := xades.SignTo(t.Context(), parse(t, `<a/>`), s, now, cms.Services{}, cms.BB); err == nil {
		t.Error("signed without a certificate")
	}
}

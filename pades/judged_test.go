package pades_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/innsigli/innsigli/cms"
	"github.com/innsigli/innsigli/innsiglitest"
	"github.com/innsigli/innsigli/pades"
)

// TestEUDSSAndPyHankoAgree lets both judge all kinds of documents at level B-LTA, years after the certificates of
// those who signed have expired.
func TestEUDSSAndPyHankoAgree(t *testing.T) {
	a := newAuthority(t, ecKey(t, p256))
	need(t, "qpdf", "qpdf")
	made := map[string][]byte{
		"seal":            raised(t, written(t, 2), fullSeal(t), a, cms.BLTA),
		"seal, P 1":       raised(t, written(t, 1), pades.Seal{Time: signingTime, Certify: 1}, a, cms.BLTA),
		"approval":        raised(t, written(t, 1), pades.Seal{Time: signingTime}, a, cms.BLTA),
		"object streams":  raised(t, rewritten(t, written(t, 3), "--object-streams=generate"), fullSeal(t), a, cms.BLTA),
		"PDF 2.0":         raised(t, rewritten(t, written(t, 1), "--force-version=2.0"), fullSeal(t), a, cms.BLTA),
		"turned":          everybody(t, rewritten(t, written(t, 2), "--rotate=+90:2"), a, 2, 0),
		"everybody":       everybody(t, written(t, 1), a, 3, 0),
		"everybody, sent": everybody(t, written(t, 1), a, 3, 2),
	}
	// DSS's policy ends PKCS #1 in 2029; the others are judged as of later.
	long, err := rsaKey()
	if err != nil {
		t.Fatal(err)
	}
	short := a.seal
	a.seal = a.person(long, "Prófun innsigli ehf.")
	made["RSA-PSS"] = raised(t, written(t, 1), fullSeal(t), a, cms.BLTA)
	a.seal = short
	bare := raised(t, written(t, 1), fullSeal(t), a, cms.BB)
	r, _, err := pades.Raise(t.Context(), open(t, bare), a.services(), cms.BLTA)
	if err != nil {
		t.Fatal(err)
	}
	made[raisedFromBB] = bytesOf(t, r)
	a.now = a.now.AddDate(2, 0, 0)
	if r, _, err = pades.Raise(t.Context(), open(t, made["seal"]), a.services(), cms.BLTA); err != nil {
		t.Fatal(err)
	}
	made["renewed"] = bytesOf(t, r)
	var files, names []string
	for name, b := range made {
		names, files = append(names, name), append(files, file(t, name+".pdf", b))
		keepAs(t, "judged, "+name, b)
	}
	root := a.house().root
	keepRoot(t, root)
	late := signingTime.AddDate(6, 0, 0)
	for i, v := range innsiglitest.DSS(t, root, late, files...) {
		for _, s := range v.Signatures {
			if s.Format != "PAdES_BASELINE_LTA" || s.Indication != "TOTAL_PASSED" || len(undefined(s.Changes)) > 0 {
				t.Errorf("%s: %v", names[i], v)
			}
		}
		if len(v.Signatures) == 0 {
			t.Errorf("%s: %v", names[i], v)
		}
	}
	for i, v := range innsiglitest.PyHanko(t, root, late, files...) {
		for _, s := range v.Signatures {
			// pyHanko 0.38 goes no further without a signature time-stamp (ades.py: "No signature timestamp
			// present"), although EN 319 142-1, clause 6.3 lets a document time-stamp do.
			ok := s.Indication == "PASSED" && s.Valid || names[i] == raisedFromBB && s.Modifications == "LTA_UPDATES"
			if !ok || !s.Certification {
				t.Errorf("%s: %v", names[i], v)
			}
		}
		if len(v.Signatures) == 0 {
			t.Errorf("%s: %v", names[i], v)
		}
	}
}

const raisedFromBB = "raised from B-B"

// undefined leaves out that pages look different where fields that show something were filled later.
func undefined(changes []string) []string {
	return slices.DeleteFunc(slices.Clone(changes), func(c string) bool {
		return strings.HasPrefix(c, "page ") && strings.HasSuffix(c, " looks different")
	})
}

func keepRoot(t *testing.T, root []byte) {
	t.Helper()
	if dir := os.Getenv("INNSIGLI_KEEP"); dir != "" {
		keep(t, filepath.Join(dir, "root.pem"), root)
	}
}

// rewritten lets qpdf write a document anew.
func rewritten(t *testing.T, b []byte, options ...string) []byte {
	t.Helper()
	to := filepath.Join(t.TempDir(), "out.pdf")
	if out, err := exec.CommandContext(t.Context(), "qpdf", append(options, file(t, "in.pdf", b), to)...).CombinedOutput(); err != nil {
		t.Fatalf("qpdf: %v\n%s", err, out)
	}
	b, err := os.ReadFile(to)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

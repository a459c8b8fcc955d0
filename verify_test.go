package innsigli

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/innsigli/innsigli/cms"
)

// nobodyTrusted are no anchors at all.
type nobodyTrusted struct{}

func (nobodyTrusted) Anchors() (roots *x509.CertPool, own []*x509.Certificate) {
	return x509.NewCertPool(), nil
}

func (nobodyTrusted) OwnRevocations() cms.Collector { return nil }

// slowFile gives its bytes after a while.
type slowFile struct {
	*bytes.Reader
	pause time.Duration
}

func (f slowFile) ReadAt(p []byte, off int64) (int, error) {
	time.Sleep(f.pause)
	return f.Reader.ReadAt(p, off)
}

func TestVerificationEndsWithItsTime(t *testing.T) {
	var doc []byte
	var offsets [3]int
	for i, o := range []string{"<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [3 0 R] /Count 1 >>", "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>"} {
		if i == 0 {
			doc = []byte("%PDF-1.7\n")
		}
		offsets[i] = len(doc)
		doc = fmt.Appendf(doc, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	table := len(doc)
	doc = append(doc, "xref\n0 4\n0000000000 65535 f \n"...)
	for _, o := range offsets {
		doc = fmt.Appendf(doc, "%010d 00000 n \n", o)
	}
	doc = fmt.Appendf(doc, "trailer\n<< /Size 4 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", table)
	for name, tc := range map[string]struct {
		pause time.Duration
		code  string
	}{"at once": {0, ""}, "too late": {verifyWithin + time.Second, "TooComplex"}} {
		synctest.Test(t, func(t *testing.T) {
			s, _, _ := service(t, nil)
			s.Anchors = nobodyTrusted{}
			_, err := s.Verify(t.Context(), slowFile{bytes.NewReader(doc), tc.pause}, int64(len(doc)))
			e, _ := errors.AsType[*Error](err)
			if (err == nil) != (tc.code == "") || err != nil && (e == nil || len(e.Fields) != 1 || e.Fields[0].Field != "file" || e.Fields[0].Code != tc.code) {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
}

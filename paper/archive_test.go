package paper

import (
	"bytes"
	"testing"

	"github.com/innsigli/innsigli/innsiglitest"
)

// TestEvidenceThatIsAFileOfItsOwnIsMadeForKeeping: veraPDF holds it to PDF/A-3b, and qpdf finds its parts where they are
// said to be.
func TestEvidenceThatIsAFileOfItsOwnIsMadeForKeeping(t *testing.T) {
	need(t, "qpdf", "qpdf")
	var files [][]byte
	for name, e := range map[string]string{"three": completed, "canceled": canceled} {
		ev := three()
		if ev.Outcome = e; e == canceled {
			ev = stopped(canceled)
			ev.Process.Company = `Brún & Co. <"ehf.">`
		}
		pdf, again := drawEvidence(t, ev), drawEvidence(t, ev)
		if !bytes.Equal(pdf, again) {
			t.Errorf("%s: other bytes the second time", name)
		}
		tool(t, pdf, `qpdf --check "$1"`)
		contains(t, tool(t, pdf, `pdfinfo "$1"`), "Producer:        Innsigli", "CreationDate:")
		files = append(files, pdf)
	}
	innsiglitest.VeraPDF(t, files...)
}

package paper

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/goregular"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/lang"
)

func drawEvidence(t *testing.T, e innsigli.Evidence) []byte {
	t.Helper()
	b, err := New().Draw(nil, e)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// inside holds that every word and box of a sheet is on it, with the given room at the sides and down to floor.
func inside(t *testing.T, name string, s *sheet, side, floor float64) {
	t.Helper()
	for _, w := range s.words {
		if end := w.x + w.width(w.text); w.x < side || end > s.w-side+1e-6 || w.y-w.size < -1 || w.y > floor {
			t.Errorf("%s: %q stands at %v to %v, %v", name, w.text, w.x, end, w.y)
		}
	}
	for _, b := range s.boxes {
		if b.x < 0 || b.y < 0 || b.x+b.w > s.w || b.y+b.h > s.h {
			t.Errorf("%s: a box leaves the page: %+v", name, b)
		}
	}
}

// apart holds that no two words are drawn over each other.
func apart(t *testing.T, name string, s *sheet) {
	t.Helper()
	for i, a := range s.words {
		for _, b := range s.words[:i] {
			beside := a.x+a.width(a.text) < b.x+0.01 || b.x+b.width(b.text) < a.x+0.01
			above := a.y-a.size*0.7 > b.y || b.y-b.size*0.7 > a.y
			if !beside && !above {
				t.Errorf("%s: %q is drawn over %q", name, a.text, b.text)
			}
		}
	}
}

func evidences() map[string]innsigli.Evidence {
	endless := three()
	endless.Signees[1].Agent = strings.Repeat("agent/1.0 ", 3000) // more than a page
	endless.Signees[1].Name = strings.Repeat("n", 20_000)
	endless.Events[2].Detail = strings.Repeat("d", 9000)
	endless.Notes = map[string]string{"b": strings.Repeat("x", 3000), "a": "one"}
	bare := innsigli.Evidence{Outcome: "?", Signees: []innsigli.EvidenceSignee{{}}}
	return map[string]innsigli.Evidence{
		"three": three(), "canceled": stopped(canceled), "expired": stopped(expired), "stress": stress(),
		"endless": endless, "bare": bare, "apart": apartFrom(), "zero": {},
	}
}

func TestNothingLeavesThePages(t *testing.T) {
	p := New()
	for name, e := range evidences() {
		for i, s := range p.layEvidence(e, newWording(e)) {
			at := fmt.Sprintf("%s page %d", name, i+1)
			inside(t, at, s, left, pageHeight-30)
			apart(t, at, s)
			for _, w := range s.words {
				if foot := w.y == pageHeight-34; !foot && w.y > bottom {
					t.Errorf("%s: %q runs into the foot", at, w.text)
				}
			}
		}
	}
}

func TestEvidenceIsReadByOurOwnReader(t *testing.T) {
	for name, c := range map[string]struct{ least, most int }{
		"three": {2, 3}, "canceled": {2, 3}, "stress": {70, 120}, "bare": {1, 1}, "zero": {1, 1}, "endless": {4, 60},
	} {
		b := drawEvidence(t, evidences()[name])
		doc := parsed(t, b)
		n := doc.PageCount()
		if n < c.least || n > c.most {
			t.Errorf("%s: %d pages, want %d to %d", name, n, c.least, c.most)
		}
		for i := range n {
			if w, h, err := doc.PageSize(i + 1); err != nil || w > 595.3 || h > 841.9 {
				t.Errorf("%s: page %d is %v × %v (%v)", name, i+1, w, h, err)
			}
		}
		forms, err := doc.Update().ImportPages(b)
		if err != nil || len(forms) != n {
			t.Errorf("%s: %d of %d pages imported (%v)", name, len(forms), n, err)
		}
	}
}

func TestQpdfFindsNoFaultInEvidence(t *testing.T) {
	need(t, "qpdf", "qpdf")
	for _, e := range evidences() {
		tool(t, drawEvidence(t, e), `qpdf --check "$1"`)
	}
}

func TestEvidenceSaysWhatHappened(t *testing.T) {
	e := three()
	e.Signees[2].Name = `<b>Олена</b> Шевченко`
	text := words(t, drawEvidence(t, e))
	if want := "Norðurljós ehf. Allir hafa undirritað Everyone has signed"; !strings.HasPrefix(text, want) {
		t.Errorf("the first line is not the outcome: %q", text[:80])
	}
	contains(t, text,
		"Undirritunarferli / Signing process", string(e.Process.Key), "Norðurljós ehf.", "sala@nordurljos.example",
		"Ráðningarsamningur Þórunnar.pdf", "2026-11-21 11:34:56 UTC", fingerprint, "483,112 bytes", "7 síður / 7 pages",
		"Undirskriftir / Signatures: 3 / 3", "Þórunn Æsa Ðavíðsdóttir", "Γιώργος Παπαδόπουλος", "<b>Олена</b> Шевченко",
		"+354 555 0100", "Framkvæmdastjóri, með prókúru", "2026-11-23 11:04:56 UTC", "+354 555 0100 by SMS",
		"signee1@example.com by e-mail", "192.0.2.10", "iPhone OS 19_1", "Simple electronic signature",
		e.Signees[0].Reference, "Kóði sendur / Code sent · Email", "Opnaði skjalið / Opened the document",
		"Undirritað með / Signature given Teiknaðri undirskrift / Drawn", "Innsleginni undirskrift / Typed",
		"Staðfestingu einni, hvorki teiknað né slegið inn / By confirmation alone", "Sló inn undirskrift / Typed a signature",
		"Kennitala / Personal code 120389-3389", "2026-11-23 11:02:56 UTC · +354 555 0100", "Svör við kóðanum / Answers to the code 2",
		"Röng svör alls / Wrong answers in all 1", "2026-11-21 12:15:56 UTC · signee0@example.com", "Lagt fram af / Given by CRM",
		"CN=Norðurljós ehf.,O=Norðurljós ehf.,C=IS", "5f3a9c")
	contains(t, packed(t, drawEvidence(t, e)), "Synchronised,asitsoperatingsystemsays", "0.25ms,31.5ms", string(e.Process.Key)+"GertmeðInnsigli1/3", string(e.Process.Key)+"GertmeðInnsigli3/3")
	if n := strings.Count(text, string(e.Process.Key)); n != 4 {
		t.Errorf("the process key stands %d times, want once and under three pages", n)
	}
}

func TestEnglishEvidenceSaysThingsOnce(t *testing.T) {
	e := three()
	e.Language = innsigli.LangNotSet
	text := words(t, drawEvidence(t, e))
	contains(t, text, "Everyone has signed", "Signing process", "Signatures: 3 / 3")
	for _, w := range []string{"undirritað ", "Signed / Signed", "Skjal"} {
		if strings.Contains(text, w) {
			t.Errorf("text has %q", w)
		}
	}
}

func TestEvidenceOfASigningThatEndedEarlySaysSoFirst(t *testing.T) {
	for outcome, want := range map[string]string{
		canceled: "Afturkallað áður en allir höfðu undirritað Canceled before everyone had signed",
		expired:  "Rann út áður en allir höfðu undirritað Expired before everyone had signed",
		"what":   "Afturkallað áður en allir höfðu undirritað Canceled before everyone had signed",
	} {
		text := words(t, drawEvidence(t, stopped(outcome)))
		if !strings.HasPrefix(text, "Norðurljós ehf. "+want) {
			t.Errorf("%s: the first line is %q", outcome, text[:100])
		}
		contains(t, text, "Signatures: 1 / 3", "Undirritaði ekki / Did not sign")
		contains(t, packed(t, drawEvidence(t, stopped(outcome))), "Notsynchronised,asitsoperatingsystemsays")
		if strings.Contains(text, "Everyone has signed") {
			t.Errorf("%s: says that everyone has signed", outcome)
		}
	}
}

func TestNothingIsCutFromLongEvidence(t *testing.T) {
	e := stress()
	text := packed(t, drawEvidence(t, e))
	contains(t, text, e.Process.FileName, e.Signees[0].Reason, strings.Repeat("M", 300), e.Signees[0].Name)
	for i := range 100 {
		if !strings.Contains(text, "Tilvísun/Reference"+e.Signees[i].Reference) {
			t.Errorf("signee %d is missing", i)
		}
	}
	for _, ev := range e.Events {
		if at := strings.ReplaceAll(stamp(ev.At), " ", ""); !strings.Contains(text, at) {
			t.Errorf("the event at %s is missing", at)
		}
	}
}

func TestLettersThatCannotBeDrawnAreOwnedUpTo(t *testing.T) {
	e := three()
	const remark = "Letters that these pages cannot draw are left out (…)"
	if text := words(t, drawEvidence(t, e)); strings.Contains(text, remark) {
		t.Error("the remark stands where nothing is missing")
	}
	e.Signees[0].Name = "王小明"
	contains(t, words(t, drawEvidence(t, e)), "…", remark)
}

func TestAnEventThatIsNotKnownIsShownAsItIs(t *testing.T) {
	e := three()
	e.Events = append(e.Events, innsigli.EvidenceEvent{At: noon, Kind: "Teleported", Signee: "3456789a", Detail: "twice"})
	contains(t, words(t, drawEvidence(t, e)), "Teleported · twice", "3456789a")
}

// TestNoMarkShowsTheKeyOfASigneeWhole: the key opens the signing link, and the mark goes to everyone. The evidence never
// gets to know it.
func TestNoMarkShowsTheKeyOfASigneeWhole(t *testing.T) {
	m := marks()["plain"]
	mark := packed(t, drawMark(t, m))
	if body := strings.TrimPrefix(string(m.Key), "si"); strings.Contains(mark, body[:20]) || !strings.Contains(mark, m.Key.Reference()) {
		t.Errorf("the mark says %q", mark)
	}
}

// TestANamelessSigneeIsCalledByReference in the table of events too.
func TestANamelessSigneeIsCalledByReference(t *testing.T) {
	e := three()
	e.Signees[1].Name, e.Signees[1].Email, e.Signees[1].Phone = "", "", ""
	e.Events = append(e.Events, innsigli.EvidenceEvent{At: noon, Kind: "Gone", Signee: fingerprint[24:32]})
	contains(t, packed(t, drawEvidence(t, e)), e.Signees[1].Reference, fingerprint[24:32])
}

// TestSameInputIsTheSameBytes draws at once from many goroutines: sealing is tried again after a crash, and the fonts
// are shared.
func TestSameInputIsTheSameBytes(t *testing.T) {
	fonts := func() [32]byte {
		return sha256.Sum256(slices.Concat(goregular.TTF, gobold.TTF, gomono.TTF))
	}
	before := fonts()
	p := New()
	var wg sync.WaitGroup
	out := make([][]byte, 8)
	for i := range out {
		wg.Go(func() {
			var err error
			if out[i], err = p.Draw([]innsigli.Mark{marks()["greek"], marks()["drawn"]}, three()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for i, o := range out {
		if !bytes.Equal(o, out[0]) {
			t.Errorf("drawing %d differs", i)
		}
	}
	if fonts() != before {
		t.Error("the fonts that everyone shares were written to")
	}
}

func TestEvidenceApartNamesTheFileItGoesWith(t *testing.T) {
	e := apartFrom()
	text := words(t, drawEvidence(t, e))
	contains(t, text, "This evidence goes with the file named below", e.Document.Final.SHA256, "Revision 1 of it", "Revision 2 of it")
	if strings.Contains(text, "This page was added") {
		t.Error("says that the page was added to the document")
	}
}

func TestTheLogoStandsInPlaceOfTheName(t *testing.T) {
	p, e := New(), three()
	for name, c := range map[string]struct {
		logo  []byte
		drawn bool
	}{"a logo": {scribble(400, 100), true}, "none": {nil, false}, "one that is none": {[]byte("<svg>"), false}} {
		e.Logo = c.logo
		s := p.layEvidence(e, newWording(e))[0]
		if (len(s.pictures) == 1) != c.drawn || (s.words[0].text == e.Process.Company) == c.drawn {
			t.Errorf("%s: %d pictures, first %q", name, len(s.pictures), s.words[0].text)
		}
	}
}

// TestEvidenceIsDrawnInEveryLanguage: the pages say what the catalogue says, and no letter of a language is missing from
// the fonts.
func TestEvidenceIsDrawnInEveryLanguage(t *testing.T) {
	for _, tag := range lang.Tags() {
		e := three()
		e.Language, _ = innsigli.ParseLanguage(tag)
		w := newWording(e)
		text := words(t, drawEvidence(t, e))
		for _, key := range []string{"title", "intro", "about.text", "given"} {
			native, _ := w.pair(key)
			if want := strings.Join(strings.Fields(native), " "); !strings.Contains(text, want) {
				t.Errorf("%s: the pages do not say %q", tag, want)
			}
		}
		if remark, _ := w.pair("letters"); strings.Contains(text, strings.Join(strings.Fields(remark), " ")) {
			t.Errorf("%s: letters are missing", tag)
		}
	}
}

// TestEveryEventHasWords: what happens before the seal is told in words, not by the name that programs know it by.
func TestEveryEventHasWords(t *testing.T) {
	source, err := os.ReadFile("../log.go")
	if err != nil {
		t.Fatal(err)
	}
	kinds := regexp.MustCompile(`LogKind = "(\w+)"`).FindAllSubmatch(source, -1)
	if len(kinds) < 30 {
		t.Fatalf("log.go has %d kinds of lines", len(kinds))
	}
	later := []innsigli.LogKind{innsigli.LogSealPending, innsigli.LogSealRaised, innsigli.LogErased}
	for _, m := range kinds {
		kind := innsigli.LogKind(m[1])
		if slices.Contains(later, kind) {
			continue
		}
		key := "evidence.event." + string(kind)
		if kind == innsigli.LogDrawn {
			key += "." + innsigli.Drawn // it never stands alone
		}
		if lang.For(lang.English).T(key) == key {
			t.Errorf("%s has no words", kind)
		}
	}
}

package notify_test

import (
	"bytes"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/innsiglitest"
	"github.com/innsigli/innsigli/notify"
)

// elsewhere finds what a mail program would fetch.
var elsewhere = regexp.MustCompile(`(?i)(src|background)="?(https?:|//)|url\(|<link|@import`)

// TestAMailBringsTheLogoAlong, beside attachments too, and fetches nothing; without a logo it is as before.
func TestAMailBringsTheLogoAlong(t *testing.T) {
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 480, 120))); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		kind  innsigli.JobKind
		state innsigli.State
		logo  []byte
		sum   string
		files int
	}{
		"invitation":      {innsigli.JobMailInvite, innsigli.Started, b.Bytes(), "aa", 0},
		"signed document": {innsigli.JobMailCompleted, innsigli.Completed, b.Bytes(), "aa", 1},
		"taken away":      {innsigli.JobMailInvite, innsigli.Started, nil, "aa", 0},
		"none":            {innsigli.JobMailInvite, innsigli.Started, nil, "", 0},
	} {
		w := newWorld(t, innsiglitest.SMTPOptions{})
		if w.facts.Process.State = c.state; !c.state.Active() {
			w.ended(c.state, "")
		}
		w.logo, w.facts.Company.Logo = c.logo, c.sum
		w.facts.Flow.Brand.Name = "Suðurljós"
		if _, _, err := w.run(t, job(c.kind, bjorn, "bjorn@example.is", innsigli.LangEn)); err != nil {
			t.Fatal(err)
		}
		m := w.smtp.Wait(t, 1)[0]
		shown := strings.Contains(m.HTML, `src="cid:`+notify.LogoID+`" alt="" width="180" height="45"`)
		if with := c.logo != nil; shown != with || len(m.Inline) == 1 != with || strings.Contains(m.HTML, "cid:") != with {
			t.Errorf("%s: shown %v, %d pictures", name, shown, len(m.Inline))
		} else if with && (m.Inline[0].Name != notify.LogoID || m.Inline[0].Type != "image/png" || !bytes.Equal(m.Inline[0].Bytes, c.logo)) {
			t.Errorf("%s: %+v", name, m.Inline[0])
		}
		if len(m.Files) != c.files || elsewhere.MatchString(m.HTML) || !strings.Contains(m.Text, "Suðurljós") || !strings.Contains(m.Header.Get("From"), "=") {
			t.Errorf("%s: %d files, from %s: %s", name, len(m.Files), m.Header.Get("From"), m.HTML)
		}
		if *pages != "" {
			file := filepath.Join(*pages, "logo_"+strings.ReplaceAll(name, " ", "_")+".html")
			if err := os.WriteFile(file, []byte(m.HTML), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestAMailWearsTheColour wherever ours would be, as it can be read; what is written in a mail stays as it is.
func TestAMailWearsTheColour(t *testing.T) {
	w := newWorld(t, innsiglitest.SMTPOptions{})
	w.facts.Process.State, w.facts.Company.Colour = innsigli.Started, "#ffd400"
	w.facts.Process.FileName = "color #1d4e89.pdf"
	if _, _, err := w.run(t, job(innsigli.JobMailInvite, bjorn, "bjorn@example.is", innsigli.LangEn)); err != nil {
		t.Fatal(err)
	}
	light, dark, _ := innsigli.Tints("#ffd400")
	html := w.smtp.Wait(t, 1)[0].HTML
	if !strings.Contains(html, "background:"+light.Brand+";border-radius") || !strings.Contains(html, ".btn{background:"+dark.Brand+" !important}") ||
		strings.Contains(strings.ReplaceAll(html, "color #1d4e89.pdf", ""), "#1d4e89") || !strings.Contains(html, "color #1d4e89.pdf") || strings.Contains(html, "#7fb2f0") {
		t.Errorf("%+v %+v: %s", light, dark, html)
	}
}

// TestTheSizeOfAMailCountsTheLogo, since a mail server is told before it gets one.
func TestTheSizeOfAMailCountsTheLogo(t *testing.T) {
	m := &notify.Message{UID: uid, Domain: "x.example", Date: noon, Text: "t", HTML: "h", Logo: make([]byte, innsigli.LogoBytes)}
	var b bytes.Buffer
	n, err := m.WriteTo(&b)
	if err != nil || n != int64(b.Len()) || m.Size() != n || n < 4*innsigli.LogoBytes/3 || n > 40<<10 {
		t.Errorf("%d bytes written, %d counted, size %d: %v", b.Len(), n, m.Size(), err)
	}
}

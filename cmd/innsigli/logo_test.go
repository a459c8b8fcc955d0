package main

import (
	"bytes"
	"image/jpeg"
	"image/png"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/innsiglitest"
)

// TestLogos: what people see of a company and of its flow: on the page, in the mail, on the evidence.
func TestLogos(t *testing.T) {
	onBoth(t, func(t *testing.T, db string) {
		t.Helper()
		r, _ := newLocal(t, db, seams{})
		const company = "/management/company/logo"
		flow := "/management/flow/" + string(r.creds.FlowKey)
		for _, at := range []string{company, flow + "/logo"} {
			refusal(t, at+": a script", r.ask("PUT", at, "own", []byte("<svg><script>alert(1)</script></svg>")), 400, "Image", "logo")
			refusal(t, at+": nothing", r.ask("PUT", at, "own", []byte{}), 400, "NotEmpty", "logo")
			if a := r.ask("PUT", at, "own", make([]byte, innsigli.MaxLogoBytes+1)); a.status != http.StatusRequestEntityTooLarge {
				t.Errorf("%s: over the limit: %d %s", at, a.status, a.body)
			}
			refusal(t, at+": none yet", r.ask("GET", at, "own", nil), 404, "NotFound")
		}
		refusal(t, "a flow of nobody", r.ask("PUT", "/management/flow/00aa11bb22cc/logo", "own", strokes(t, 60, 30)), 404, "NotFound")
		ours := r.setLogo(t, company, append(strokes(t, 240, 60), "<script>alert(1)</script>"...))
		p := r.create(innsiglitest.PDF(t, 1, "in the company's look"), byMail("Ann", "ann@logo.example"))
		r.looks(t, p, "ann@logo.example", "Norðurljós ehf.", ours)

		var photo bytes.Buffer
		img, err := png.Decode(bytes.NewReader(strokes(t, 90, 90)))
		if err != nil || jpeg.Encode(&photo, img, nil) != nil {
			t.Fatal(err)
		}
		its := r.setLogo(t, flow+"/logo", photo.Bytes())
		refusal(t, "a colour that is none", r.ask("PUT", "/management/flow", "own", map[string]any{"flowKey": r.creds.FlowKey, "name": "x", "color": "red"}), 400, "Color", "color")
		a := r.ask("PUT", "/management/flow", "own", map[string]any{"flowKey": r.creds.FlowKey, "name": "Samningar", "brandName": "Suðurljós", "color": "#0A7D55"})
		var got struct{ BrandName, Color, Logo string }
		if a.json(t, &got); a.status != 200 || got.BrandName != "Suðurljós" || got.Color != "#0a7d55" || r.path(t, got.Logo) != its {
			t.Errorf("the flow's look: %d %s", a.status, a.body)
		}
		p = r.create(innsiglitest.PDF(t, 1, "in the flow's look"), byMail("Bo", "bo@logo.example"))
		r.looks(t, p, "bo@logo.example", "Suðurljós", its)
		r.sign(p, 0)
		r.settled()
		sealed := r.ask("GET", "/pdf/sp/"+p.Key+".pdf", "own", nil).body
		if e := evidenceIn(t, sealed); e.Process.Company != "Norðurljós ehf." || e.Process.ShownAs != "Suðurljós" {
			t.Errorf("the evidence: %+v", e.Process)
		}
		c, err := png.DecodeConfig(bytes.NewReader(r.ask("GET", its, "", nil).body))
		if err != nil || !bytes.Contains(sealed, []byte("/Width "+strconv.Itoa(c.Width))) {
			t.Errorf("the logo is not on the evidence: %v", err)
		}
		if dir := os.Getenv("INNSIGLI_SCREENSHOTS"); dir != "" {
			writeFile(t, filepath.Join(dir, "logo.pdf"), sealed)
		}

		key := string(r.creds.FlowKey)
		for at, want := range map[string]string{
			"/api/Signing/" + strings.ToUpper(p.Key[:2]) + p.Key[2:] + "/Branding": its, "/flow/" + key + "/branding": its,
			"/company/" + string(r.creds.CompanyKey) + "/branding": ours,
		} {
			var b struct {
				Name, Logo string
				Meta       struct{ Color string }
			}
			a := r.ask("GET", at, "", nil)
			if a.json(t, &b); a.status != 200 || r.path(t, b.Logo) != want || (b.Name == "Suðurljós") != (want == its) || (b.Meta.Color == "#0a7d55") != (want == its) {
				t.Errorf("%s: %d %s", at, a.status, a.body)
			}
		}
		for _, at := range []string{"/signing/sp00/branding", "/signing/x/branding", "/signing/sequential/pg00/branding", "/flow/00/branding", "/company/00/branding"} {
			refusal(t, at, r.ask("GET", at, "", nil), 400, "InvalidKey")
		}
		for range 2 {
			if a := r.ask("DELETE", flow+"/logo", "own", nil); a.status != http.StatusNoContent {
				t.Errorf("delete: %d %s", a.status, a.body)
			}
		}
		if page := r.visit("GET", "/s/"+p.Key+"/"+p.Signees[0].Key, "", nil).body; !bytes.Contains(page, []byte(ours)) {
			t.Error("the company's logo does not come back")
		}
		if a := r.ask("GET", its, "", nil); a.status != http.StatusNotFound {
			t.Errorf("a logo that was taken away: %d", a.status)
		}
	})
}

// setLogo sends a logo, and gives the path where everybody sees it.
func (r *rig) setLogo(t *testing.T, at string, img []byte) string {
	t.Helper()
	var made struct{ Logo string }
	a := r.ask("PUT", at, "own", img)
	if a.json(t, &made); a.status != http.StatusOK {
		t.Fatalf("%s: %d %s", at, a.status, a.body)
	}
	path := r.path(t, made.Logo)
	shown, kept := r.ask("GET", path, "", nil), r.ask("GET", at, "own", nil)
	if shown.status != 200 || shown.header.Get("Content-Type") != "image/png" || !bytes.Equal(shown.body, kept.body) || bytes.Contains(shown.body, []byte("script")) {
		t.Errorf("%s: %d %v", path, shown.status, shown.header)
	}
	return path
}

// looks holds a page and the invitation to it to a name and a logo.
func (r *rig) looks(t *testing.T, p process, to, name, logo string) {
	t.Helper()
	page := string(r.visit("GET", "/s/"+p.Key+"/"+p.Signees[0].Key, "", nil).body)
	if !strings.Contains(page, "<bdi>"+name+"</bdi>") || !strings.Contains(page, `src="`+logo+`"`) {
		t.Errorf("the page of %s: %.1500s", name, page)
	}
	m := r.mailTo(to, func(innsiglitest.Mail) bool { return true })
	if len(m.Inline) != 1 || !bytes.Equal(m.Inline[0].Bytes, r.ask("GET", logo, "", nil).body) || !strings.Contains(m.Text, name) || strings.Contains(m.HTML, logo) {
		t.Errorf("the invitation of %s: %d pictures, %s", name, len(m.Inline), m.Text)
	}
}

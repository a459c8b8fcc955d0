package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/innsigli/innsigli/innsiglitest"
)

// TestCompanySettings changes a company by API and on the command line, and reads what its people read.
func TestCompanySettings(t *testing.T) {
	onBoth(t, func(t *testing.T, db string) {
		t.Helper()
		r := newRig(t, db)
		a := r.ask("PUT", "/api/management/company", "own", map[string]any{"Name": "Suðurljós ehf.", "LANGUAGE": "is", "extra": true})
		var got struct{ CompanyKey, Name, Email, Language string }
		if a.json(t, &got); a.status != 200 || got.Name != "Suðurljós ehf." || got.Language != "Is" || got.Email != "office@nordurljos.example" {
			t.Fatalf("change: %d %s", a.status, a.body)
		}
		a = r.ask("PUT", "/management/company", "own", map[string]any{"email": "nobody"})
		if _, fields := a.errorCode(); a.status != 400 || len(fields) != 1 || fields[0] != "email" {
			t.Errorf("an address that is none: %d %s", a.status, a.body)
		}
		out := r.cli("company", "set", "--company", string(r.creds.CompanyKey), "--email", "new@nordurljos.example", "--language", "en")
		if !strings.Contains(string(out), "new@nordurljos.example") {
			t.Errorf("company set: %s", out)
		}
		a = r.ask("GET", "/management/company", "own", nil)
		if a.json(t, &got); got.Email != "new@nordurljos.example" || got.Language != "En" || got.Name != "Suðurljós ehf." {
			t.Errorf("settings: %s", a.body)
		}
		a = r.ask("PUT", "/management/company", "own", map[string]any{"origins": []string{"https://a.is", "https://*.a.is"}, "color": "red"})
		if _, fields := a.errorCode(); a.status != 400 || strings.Join(fields, " ") != "origins[1] color" {
			t.Errorf("a wildcard and a name: %d %s", a.status, a.body)
		}
		a = r.ask("PUT", "/management/company", "own", map[string]any{"origins": []string{"HTTPS://Portal.a.is:443/"}, "color": "#1D4E89"})
		var look struct {
			Origins []string
			Color   string
		}
		if a.json(t, &look); a.status != 200 || strings.Join(look.Origins, " ") != "https://portal.a.is" || look.Color != "#1d4e89" {
			t.Errorf("origins and colour: %d %s", a.status, a.body)
		}
		out = r.cli("company", "set", "--company", string(r.creds.CompanyKey), "--origins", "")
		if text := string(out); !strings.Contains(text, "origins   none\n") || !strings.Contains(text, "colour    #1d4e89\n") {
			t.Errorf("company set: %s", out)
		}
		retentionByAPI(t, r)
		file := filepath.Join(r.data, "logo.png")
		writeFile(t, file, strokes(t, 60, 30))
		set := func(logo string) string {
			return string(r.cli("company", "set", "--company", string(r.creds.CompanyKey), "--logo", logo))
		}
		if text := set(file); !strings.Contains(text, "logo      /brand/logo/") {
			t.Errorf("company set --logo: %s", text)
		}
		if text := set(""); !strings.Contains(text, "logo      none\n") {
			t.Errorf("company set without a logo: %s", text)
		}
		if a = r.ask("GET", "/management/company", "own", nil); !strings.Contains(string(a.body), `"origins":[]`) {
			t.Errorf("no origins: %s", a.body)
		}
		r.create(innsiglitest.PDF(t, 1, "settings"), byMail("Anna", "anna@example.com"))
		m := r.mailTo("anna@example.com", func(innsiglitest.Mail) bool { return true })
		if !strings.Contains(m.Text, "Suðurljós ehf.") {
			t.Errorf("the invitation: %s", m.Text)
		}
	})
}

// retentionByAPI changes by API for how long things are kept, beside the command line.
func retentionByAPI(t *testing.T, r *rig) {
	t.Helper()
	const at = "/management/company/retention"
	kept := func(a answer, personal, documents int) {
		t.Helper()
		var got struct{ PersonalDays, DocumentsDays int }
		if a.json(t, &got); a.status != 200 || got.PersonalDays != personal || got.DocumentsDays != documents {
			t.Errorf("kept: %d %s, want %d and %d", a.status, a.body, personal, documents)
		}
	}
	kept(r.ask("GET", at, "own", nil), 90, 0)
	kept(r.ask("PUT", "/api"+at, "own", map[string]any{"DOCUMENTSDAYS": 3653}), 90, 3653)
	kept(r.ask("PUT", at, "own", map[string]any{"personalDays": 30}), 30, 3653)
	refusal(t, "days", r.ask("PUT", at, "own", map[string]any{"personalDays": -1, "documentsDays": 3654}), 400, "InclusiveBetween", "personalDays", "documentsDays")
	refusal(t, "a text", r.ask("PUT", at, "own", map[string]any{"personalDays": "soon"}), 400, "Type", "personalDays")
	refusal(t, "nobody", r.ask("PUT", at, "", map[string]any{"personalDays": 1}), 401, "Unauthorized")
	kept(r.ask("GET", at, r.company("Others ehf."), nil), 90, 0)
	if text := string(r.cli("company", "set", "--company", string(r.creds.CompanyKey), "--retention-documents", "0")); !strings.Contains(text, "for 30 days after the end of a process, completed documents for ever") {
		t.Errorf("company set: %s", text)
	}
	kept(r.ask("PUT", at, "own", map[string]any{"personalDays": 0}), 90, 0)
}

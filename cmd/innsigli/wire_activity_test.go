package main

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/innsigli/innsigli/innsiglitest"
)

// The activity log on the wire (wire.md 1.5 and 2.2).

// TestWireActivity runs on both databases: every filter is a condition of a query.
func TestWireActivity(t *testing.T) {
	onBoth(t, func(t *testing.T, db string) {
		t.Helper()
		t.Parallel()
		r := newRig(t, db)
		other := r.company("Other hf.")
		pdf := innsiglitest.PDF(t, 1, "activity")
		made := func(user, file, display string, w who) string {
			body := r.bodyOf(pdf, w)
			body["user"], body["pdfFileName"], body["activityDisplayName"] = user, file, display
			var p process
			r.ask("POST", "/management/signing", "own", body).json(t, &p)
			r.settled()
			return p.Key
		}
		one := made("first@a.example", "Leigusamningur.pdf", "", who{"name": "Þórdís Önnudóttir", "email": "thordis@a.example", "ssn": "0101302989", "phoneNumber": "5551234", "address": "Götu 1"})
		two := made("second@a.example", "100%_sure.pdf", "Kaup", byMail("Bo", "bo@a.example"))
		three := made("", "c.pdf", "", byMail("Bo", "other.bo@a.example"))
		t.Run("refusals", func(t *testing.T) { activityRefusals(t, r.with(t)) })
		t.Run("filters", func(t *testing.T) { activityFilters(t, r.with(t), one, two, three) })
		t.Run("shape", func(t *testing.T) { activityShape(t, r.with(t), one) })
		t.Run("companies are apart", func(t *testing.T) {
			for _, query := range []string{"", "&ProcessKey=" + one, "&User=first@a.example", "&FlowKey=" + string(r.creds.FlowKey), "&Query=Bo"} {
				a := r.with(t).ask("GET", "/signing/activity?StartDate=2020-01-01&EndDate=2100-01-01"+query, other, nil)
				if a.status != 200 || string(a.body) != "[]" {
					t.Errorf("another company sees with %q: %d %s", query, a.status, a.body)
				}
			}
		})
	})
}

func activityRefusals(t *testing.T, r *rig) {
	t.Helper()
	const ok = "StartDate=2020-01-01&EndDate=2100-01-01"
	for _, x := range []struct {
		query, code string
		fields      []string
	}{
		{"", "NotEmpty", []string{"StartDate", "EndDate"}},
		{"StartDate=2020-01-01", "NotEmpty", []string{"EndDate"}},
		{"EndDate=2020-01-01", "NotEmpty", []string{"StartDate"}},
		{"StartDate=2020-01-01&EndDate=2020-01-01", "LessThan", []string{"StartDate"}},
		{"StartDate=2021-01-01&EndDate=2020-01-01", "LessThan", []string{"StartDate"}},
		{"StartDate=yesterday&EndDate=2020-01-01", "Date", []string{"StartDate"}},
		{"StartDate=2020-01-01&EndDate=2020-13-01", "Date", []string{"EndDate"}},
		{ok + "&Take=x", "Type", []string{"Take"}},
		{ok + "&Take=-1", "InclusiveBetween", []string{"Take"}},
		{ok + "&Take=10001", "InclusiveBetween", []string{"Take"}},
		{ok + "&Skip=-1", "GreaterThanOrEqual", []string{"Skip"}},
		{ok + "&Skip=1.5", "Type", []string{"Skip"}},
	} {
		refusal(t, x.query, r.ask("GET", "/signing/activity?"+x.query, "own", nil), 400, x.code, x.fields...)
	}
}

func activityFilters(t *testing.T, r *rig, one, two, three string) {
	t.Helper()
	keys := func(path string, q url.Values) []string {
		t.Helper()
		for name, v := range map[string]string{"StartDate": "2020-01-01", "EndDate": "2100-01-01"} {
			if !q.Has(name) {
				q.Set(name, v)
			}
		}
		a := r.ask("GET", path+"?"+q.Encode(), "own", nil)
		wire(t, path, a)
		var got []struct{ ProcessKey string }
		if a.json(t, &got); a.status != 200 {
			t.Errorf("%s?%s: %d %s", path, q.Encode(), a.status, a.body)
		}
		out := []string{}
		for _, p := range got {
			out = append(out, p.ProcessKey)
		}
		return out
	}
	tomorrow := time.Now().Add(24 * time.Hour).UTC().Format("2006-01-02")
	hourAgo, inAnHour := time.Now().Add(-time.Hour).UTC(), time.Now().Add(time.Hour).UTC()
	all := []string{one, two, three} // in the order in which they began
	for _, x := range []struct {
		name string
		q    url.Values
		want []string
	}{
		{"all", url.Values{}, all},
		{"take", url.Values{"Take": {"2"}}, all[:2]},
		{"skip", url.Values{"skip": {"1"}, "TAKE": {"1"}}, []string{two}},
		{"skip everything", url.Values{"Skip": {"3"}}, []string{}},
		{"user", url.Values{"User": {"FIRST@a.example"}}, []string{one}},
		{"user whose process it is not", url.Values{"User": {"nobody@a.example"}}, []string{}},
		{"actor that is an API key", url.Values{"User": {"API key 1"}}, []string{three}},
		{"process", url.Values{"ProcessKey": {two}}, []string{two}},
		{"process, shouted", url.Values{"ProcessKey": {strings.ToUpper(two)}}, []string{two}},
		{"no process", url.Values{"ProcessKey": {"sp00"}}, []string{}},
		{"flow", url.Values{"FlowKey": {string(r.creds.FlowKey)}}, all},
		{"other flow", url.Values{"FlowKey": {"000000000000"}}, []string{}},
		{"type of flow", url.Values{"FlowType": {"dropandsign"}}, all},
		{"other type of flow", url.Values{"FlowType": {"PEP"}}, []string{}},
		{"file", url.Values{"Query": {"leigu"}}, []string{one}},
		{"name, shouted", url.Values{"Query": {"ÞÓRDÍS ÖNNU"}}, []string{one}},
		{"address", url.Values{"Query": {"bo@a.example"}}, []string{two, three}},
		{"display name", url.Values{"Query": {"kaup"}}, []string{two}},
		{"key", url.Values{"Query": {one[:20]}}, []string{one}},
		{"percent is a percent", url.Values{"Query": {"0%_s"}}, []string{two}},
		{"percent alone", url.Values{"Query": {"%"}}, []string{two}},
		{"injection", url.Values{"Query": {"' or 1=1 --"}}, []string{}},
		{"tomorrow", url.Values{"StartDate": {tomorrow}}, []string{}},
		{"times", url.Values{"StartDate": {hourAgo.Format(time.RFC3339)}, "EndDate": {inAnHour.Format(time.RFC3339Nano)}}, all},
		{"times without a zone", url.Values{"StartDate": {hourAgo.Format("2006-01-02T15:04:05")}, "EndDate": {inAnHour.Format("2006-01-02T15:04")}}, all},
		{"seven digits", url.Values{"StartDate": {hourAgo.Format("2006-01-02T15:04:05.0000000Z")}}, all},
		{"another zone", url.Values{"EndDate": {hourAgo.In(time.FixedZone("", 5*3600)).Format(time.RFC3339)}}, []string{}},
	} {
		for _, path := range []string{"/signing/activity", "/signing/activity/user/", "/api/signing/activity/company"} {
			if diff := cmp.Diff(x.want, keys(path, x.q)); diff != "" {
				t.Errorf("%s at %s: %s", x.name, path, diff)
			}
		}
	}
	if diff := cmp.Diff([]string{two}, keys("/Signing/Activity/"+strings.ToUpper(two), url.Values{})); diff != "" {
		t.Errorf("by process: %s", diff)
	}
	a := r.ask("GET", "/signing/activity?StartDate=2020-01-01&EndDate="+time.Now().UTC().Format("2006-01-02"), "own", nil)
	if string(a.body) != "[]" { // a plain date is its first moment
		t.Errorf("until today's midnight: %s", a.body)
	}
}

func activityShape(t *testing.T, r *rig, key string) {
	t.Helper()
	a := r.ask("GET", "/signing/activity/"+key+"?StartDate=2020-01-01&EndDate=2100-01-01", "own", nil)
	wire(t, "activity", a)
	var got []map[string]any
	a.json(t, &got)
	if len(got) != 1 {
		t.Fatalf("activity: %s", a.body)
	}
	w := got[0]
	lines, _ := w["activityLog"].([]any)
	people, _ := w["signees"].([]any)
	if w["processKey"] != key || len(lines) != 3 || len(people) != 1 {
		t.Fatalf("activity: %s", a.body)
	}
	for _, name := range []string{"sequenceSignees", "attachmentReferences"} {
		if list, ok := w[name].([]any); !ok || len(list) != 0 {
			t.Errorf("%s: %v", name, w[name])
		}
	}
	form := regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z$`)
	s, _ := people[0].(map[string]any)
	si, _ := s["signeeKey"].(string)
	at, _ := s["createdAt"].(string)
	want := map[string]any{
		"processKey": key, "signeeKey": si, "ssn": "010130-2989", "name": "Þórdís Önnudóttir", "address": "Götu 1", "phone": "5551234",
		"email": "thordis@a.example", "createdAt": at, "createdBy": "first@a.example", "signatureType": "Simple",
	}
	if diff := cmp.Diff(want, s); diff != "" || !form.MatchString(at) {
		t.Errorf("signee at %s: %s", at, diff)
	}
	var seen []string
	for _, l := range lines {
		m, _ := l.(map[string]any)
		at, _ := m["createdAt"].(string)
		if !form.MatchString(at) || m["flowKey"] != string(r.creds.FlowKey) || m["processKey"] != key || m["signatureLocation"] != "TopFirstPage" {
			t.Errorf("line: %v", m)
		}
		seen = append(seen, fmt.Sprintf("%v|%v|%v|%v|%v", m["status"], m["createdBy"], m["fileName"], m["signeeKey"], m["description"]))
	}
	slices.Sort(seen)
	wantLines := []string{
		"Created|first@a.example|Leigusamningur.pdf|<nil>|Signing process created. ProcessKey: " + key + ".",
		"SigneeAdded|Innsigli|<nil>|" + si + "|Signee added. Processkey: " + key + ". Signee key: " + si + ".",
		"Started|first@a.example|Leigusamningur.pdf|<nil>|Signing process started. ProcessKey: " + key + ".",
	}
	if diff := cmp.Diff(wantLines, seen); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

package main

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/innsiglitest"
	"github.com/innsigli/innsigli/notify"
)

// Reminders, seen from outside: by rule as the days pass, and as the company asks for them.

func TestReminders(t *testing.T) {
	onBoth(t, func(t *testing.T, db string) {
		t.Helper()
		t.Parallel()
		var c clock
		r, s := newLocal(t, db, seams{now: c.now})
		r.hook()
		if a := r.ask("POST", "/management/webhook/", "own", map[string]any{"flowKey": r.creds.FlowKey, "url": r.hooks.URL(), "type": 7}); a.status != http.StatusOK {
			t.Fatalf("webhook for reminders: %d %s", a.status, a.body)
		}
		for _, x := range []struct {
			name string
			test func(*testing.T, *rig, *server, *clock)
		}{
			{"by rule, until signed", remindedByRule},
			{"one after days without a server", remindedOnce},
			{"in order", remindedInOrder},
			{"a changed address", remindedAnew},
			{"once for a sequence", remindedOfSequence},
			{"turned off by the person", remindersUnsubscribed},
			{"turned off by the company", remindersStopped},
			{"at once", remindedAtOnce},
			{"three an hour", remindedThrice},
			{"the company's time of day", remindersSettings},
			{"a sequence expires as one", sequenceExpires},
		} {
			t.Run(x.name, func(t *testing.T) { x.test(t, r.with(t), s, &c) })
		}
	})
}

// hour moves the clock to an hour of a day, so many days from now, in UTC.
func (c *clock) hour(days, hour int) {
	y, m, d := c.now().UTC().Date()
	c.add(time.Date(y, m, d+days, hour, 0, 1, 0, time.UTC).Sub(c.now()))
}

// createRule starts a process with a reminder rule.
func (r *rig) createRule(rule string, more map[string]any, people ...who) process {
	r.tb.Helper()
	body := r.bodyOf(innsiglitest.PDF(r.tb, 1, "reminders"), people...)
	body["REMINDERrule"] = rule
	maps.Copy(body, more)
	a := r.ask("POST", "/management/signing", "own", body)
	var p process
	if a.json(r.tb, &p); a.status != http.StatusOK || !strings.Contains(string(a.body), `"reminderRule":"`+rule+`"`) {
		r.tb.Fatalf("create: %d %s", a.status, a.body)
	}
	r.settled()
	return p
}

// passes moves the clock and demands that exactly these go out by that.
func (r *rig) passes(s *server, move func(), want ...string) {
	r.tb.Helper()
	r.settled()
	m := r.moment()
	move()
	s.worker.Kick()
	r.went(m, want...)
}

func remindPath(p process, n int) string {
	return "/management/signing/" + p.Key + "/signee/" + p.Signees[n].Key + "/remind"
}

func (r *rig) remind(p process, n int, body map[string]any) answer {
	r.tb.Helper()
	return r.ask("POST", remindPath(p, n), "own", body)
}

func remindedByRule(t *testing.T, r *rig, s *server, c *clock) {
	t.Helper()
	const ann, bo = "ann@rule.example", "bo@rule.example"
	c.hour(1, 12)
	p := r.createRule("1:3", nil, byMail("Ann", ann), in("Is", byMail("Bo", bo)))
	r.passes(s, func() { c.hour(1, 8) })
	r.passes(s, func() { c.hour(0, 9) }, "mail "+ann+": reminder", "mail "+bo+": reminder, is", "webhook 7", "webhook 7")
	m := r.lastTo(ann)
	link := strings.Trim(m.Header.Get("List-Unsubscribe"), "<>")
	if !strings.Contains(m.Text, p.Signees[0].URL) || !strings.Contains(m.Text, link) || !strings.HasPrefix(link, r.url+"/unsubscribe/") ||
		m.Header.Get("List-Unsubscribe-Post") != "List-Unsubscribe=One-Click" || strings.Contains(link, p.Signees[0].Key) {
		t.Errorf("the reminder: %s", m.Text)
	}
	r.passes(s, func() { c.hour(2, 23) })
	token := r.tokenFor(p, 0)
	if a := r.otp(token, codeFor(s, token)); a.status != http.StatusOK {
		t.Fatalf("sign: %d %s", a.status, a.body)
	}
	r.passes(s, func() { c.hour(1, 9) }, "mail "+bo+": reminder, is", "webhook 7")
	if a := r.remind(p, 0, map[string]any{"CommunicationDeliveryType": "Email"}); a.status != http.StatusBadRequest {
		t.Errorf("a reminder to who has signed: %d %s", a.status, a.body)
	}
	if log := r.statuses(p.Key); count(log, "ReminderSent") != 3 {
		t.Errorf("log %q", log)
	}
	r.cancel(p.Key)
	r.passes(s, func() { c.hour(3, 12) })
}

func remindedOnce(t *testing.T, r *rig, s *server, c *clock) {
	t.Helper()
	p := r.createRule("0:1", nil, byMail("Ann", "ann@days.example"))
	// As if no server had run for twelve days: the clock jumps over as many reminders.
	r.passes(s, func() { c.hour(12, 15) }, "mail ann@days.example: reminder", "webhook 7")
	r.passes(s, func() { c.hour(1, 9) }, "mail ann@days.example: reminder", "webhook 7")
	r.cancel(p.Key)
}

func remindedInOrder(t *testing.T, r *rig, s *server, c *clock) {
	t.Helper()
	const ann, bo = "ann@order.example", "bo@order.example"
	c.hour(1, 12)
	p := r.createRule("1:0", map[string]any{"signInOrder": true}, byMail("Ann", ann), byMail("Bo", bo))
	a := r.remind(p, 1, map[string]any{"CommunicationDeliveryType": "Email"})
	if code, _ := a.errorCode(); a.status != http.StatusBadRequest || code != "NotYourTurn" {
		t.Errorf("out of turn: %d %s", a.status, a.body)
	}
	r.passes(s, func() { c.hour(1, 9) }, "mail "+ann+": reminder", "webhook 7")
	c.hour(1, 12)
	token := r.tokenFor(p, 0)
	if a := r.otp(token, codeFor(s, token)); a.status != http.StatusOK {
		t.Fatalf("sign: %d %s", a.status, a.body)
	}
	// Bo was invited by that signature: his days begin then.
	r.passes(s, func() { c.hour(1, 9) }, "mail "+bo+": reminder", "webhook 7")
	r.passes(s, func() { c.hour(9, 9) })
	r.cancel(p.Key)
}

func remindedAnew(t *testing.T, r *rig, s *server, c *clock) {
	t.Helper()
	c.hour(1, 12)
	p := r.createRule("2:0", nil, byMail("Ann", "typo@anew.example"))
	c.hour(1, 12)
	if a := r.ask("PUT", signeePath(p, 0), "own", map[string]any{"email": "ann@anew.example"}); a.status != http.StatusOK {
		t.Fatalf("update: %d %s", a.status, a.body)
	}
	r.passes(s, func() { c.hour(1, 9) })
	r.passes(s, func() { c.hour(1, 9) }, "mail ann@anew.example: reminder", "webhook 7")
	r.cancel(p.Key)
}

func remindedOfSequence(t *testing.T, r *rig, s *server, c *clock) {
	t.Helper()
	const ann, bo = "ann@seqremind.example", "bo@seqremind.example"
	c.hour(1, 12)
	body := r.sequenceOf(part{"lease", []who{byMail("Ann", ann), byMail("Bo", bo)}}, part{"annex", []who{byMail("Ann", ann)}})
	for _, p := range body["createSigningProcesses"].([]map[string]any) {
		p["reminderRule"] = "1:1"
	}
	a := r.ask("POST", "/management/signing/sequential", "own", body)
	var q sequence
	if a.json(t, &q); a.status != http.StatusOK {
		t.Fatalf("create sequence: %d %s", a.status, a.body)
	}
	r.passes(s, func() { c.hour(1, 9) }, "mail "+ann+": reminder", "mail "+bo+": reminder", "webhook 7", "webhook 7", "webhook 7")
	if m := r.lastTo(ann); !strings.Contains(m.Text, "lease.pdf") || !strings.Contains(m.Text, "annex.pdf") || !strings.Contains(m.Text, q.Signees[0].URL) {
		t.Errorf("the reminder of a sequence: %s", m.Text)
	}
	m := r.moment()
	if a := r.remind(q.SigningProcesses[1].process, 0, map[string]any{"CommunicationDeliveryType": "Email"}); a.status != http.StatusOK {
		t.Errorf("remind of one document: %d %s", a.status, a.body)
	}
	r.went(m, "mail "+ann+": reminder", "webhook 7", "webhook 7")
	if m := r.lastTo(ann); !strings.Contains(m.Text, "lease.pdf") || strings.Contains(m.Text, "/unsubscribe/") {
		t.Errorf("the reminder that the company asked for: %s", m.Text)
	}
	// With one document signed by its own link, the reminder is about the other alone.
	annex := q.SigningProcesses[1].process
	token := r.tokenFor(annex, 0)
	if a := r.otp(token, codeFor(s, token)); a.status != http.StatusOK {
		t.Fatalf("sign: %d %s", a.status, a.body)
	}
	r.passes(s, func() { c.hour(1, 9) }, "mail "+ann+": reminder", "mail "+bo+": reminder", "webhook 7", "webhook 7")
	if m := r.lastTo(ann); strings.Contains(m.Text, "annex.pdf") {
		t.Errorf("the reminder after a signature: %s", m.Text)
	}
	if a := r.ask("DELETE", "/management/signing/"+annex.Key+"/remind", "own", nil); a.status != http.StatusNoContent {
		t.Errorf("stop: %d %s", a.status, a.body)
	}
	r.passes(s, func() { c.hour(5, 9) })
	r.cancel(annex.Key)
}

func remindersUnsubscribed(t *testing.T, r *rig, s *server, c *clock) {
	t.Helper()
	const ann, bo = "ann@unsub.example", "bo@unsub.example"
	c.hour(1, 12)
	p := r.createRule("0:1", nil, byMail("Ann", ann), byMail("Bo", bo))
	r.passes(s, func() { c.hour(1, 9) }, "mail "+ann+": reminder", "mail "+bo+": reminder", "webhook 7", "webhook 7")
	link := strings.TrimPrefix(strings.Trim(r.lastTo(ann).Header.Get("List-Unsubscribe"), "<>"), r.url)
	for range 2 { // who looks at links follows them, and turns nothing off
		if a := r.ask("GET", link, "", nil); a.status != http.StatusOK || !strings.Contains(string(a.body), "Stop reminders?") {
			t.Errorf("the page: %d %s", a.status, a.body)
		}
	}
	r.passes(s, func() { c.hour(1, 9) }, "mail "+ann+": reminder", "mail "+bo+": reminder", "webhook 7", "webhook 7")
	wrong := link[:len(link)-1] + map[bool]string{true: "1", false: "0"}[strings.HasSuffix(link, "0")]
	for _, path := range []string{wrong, "/unsubscribe/" + p.Key + "/" + p.Signees[0].Key} {
		if a := r.ask("POST", path, "", nil); a.status != http.StatusNotFound {
			t.Errorf("%s: %d", path, a.status)
		}
	}
	for range 2 { // as a mail program does it (RFC 8058 3.1): without a redirect, and a second time is no error
		req, err := http.NewRequest(http.MethodPost, r.url+link, strings.NewReader("List-Unsubscribe=One-Click"))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if a := r.do(req); a.status != http.StatusOK || !strings.Contains(string(a.body), "You get no more reminders") {
			t.Errorf("one click: %d %s", a.status, a.body)
		}
	}
	r.passes(s, func() { c.hour(1, 9) }, "mail "+bo+": reminder", "webhook 7")
	// The company can still ask for one itself.
	m := r.moment()
	if a := r.remind(p, 0, map[string]any{"CommunicationDeliveryType": "Email"}); a.status != http.StatusOK {
		t.Errorf("remind: %d %s", a.status, a.body)
	}
	r.went(m, "mail "+ann+": reminder", "webhook 7")
	lines := r.activity(p.Key)
	n := 0
	for _, l := range lines {
		if l.Status == "RemindersStopped" && l.CreatedBy == ann && l.SigneeKey == p.Signees[0].Key {
			n++
		}
	}
	if n != 1 {
		t.Errorf("log %+v", lines)
	}
	r.cancel(p.Key)
	if a := r.ask("GET", link, "", nil); a.status != http.StatusOK || strings.Contains(string(a.body), "<form") {
		t.Errorf("the page after the end: %d %s", a.status, a.body)
	}
}

func remindersStopped(t *testing.T, r *rig, s *server, c *clock) {
	t.Helper()
	const ann, bo = "ann@stop.example", "bo@stop.example"
	c.hour(1, 12)
	p := r.createRule("0:1", nil, byMail("Ann", ann), byMail("Bo", bo))
	for range 2 {
		if a := r.ask("DELETE", remindPath(p, 0)+"?user=boss@nordurljos.example", "own", nil); a.status != http.StatusNoContent || len(a.body) != 0 {
			t.Errorf("stop for one: %d %s", a.status, a.body)
		}
	}
	r.passes(s, func() { c.hour(1, 9) }, "mail "+bo+": reminder", "webhook 7")
	for name, x := range map[string]struct {
		path, auth string
		status     int
	}{
		"nobody":        {remindPath(p, 0), "", 401},
		"another":       {remindPath(p, 0), r.company("Third hf."), 404},
		"unknown":       {"/management/signing/sp00/remind", "own", 404},
		"wrong signee":  {"/management/signing/" + p.Key + "/signee/si00/remind", "own", 404},
		"user":          {remindPath(p, 0) + "?User=boss", "own", 400},
		"whole process": {"/management/signing/" + strings.ToUpper(p.Key) + "/Remind", "own", 204},
	} {
		if a := r.ask("DELETE", x.path, x.auth, nil); a.status != x.status {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	r.passes(s, func() { c.hour(4, 9) })
	r.cancel(p.Key)
	a := r.ask("DELETE", remindPath(p, 0), "own", nil)
	if code, _ := a.errorCode(); a.status != http.StatusBadRequest || code != "ProcessNotActive" {
		t.Errorf("after the end: %d %s", a.status, a.body)
	}
}

// remindedAtOnce is the documented call, with its letter case mixed and from body and query.
func remindedAtOnce(t *testing.T, r *rig, _ *server, c *clock) {
	t.Helper()
	const ann = "ann@once.example"
	p := r.create(innsiglitest.PDF(t, 1, "once"), byMail("Ann", ann), who{"name": "Bo", "phoneNumber": "+3545550009"})
	r.settled()
	for _, x := range []struct {
		path string
		n    int
		body any
		went string
	}{
		{remindPath(p, 0), 0, map[string]any{"User": "boss@nordurljos.example", "CommunicationDeliveryType": "Email", "IncludeUnsubscribe": true}, "mail " + ann + ": reminder"},
		{"/API" + strings.ToUpper(remindPath(p, 0)), 0, map[string]any{"USER": "", "communicationDELIVERYtype": 2, "extra": []int{1}}, "mail " + ann + ": reminder"},
		{remindPath(p, 0) + "?COMMUNICATIONdeliverytype=nOnE&includeunsubscribe=True&user=boss@nordurljos.example", 0, nil, "mail " + ann + ": reminder"},
		{remindPath(p, 1), 1, map[string]any{"communicationDeliveryType": "sms"}, "sms +3545550009: reminder"},
	} {
		m := r.moment()
		a := r.ask("POST", x.path, "own", x.body)
		var said string
		if a.json(t, &said); a.status != http.StatusOK || said == "" {
			t.Errorf("%s: %d %s", x.path, a.status, a.body)
		}
		r.went(m, x.went, "webhook 7")
	}
	asked := map[string]int{}
	for _, l := range r.activity(p.Key) {
		if l.Status == "ReminderRequested" {
			asked[l.CreatedBy]++
		}
	}
	if asked["boss@nordurljos.example"] != 2 || asked["API key 1"] != 2 {
		t.Errorf("asked for by %v", asked)
	}
	c.add(time.Hour)
	m := r.moment()
	for name, x := range map[string]struct {
		path, auth string
		body       any
		status     int
		field      string
	}{
		"no credentials": {remindPath(p, 0), "", map[string]any{"CommunicationDeliveryType": "Email"}, 401, ""},
		"no way":         {remindPath(p, 0), "own", map[string]any{}, 400, "CommunicationDeliveryType"},
		"null":           {remindPath(p, 0), "own", map[string]any{"CommunicationDeliveryType": nil}, 400, "CommunicationDeliveryType"},
		"unknown way":    {remindPath(p, 0), "own", map[string]any{"CommunicationDeliveryType": "Pigeon"}, 400, "CommunicationDeliveryType"},
		"an object":      {remindPath(p, 0), "own", map[string]any{"CommunicationDeliveryType": map[string]any{}}, 400, "CommunicationDeliveryType"},
		"no phone":       {remindPath(p, 0), "own", map[string]any{"CommunicationDeliveryType": "Sms"}, 400, "CommunicationDeliveryType"},
		"not invited":    {remindPath(p, 1), "own", map[string]any{"CommunicationDeliveryType": "None"}, 400, "CommunicationDeliveryType"},
		"link or not":    {remindPath(p, 0), "own", map[string]any{"CommunicationDeliveryType": "Email", "includeUnsubscribe": "perhaps"}, 400, "IncludeUnsubscribe"},
		"user":           {remindPath(p, 0), "own", map[string]any{"CommunicationDeliveryType": "Email", "user": "boss\r\n"}, 400, "User"},
		"unknown":        {"/management/signing/" + p.Key + "/signee/si00/remind", "own", map[string]any{"CommunicationDeliveryType": "Email"}, 404, ""},
		"malformed":      {"/management/signing/x%27/signee/si00/remind", "own", map[string]any{"CommunicationDeliveryType": "Email"}, 404, ""},
		"another's":      {remindPath(p, 0), r.company("Fourth hf."), map[string]any{"CommunicationDeliveryType": "Email"}, 404, ""},
	} {
		a := r.ask("POST", x.path, x.auth, x.body)
		_, fields := a.errorCode()
		if a.status != x.status || x.field != "" && (len(fields) != 1 || fields[0] != x.field) {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	body := r.bodyOf(innsiglitest.PDF(t, 1, "once"), byMail("Ann", ann))
	for _, rule := range []any{"31:0", "0:16", "1", "a:b", "1:-3"} {
		body["reminderRule"] = rule
		a := r.ask("POST", "/management/signing", "own", body)
		if _, fields := a.errorCode(); a.status != http.StatusBadRequest || len(fields) != 1 || fields[0] != "reminderRule" {
			t.Errorf("rule %v: %d %s", rule, a.status, a.body)
		}
		a = r.ask("POST", "/management/signing/sequential", "own", map[string]any{"user": "boss@nordurljos.example", "createSigningProcesses": []any{body}})
		if _, fields := a.errorCode(); a.status != http.StatusBadRequest || len(fields) != 1 || fields[0] != "createSigningProcesses[0].reminderRule" {
			t.Errorf("rule %v in a sequence: %d %s", rule, a.status, a.body)
		}
	}
	r.went(m)
	r.cancel(p.Key)
	a := r.remind(p, 0, map[string]any{"CommunicationDeliveryType": "Email"})
	if code, _ := a.errorCode(); a.status != http.StatusBadRequest || code != "ProcessNotActive" {
		t.Errorf("after the end: %d %s", a.status, a.body)
	}
}

func remindedThrice(t *testing.T, r *rig, _ *server, c *clock) {
	t.Helper()
	p := r.create(innsiglitest.PDF(t, 1, "thrice"), byMail("Ann", "ann@thrice.example"), byMail("Bo", "bo@thrice.example"))
	email := map[string]any{"CommunicationDeliveryType": "Email"}
	for range innsigli.MaxRemindersAnHour {
		if a := r.remind(p, 0, email); a.status != http.StatusOK {
			t.Fatalf("remind: %d %s", a.status, a.body)
		}
		r.settled()
		c.add(time.Minute)
	}
	m := r.moment()
	a := r.remind(p, 0, email)
	if code, _ := a.errorCode(); a.status != http.StatusTooManyRequests || code != "TooManyReminders" || a.header.Get("Retry-After") == "" {
		t.Errorf("a fourth: %d %s", a.status, a.body)
	}
	if a := r.remind(p, 1, email); a.status != http.StatusOK {
		t.Errorf("somebody else: %d %s", a.status, a.body)
	}
	r.went(m, "mail bo@thrice.example: reminder", "webhook 7")
	c.add(time.Hour)
	if a := r.remind(p, 0, email); a.status != http.StatusOK {
		t.Errorf("an hour later: %d %s", a.status, a.body)
	}
	r.settled()
	r.cancel(p.Key)
}

func remindersSettings(t *testing.T, r *rig, s *server, c *clock) {
	t.Helper()
	a := r.ask("PUT", "/management/company", "own", map[string]any{"TIMEzone": "Asia/Tokyo", "reminderHour": 7})
	var got struct {
		TimeZone     string
		ReminderHour int
	}
	if a.json(t, &got); a.status != http.StatusOK || got.TimeZone != "Asia/Tokyo" || got.ReminderHour != 7 {
		t.Fatalf("settings: %d %s", a.status, a.body)
	}
	for field, v := range map[string]any{"timeZone": "Tokyo time", "reminderHour": 24} {
		a := r.ask("PUT", "/management/company", "own", map[string]any{field: v})
		if _, fields := a.errorCode(); a.status != http.StatusBadRequest || len(fields) != 1 || fields[0] != field {
			t.Errorf("%s: %d %s", field, a.status, a.body)
		}
	}
	c.hour(1, 23) // in Tokyo it is the next day, 8 in the morning
	p := r.createRule("1:1", nil, byMail("Ann", "ann@tokyo.example"))
	r.passes(s, func() { c.hour(1, 21) })
	r.passes(s, func() { c.hour(0, 22) }, "mail ann@tokyo.example: reminder", "webhook 7")
	// The hour is moved while the next reminder waits: the later of the two counts.
	out := r.cli("company", "set", "--company", string(r.creds.CompanyKey), "--time-zone", "UTC", "--reminder-hour", "23")
	if !strings.Contains(string(out), "reminders at 23:00 in UTC") {
		t.Errorf("company set: %s", out)
	}
	r.passes(s, func() { c.hour(1, 22) })
	r.passes(s, func() { c.hour(0, 23) }, "mail ann@tokyo.example: reminder", "webhook 7")
	r.cli("company", "set", "--company", string(r.creds.CompanyKey), "--reminder-hour", "9")
	r.cancel(p.Key)
}

// sequenceExpires lets the time of a half signed sequence run out.
func sequenceExpires(t *testing.T, r *rig, s *server, c *clock) {
	t.Helper()
	const ann, bo, owner = "ann@seqexpire.example", "bo@seqexpire.example", "owner@nordurljos.example"
	q := r.createSequence(nil, part{"lease", []who{byMail("Ann", ann), in("Is", byMail("Bo", bo))}}, part{"annex", []who{byMail("Ann", ann)}},
		part{"notes", []who{byMail("Bo", bo)}})
	a := r.askCodeForAll(q, q.person(0))
	var asked struct{ Token string }
	a.json(t, &asked)
	if a := r.ask("GET", "/signing/simple/otp/bulk?Token="+asked.Token+"&OTP="+codeFor(s, asked.Token), "", nil); a.status != http.StatusOK {
		t.Fatalf("sign all: %d %s", a.status, a.body)
	}
	r.passes(s, func() { c.add(30*24*time.Hour - time.Hour) })
	r.passes(s, func() { c.add(time.Hour) },
		"mail "+ann+": expired", "mail "+bo+": expired, is", "webhook 6 + document", "webhook 6 + document", "webhook 6 + document",
		"mail "+owner+": owner's copy of expiry + lease.pdf", "mail "+owner+": owner's copy of expiry + annex.pdf")
	for _, m := range q.SigningProcesses {
		r.settledCopy(m.Key)
		if st := r.shown(m.process); st != "Expired" {
			t.Errorf("%s is %s", m.PdfFileName, st)
		}
		if log := r.statuses(m.Key); count(log, "Expired") != 1 {
			t.Errorf("log of %s: %q", m.PdfFileName, log)
		}
		if a := r.ask("GET", "/pdf/sp/"+m.Key+".pdf", "own", nil); a.status != http.StatusGone {
			t.Errorf("%s answers %d", m.PdfFileName, a.status)
		}
		a := r.ask("DELETE", "/management/signing?ProcessKey="+m.Key, "own", nil)
		if code, _ := a.errorCode(); a.status != http.StatusBadRequest || code != "ProcessNotActive" {
			t.Errorf("cancel of %s: %d %s", m.PdfFileName, a.status, a.body)
		}
	}
	a = r.ask("DELETE", "/management/signing/sequential?"+url.Values{"SequenceKey": {q.Key}, "User": {owner}}.Encode(), "own", nil)
	if code, _ := a.errorCode(); a.status != http.StatusBadRequest || code != "ProcessNotActive" {
		t.Errorf("cancel of the sequence: %d %s", a.status, a.body)
	}
}

// gate holds mails of some sort at the last moment: the mail server has taken sender and receiver, and the store is about
// to be asked whether the message is still wanted.
type gate struct {
	notify.Transport

	mu      sync.Mutex
	kind    string
	reached chan struct{}
	open    chan struct{}
}

// hold lets the next mail of that sort wait, until the gate is opened.
func (g *gate) hold(kind string) (reached <-chan struct{}, open func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.kind, g.reached, g.open = kind, make(chan struct{}), make(chan struct{})
	return g.reached, sync.OnceFunc(func() { close(g.open) })
}

func (g *gate) SendMail(ctx context.Context, m *notify.Message, wanted notify.Wanted) error {
	return g.Transport.SendMail(ctx, m, func(ctx context.Context) (bool, error) {
		g.mu.Lock()
		held := g.kind != "" && mailKind(m.Subject) == g.kind
		reached, open := g.reached, g.open
		if held {
			g.kind = ""
		}
		g.mu.Unlock()
		if held {
			close(reached)
			<-open
		}
		return wanted(ctx)
	})
}

// TestNothingQueuedBeforeACancelGoesOutAfterIt holds an invitation and a reminder at the hand-over, and behind a mail
// server that is down.
func TestNothingQueuedBeforeACancelGoesOutAfterIt(t *testing.T) {
	onBoth(t, func(t *testing.T, db string) {
		t.Helper()
		t.Parallel()
		g := &gate{}
		var c clock
		r, s := newLocal(t, db, seams{now: c.now, mail: func(v notify.Transport) notify.Transport { g.Transport = v; return g }})
		pdf := innsiglitest.PDF(t, 1, "gate")
		email := map[string]any{"CommunicationDeliveryType": "Email"}
		t.Run("a reminder of who signs meanwhile", func(t *testing.T) { r.with(t).signsMeanwhile(s, g) })
		t.Run("a reminder of who turns them off meanwhile", func(t *testing.T) { r.with(t).stopsMeanwhile(s, g, &c) })
		for _, what := range []string{"invitation", "reminder"} {
			ann := what + "@gate.example"
			t.Run(what+" at the hand-over", func(t *testing.T) {
				r := r.with(t)
				m := r.moment()
				reached, open := g.hold(what)
				t.Cleanup(open)
				p := r.create(pdf, byMail("Ann", ann))
				if what == "reminder" {
					r.went(m, "mail "+ann+": invitation")
					m = r.moment()
					if a := r.remind(p, 0, email); a.status != http.StatusOK {
						t.Fatalf("remind: %d %s", a.status, a.body)
					}
				}
				<-reached
				if st := r.cancel(p.Key); st != http.StatusNoContent {
					t.Fatalf("cancel: %d", st)
				}
				open()
				r.went(m, "mail "+ann+": canceled")
				if log := r.statuses(p.Key); count(log, "ReminderSent") != 0 || what == "invitation" && count(log, "SignupSent") != 0 {
					t.Errorf("log %q", log)
				}
			})
			t.Run(what+" behind a mail server that is down", func(t *testing.T) {
				r := r.with(t)
				m := r.moment()
				down := func() { r.smtp.Down(true) }
				if what == "invitation" {
					down()
				}
				t.Cleanup(func() { r.smtp.Down(false) })
				p := r.create(pdf, byMail("Ann", ann))
				if what == "reminder" {
					r.went(m, "mail "+ann+": invitation")
					down()
					if a := r.remind(p, 0, email); a.status != http.StatusOK {
						t.Fatalf("remind: %d %s", a.status, a.body)
					}
				}
				m = r.moment()
				if st := r.cancel(p.Key); st != http.StatusNoContent {
					t.Fatalf("cancel: %d", st)
				}
				r.smtp.Down(false)
				r.went(m, "mail "+ann+": canceled")
			})
		}
	})
}

// signsMeanwhile signs while a reminder of it is about to be handed over.
func (r *rig) signsMeanwhile(s *server, g *gate) {
	r.tb.Helper()
	p := r.create(innsiglitest.PDF(r.tb, 1, "gate"), byMail("Ann", "ann@meanwhile.example"), byMail("Bo", "bo@meanwhile.example"))
	r.settled()
	m := r.moment()
	reached, open := g.hold("reminder")
	r.tb.Cleanup(open)
	if a := r.remind(p, 0, map[string]any{"CommunicationDeliveryType": "Email"}); a.status != http.StatusOK {
		r.tb.Fatalf("remind: %d %s", a.status, a.body)
	}
	<-reached
	token := r.tokenFor(p, 0)
	if a := r.otp(token, codeFor(s, token)); a.status != http.StatusOK {
		r.tb.Fatalf("sign: %d %s", a.status, a.body)
	}
	open()
	r.went(m) // nor the code, which waited behind it and is of no use any more
	r.cancel(p.Key)
	r.settled()
}

// stopsMeanwhile turns reminders off while one is about to be handed over.
func (r *rig) stopsMeanwhile(s *server, g *gate, c *clock) {
	r.tb.Helper()
	c.hour(1, 12)
	p := r.createRule("0:1", nil, byMail("Ann", "ann@off.example"))
	m := r.moment()
	reached, open := g.hold("reminder")
	r.tb.Cleanup(open)
	c.hour(1, 9)
	s.worker.Kick()
	<-reached
	if a := r.ask("DELETE", remindPath(p, 0), "own", nil); a.status != http.StatusNoContent {
		r.tb.Fatalf("stop: %d %s", a.status, a.body)
	}
	open()
	r.went(m)
	r.cancel(p.Key)
	r.settled()
}

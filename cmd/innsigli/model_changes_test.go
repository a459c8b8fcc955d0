package main

import (
	"fmt"
	"net/http"
	"slices"

	"pgregory.net/rapid"

	"github.com/innsigli/innsigli"
)

// foretold demands that an answer is a success where the model says so, and else a refusal that is the asker's fault.
func (m *model) foretold(rt *rapid.T, what string, p *modelProcess, a answer, may bool) {
	if ok := a.status < 400; ok != may || !ok && a.status >= 500 {
		rt.Fatalf("%s at %v: %d %s, foretold %v", what, p, a.status, a.body, may)
	}
	if may {
		m.did[what]++
	} else {
		m.did["refused: "+what]++
	}
}

// limited says whether an answer tells of a limit within an hour, which the model does not count.
func limited(a answer) bool { return a.status == http.StatusTooManyRequests }

func (p *modelProcess) leaves(s *modelSignee, told int) {
	p.formers = append(p.formers, modelFormer{key: s.key, mail: s.mail, told: told})
}

// as is the process with one signee alone, for helpers that name them by place.
func (p *modelProcess) as(s *modelSignee) process {
	one := process{Key: p.Key, Signees: slices.Clone(p.Signees[:1])}
	one.Signees[0].Key = s.key
	return one
}

// each calls f for every signee that a person is.
func (g *modelGroup) each(who *modelPerson, f func(*modelProcess, *modelSignee)) {
	for _, p := range g.all {
		for _, s := range p.who {
			if s.person == who {
				f(p, s)
			}
		}
	}
}

// addresses of a person: in a sequence what is signed keeps the one that it was signed at.
func (g *modelGroup) addresses(who *modelPerson) (all []string) {
	g.each(who, func(_ *modelProcess, s *modelSignee) {
		if !slices.Contains(all, s.mail) {
			all = append(all, s.mail)
		}
	})
	return all
}

// personKey is what a sequence calls a person.
func (m *model) personKey(g *modelGroup, s *modelSignee) string {
	var q sequence
	m.ask("GET", "/management/signing/sequential?SequenceKey="+g.sequence, "own", nil).json(m.tb, &q)
	for _, person := range q.Signees {
		for _, k := range person.SigningKeys {
			if k.SigneeKey == s.key {
				return person.Key
			}
		}
	}
	return ""
}

func (m *model) signAll(rt *rapid.T) {
	p, s := m.anyone(rt)
	g := p.group
	if g.sequence == "" {
		rt.Skip("no sequence")
	}
	a := m.ask("POST", "/signing/sign/simple/sequence/"+g.sequence+"/signee/"+m.personKey(g, s), "", nil)
	if limited(a) {
		return
	}
	may := g.active() && g.waitsFor(s)
	if m.foretold(rt, "sign all", p, a, may); !may {
		return
	}
	var got struct{ Token string }
	a.json(m.tb, &got)
	if a := m.ask("GET", "/signing/simple/otp/bulk?Token="+got.Token+"&OTP="+codeFor(m.srv, got.Token), "", nil); a.status != http.StatusOK {
		rt.Fatalf("sign all: %d %s", a.status, a.body)
	}
	g.each(s.person, func(_ *modelProcess, s *modelSignee) { s.signed = true })
	m.perhapsCompleted(g)
}

func (m *model) perhapsCompleted(g *modelGroup) {
	if g.allSigned() {
		g.end("Completed")
		m.settled() // until then it is shown as Started, and is being sealed
		m.did["completed"]++
	}
}

func (m *model) cancelSequence(rt *rapid.T) {
	p := m.anything(rt)
	if p.group.sequence == "" {
		rt.Skip("no sequence")
	}
	user := rapid.SampledFrom([]string{"owner@nordurljos.example", "other@nordurljos.example"}).Draw(rt, "user")
	a := m.ask("DELETE", "/management/signing/sequential?SequenceKey="+p.group.sequence+"&User="+user, "own", nil)
	may := user[:2] == "ow" && (p.group.active() || p.ended == "Canceled" && !p.declined())
	if m.foretold(rt, "cancel a sequence", p, a, may); may {
		p.group.end("Canceled")
	}
}

func (m *model) reassign(rt *rapid.T) {
	p, s := m.anyone(rt)
	g, auth := p.group, rapid.SampledFrom([]string{"", "own"}).Draw(rt, "by")
	_, mails := m.people(1)
	m.settled() // whoever is to be invited is
	invited := len(m.subjects(s.mail)) > 0
	at := "/signing/" + p.Key + "/signee/" + s.key + "/reassign"
	may := g.active() && s.person.passes < 5
	g.each(s.person, func(_ *modelProcess, s *modelSignee) { may = may && !s.signed })
	if auth == "" {
		may = may && p.passable && g.waitsFor(s)
	} else {
		at = "/management" + at
	}
	a := m.ask("POST", at, auth, map[string]any{"name": "Next", "email": mails[0]})
	if m.foretold(rt, "reassign", p, a, may); !may {
		return
	}
	told := 0
	if auth == "" {
		g.passed++
		m.settled() // the owner is not told of it once the process has ended
	} else if invited {
		told = 1
	}
	next := &modelPerson{passes: s.person.passes + 1}
	g.each(s.person, func(p *modelProcess, s *modelSignee) {
		p.leaves(s, told)
		i := slices.Index(p.who, s)
		p.who[i] = &modelSignee{key: m.keyOf(rt, p, mails[0], i), mail: mails[0], person: next}
	})
}

// keyOf finds a signee by address, and demands the place in the order.
func (m *model) keyOf(rt *rapid.T, p *modelProcess, mail string, place int) string {
	f, err := m.srv.db.Facts(m.t.Context(), innsigli.Target{Process: innsigli.ProcessKey(p.Key)})
	if err != nil {
		rt.Fatal(err)
	}
	if s := f.Process.Signees[place]; s.Email == mail {
		return string(s.Key)
	}
	rt.Fatalf("%s is not signee %d of %v", mail, place, p)
	return ""
}

// readdress lets the company write another address: of a sequence it changes where the same stood.
func (m *model) readdress(rt *rapid.T) {
	p, s := m.anyone(rt)
	_, mails := m.people(1)
	auth := rapid.SampledFrom([]string{"", "own", "own"}).Draw(rt, "by")
	a := m.ask("PUT", "/signing/"+p.Key+"/signee/"+s.key, auth, map[string]any{"email": mails[0]})
	may := p.group.active() && !s.signed && auth != ""
	if m.foretold(rt, "readdress", p, a, may); !may {
		return
	}
	old := s.mail
	p.group.each(s.person, func(p *modelProcess, o *modelSignee) {
		if o.mail == old && !o.signed {
			o.mail = mails[0]
		}
	})
	p.formers = append(p.formers, modelFormer{mail: old})
}

func (m *model) meta(rt *rapid.T) {
	p, s := m.anyone(rt)
	auth := rapid.SampledFrom([]string{"", "own"}).Draw(rt, "by")
	name, value := rapid.SampledFrom([]string{"a", "b"}).Draw(rt, "name"), rapid.SampledFrom([]string{"1", "2"}).Draw(rt, "value")
	had, is := p.notes[name]
	a := m.ask("PUT", "/signing/"+p.Key+"/signee/"+s.key+"/meta", auth, map[string]any{"meta": map[string]string{name: value}})
	may := p.group.active() && (auth != "" || !is || had == value)
	if m.foretold(rt, "meta", p, a, may); may {
		if p.notes == nil {
			p.notes = map[string]string{}
		}
		p.notes[name] = value
	}
}

func (m *model) attach(rt *rapid.T) {
	p, s := m.anyone(rt)
	if len(p.files) > 3 {
		rt.Skip("enough")
	}
	body, kind := form(m.t, nil, [2]string{"a.txt", "any verbs"})
	a := m.rig.attach(p.as(s), 0, body, kind)
	may := p.group.active() && (s.signed || p.turn(s))
	if m.foretold(rt, "attach", p, a, may); may {
		var ref reference
		a.json(m.tb, &ref)
		p.files = append(p.files, &modelFile{key: ref.ID, at: m.path(m.t, ref.URL)})
	}
}

func (m *model) detach(rt *rapid.T) {
	p := m.anything(rt)
	if len(p.files) == 0 {
		rt.Skip("no file")
	}
	f := rapid.SampledFrom(p.files).Draw(rt, "file")
	a := m.ask("DELETE", "/signing/"+p.Key+"/attachment/"+f.key+"/filename/a.txt", "own", nil)
	may := p.group.active() && !f.gone
	if m.foretold(rt, "detach", p, a, may); may {
		f.gone = true
	}
}

// draw asks for the mark, which is for whoever may sign now.
func (m *model) draw(rt *rapid.T) {
	p, s := m.anyone(rt)
	m.foretold(rt, "draw", p, m.drawFor(p.as(s), 0, strokes(m.t, 60, 30)), p.group.active() && !s.signed && p.turn(s))
}

func (m *model) keepCode(rt *rapid.T) {
	p, s := m.anyone(rt)
	if token := m.challenge(rt, p, s); token != "" {
		m.codes = append(m.codes, modelCode{p: p, s: s, key: s.key, mail: s.mail, token: token})
	}
}

// answerLate answers a code of before. The model says when it is void for sure; another code or time may have made it so too.
func (m *model) answerLate(rt *rapid.T) {
	if len(m.codes) == 0 {
		rt.Skip("no code")
	}
	m.due()
	c := rapid.SampledFrom(m.codes).Draw(rt, "code")
	if c.s.signed && slices.Contains(c.p.who, c.s) {
		rt.Skip("answered")
	}
	a := m.otp(c.token, codeFor(m.srv, c.token))
	void := !c.p.group.active() || !slices.Contains(c.p.who, c.s) || c.s.mail != c.mail || !c.p.turn(c.s)
	if a.status >= 500 || a.status == http.StatusOK && void {
		rt.Fatalf("the code of %s of %v, void %v: %d %s", c.mail, c.p, void, a.status, a.body)
	}
	if m.did[fmt.Sprintf("answered late: %d", a.status)]++; a.status == http.StatusOK {
		c.s.signed = true
		m.perhapsCompleted(c.p.group)
	}
}

// former lets somebody try everything with a link that is void.
func (m *model) former(rt *rapid.T) {
	p := m.anything(rt)
	for _, f := range p.formers {
		if f.key == "" {
			continue
		}
		at := "/signing/" + p.Key + "/signee/" + f.key
		for _, x := range []struct {
			method, path string
			body         any
		}{
			{"GET", at, nil},
			{"GET", "/pdf/" + p.Key + "/" + f.key + ".pdf", nil},
			{"GET", "/s/" + p.Key + "/" + f.key, nil},
			{"POST", "/signing/sign/" + p.Key + "/signee/" + f.key, nil},
			{"POST", at + "/decline", map[string]string{"reason": "No."}},
			{"POST", at + "/reassign", map[string]string{"name": "Thief", "email": "thief@model.example"}},
			{"PUT", at, map[string]string{"address": "Hafnarstræti 1"}},
			{"PUT", at + "/meta", map[string]any{"meta": map[string]string{"a": "3"}}},
		} {
			if a := m.ask(x.method, x.path, "", x.body); a.status < 400 || a.status >= 500 || x.method == "GET" && a.status != http.StatusGone {
				rt.Fatalf("%s %s of %v by a former signee: %d %s", x.method, x.path, p, a.status, a.body)
			}
		}
		m.did["former"]++
	}
}

// stopReminders turns them off for a person, by the company or by the link in a mail, which goes on answering after the end.
func (m *model) stopReminders(rt *rapid.T) {
	p, s := m.anyone(rt)
	m.settled() // else one may be under way
	if rapid.Bool().Draw(rt, "by link") {
		tag := m.srv.svc.Unsubscriber.Tag(innsigli.ProcessKey(p.Key), innsigli.SigneeKey(s.key))
		m.foretold(rt, "unsubscribe", p, m.ask("POST", "/unsubscribe/"+p.Key+"/"+tag, "", nil), true)
	} else {
		a := m.ask("DELETE", "/management/signing/"+p.Key+"/signee/"+s.key+"/remind", "own", nil)
		m.foretold(rt, "stop reminders", p, a, p.group.active())
	}
	if p.group.active() && !s.person.quiet {
		s.person.quiet, s.person.reminders = true, map[string]int{}
		for _, address := range p.group.addresses(s.person) {
			s.person.reminders[address] = m.mailsOf(address, "reminder")
		}
	}
}

func (m *model) reopen(rt *rapid.T) {
	p, s := m.anyone(rt)
	a := m.ask("POST", "/management/signing/"+p.Key+"/signee/"+s.key+"/reopen", "own", nil)
	m.foretold(rt, "reopen", p, a, p.group.active() && !s.signed)
}

func (m *model) mailsOf(address, kind string) int {
	return countFunc(m.subjects(address), func(s string) bool { return mailKind(s) == kind })
}

// toldOf demands the mails to everybody who is or was a signee of a process.
func (m *model) toldOf(p *modelProcess) {
	one := func(is bool) int {
		if is {
			return 1
		}
		return 0
	}
	now := map[string]bool{}
	for _, q := range p.group.all {
		for _, s := range q.who {
			now[s.mail] = true
			want := map[string]int{"canceled": one(p.ended == "Canceled" && !s.person.refused), "expired": one(p.ended == "Expired"), "completed": one(p.ended == "Completed")}
			if p.group.active() { // everything has gone that has to
				want["invitation"] = one(p.group.waitsFor(s))
			}
			for kind, n := range want {
				if got := m.mailsOf(s.mail, kind); got != n && (kind != "invitation" || got != 1 || !s.signed) {
					m.rt.Fatalf("%s of %v: %d mails %q, want %d: %q", s.mail, p, got, kind, n, m.subjects(s.mail))
				}
			}
			if got := m.mailsOf(s.mail, "reminder"); s.person.quiet && got > s.person.reminders[s.mail] {
				m.rt.Fatalf("%s of %v: %d reminders, want %d: %q", s.mail, p, got, s.person.reminders[s.mail], m.subjects(s.mail))
			}
			if got := m.mailsOf(s.mail, "invitation"); got > 1 {
				m.rt.Fatalf("%s of %v was invited %d times", s.mail, p, got)
			}
		}
	}
	for _, f := range p.formers {
		for _, kind := range []string{"canceled", "expired", "completed"} {
			if got := m.mailsOf(f.mail, kind); got > 0 && !now[f.mail] {
				m.rt.Fatalf("the former %s of %v: %q", f.mail, p, m.subjects(f.mail))
			}
		}
		if got := m.mailsOf(f.mail, "removed"); got != f.told && f.told >= 0 || got > 1 {
			m.rt.Fatalf("the former %s of %v was told %d times of it, want %d: %q", f.mail, p, got, f.told, m.subjects(f.mail))
		}
	}
	sent := 0
	for _, q := range p.group.all {
		sent += count(m.statuses(q.Key), "ReassignmentSent")
	}
	if sent != p.group.passed {
		m.rt.Fatalf("the owner of %v was told %d times that signing was passed on, want %d", p, sent, p.group.passed)
	}
}

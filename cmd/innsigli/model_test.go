package main

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/innsigli/innsigli/innsiglitest"
)

// TestAnyVerbsInAnyOrderTellOneStory drives random verbs against a small model of the states, with jumps of the clock and
// restarts in between: every answer is the one that the model foretells, nothing of what has ended can be read, and at
// the end people, receivers and the log were told what happened, once. A case in `make test` is short; INNSIGLI_ROUNDS
// says how many there are.
func TestAnyVerbsInAnyOrderTellOneStory(t *testing.T) {
	cases := 6
	if n, err := strconv.Atoi(os.Getenv("INNSIGLI_ROUNDS")); err == nil && n > 0 {
		cases = n
	}
	for name, value := range map[string]int{"rapid.checks": cases, "rapid.steps": 25} {
		if err := flag.Set(name, strconv.Itoa(value)); err != nil {
			t.Fatal(err)
		}
	}
	onBoth(t, func(t *testing.T, db string) {
		t.Helper()
		w := &modelWorld{t: t, pdf: innsiglitest.PDF(t, 1, "any verbs"), did: map[string]int{}}
		w.rig, w.srv = newLocal(t, db, seams{now: w.clock.now})
		w.hook()
		rapid.Check(t, func(rt *rapid.T) {
			m := &model{modelWorld: w, rt: rt}
			rt.Repeat(map[string]func(*rapid.T){
				"create": m.create, "create a sequence": m.createSequence, "sign": m.sign, "answer wrongly": m.answerWrongly,
				"cancel": m.cancel, "decline": m.decline, "add": m.add, "remove": m.remove, "remind": m.remind,
				"sign too": m.sign, "sign again": m.sign, // else hardly anything is ever completed
				"sign all": m.signAll, "cancel a sequence": m.cancelSequence, "reassign": m.reassign, "readdress": m.readdress,
				"meta": m.meta, "attach": m.attach, "detach": m.detach, "draw": m.draw, "keep a code": m.keepCode,
				"answer late": m.answerLate, "former": m.former, "stop reminders": m.stopReminders, "reopen": m.reopen,
				"jump": m.jump, "restart": m.restart, "": m.check,
			})
			m.tell()
		})
		t.Logf("%v", w.did)
		if out := string(w.cli("log", "verify")); !strings.Contains(out, "as it was written") {
			t.Errorf("log verify: %s", out)
		}
	})
}

// modelWorld is what all cases share: one server, whose clock only goes on.
type modelWorld struct {
	*rig
	t     *testing.T
	srv   *server
	clock clock
	pdf   []byte
	n     int // of people, so that nobody is in two cases
	did   map[string]int
}

// String is short, for cases that fail.
func (p *modelProcess) String() string {
	var who []string
	for _, s := range p.who {
		who = append(who, fmt.Sprintf("%s signed %v", s.mail, s.signed))
	}
	return fmt.Sprintf("%s in order %v, ended %q, %v", p.Key, p.order, p.ended, who)
}

func (s *modelSignee) String() string { return s.mail }

type modelSignee struct {
	key, mail string
	signed    bool
	person    *modelPerson
}

// modelPerson is who signs, in a sequence as a signee of each document.
type modelPerson struct {
	passes int  // how often signing was passed on until it was theirs
	quiet  bool // no automatic reminders any more
	// reminders are those that may go to an address: what had gone when it became quiet, and what was asked for since.
	reminders map[string]int
	refused   bool
}

// modelFormer is somebody whose link is void, at the address that may hear of nothing any more.
type modelFormer struct {
	key, mail string
	told      int // that there is nothing to sign any more; -1 where that depends on the moment
}

type modelFile struct {
	key, at string
	gone    bool
}

// modelCode is one that was sent and not answered.
type modelCode struct {
	p         *modelProcess
	s         *modelSignee
	key, mail string
	token     string
}

type modelProcess struct {
	process
	group           *modelGroup
	order, passable bool
	who             []*modelSignee
	formers         []modelFormer
	files           []*modelFile
	notes           map[string]string
	ended           string // what it is shown as when it has ended, "" while it runs
}

// modelGroup is a process, or a sequence of them. born is when it was created by the server's clock.
type modelGroup struct {
	all      []*modelProcess
	sequence string // its key
	order    bool   // over the whole sequence
	refused  bool   // by one of its people
	passed   int    // how often one of them passed signing on
	born     time.Time
}

type model struct {
	*modelWorld
	rt     *rapid.T
	groups []*modelGroup
	all    []*modelProcess
	codes  []modelCode
}

func (g *modelGroup) active() bool { return g.all[0].ended == "" }

func (g *modelGroup) end(how string) {
	for _, p := range g.all {
		p.ended = how
	}
}

// due lets what is over by the clock be over, as the next verb that meets it does.
func (m *model) due() {
	for _, g := range m.groups {
		if g.active() && !m.clock.now().Before(g.born.Add(30*24*time.Hour)) {
			g.end("Expired")
		}
	}
}

func (p *modelProcess) turn(s *modelSignee) bool {
	if p.group.order { // those before have signed all that is theirs
		for _, q := range p.group.all {
			for _, o := range q.who[:slices.Index(p.who, s)] {
				if !o.signed {
					return false
				}
			}
		}
	}
	for _, o := range p.who {
		if o == s || !p.order {
			return true
		}
		if !o.signed {
			return false
		}
	}
	return true
}

// waitsFor says whether the person has something to sign now, at any document: a reminder is for all of a sequence.
func (g *modelGroup) waitsFor(who *modelSignee) bool {
	for _, p := range g.all {
		for _, s := range p.who {
			if s.person == who.person && !s.signed && p.turn(s) {
				return true
			}
		}
	}
	return false
}

func (g *modelGroup) allSigned() bool {
	for _, p := range g.all {
		for _, s := range p.who {
			if !s.signed {
				return false
			}
		}
	}
	return true
}

func (m *model) people(n int) (asked []who, mails []string) {
	for range n {
		m.n++
		mails = append(mails, fmt.Sprintf("person%d@model.example", m.n))
		asked = append(asked, byMail("Person", mails[len(mails)-1]))
	}
	return asked, mails
}

func (m *model) born(g *modelGroup) {
	m.groups, m.all = append(m.groups, g), append(m.all, g.all...)
}

func (m *model) create(rt *rapid.T) {
	if len(m.groups) > 4 {
		rt.Skip("enough")
	}
	asked, mails := m.people(rapid.IntRange(1, 3).Draw(rt, "people"))
	body := m.bodyOf(m.pdf, asked...)
	g := &modelGroup{born: m.clock.now()}
	p := &modelProcess{group: g, order: rapid.Bool().Draw(rt, "in order")}
	p.passable = rapid.Bool().Draw(rt, "passable")
	body["signInOrder"], body["allowReassign"] = p.order, p.passable
	if rapid.Bool().Draw(rt, "by a rule") {
		body["reminderRule"] = "1:1"
	}
	a := m.ask("POST", "/management/signing", "own", body)
	if a.json(m.tb, &p.process); a.status != http.StatusOK {
		rt.Fatalf("create: %d %s", a.status, a.body)
	}
	for i, mail := range mails {
		p.who = append(p.who, &modelSignee{key: p.Signees[i].Key, mail: mail, person: &modelPerson{}})
	}
	g.all = []*modelProcess{p}
	m.born(g)
	m.did["created"]++
}

func (m *model) createSequence(rt *rapid.T) {
	if len(m.groups) > 4 {
		rt.Skip("enough")
	}
	asked, mails := m.people(rapid.IntRange(1, 2).Draw(rt, "people"))
	g := &modelGroup{order: rapid.Bool().Draw(rt, "in order"), born: m.clock.now()}
	passable := rapid.Bool().Draw(rt, "passable")
	q := m.rig.createSequence(map[string]any{"signInOrder": g.order, "allowReassign": passable}, part{"a", asked}, part{"b", asked})
	g.sequence = q.Key
	persons := []*modelPerson{{}, {}}
	for _, one := range q.SigningProcesses {
		p := &modelProcess{process: one.process, group: g, passable: passable}
		for i, mail := range mails {
			p.who = append(p.who, &modelSignee{key: one.Signees[i].Key, mail: mail, person: persons[i]})
		}
		g.all = append(g.all, p)
	}
	m.born(g)
	m.did["created a sequence"]++
}

// anyone draws a signee of any process.
func (m *model) anyone(rt *rapid.T) (*modelProcess, *modelSignee) {
	p := m.anything(rt)
	return p, rapid.SampledFrom(p.who).Draw(rt, "signee")
}

func (m *model) anything(rt *rapid.T) *modelProcess {
	if len(m.all) == 0 {
		rt.Skip("nothing is there")
	}
	m.due()
	return rapid.SampledFrom(m.all).Draw(rt, "process")
}

// challenge asks for a code, and says whether the model foretells one.
func (m *model) challenge(rt *rapid.T, p *modelProcess, s *modelSignee) string {
	a := m.ask("POST", "/signing/sign/"+p.Key+"/signee/"+s.key, "", nil)
	may := p.group.active() && !s.signed && p.turn(s)
	if (a.status == http.StatusOK) != may || !may && a.status != http.StatusBadRequest && a.status != http.StatusTooManyRequests {
		if a.status == http.StatusTooManyRequests {
			return ""
		}
		rt.Fatalf("code for %s of %v: %d %s", s.mail, p, a.status, a.body)
	}
	var got struct{ Token string }
	if may {
		a.json(m.tb, &got)
	}
	return got.Token
}

func (m *model) sign(rt *rapid.T) {
	p, s := m.anyone(rt)
	token := m.challenge(rt, p, s)
	if token == "" {
		m.did["refused to sign"]++
		return
	}
	if a := m.otp(token, codeFor(m.srv, token)); a.status != http.StatusOK {
		rt.Fatalf("sign: %d %s", a.status, a.body)
	}
	if s.signed = true; p.group.allSigned() {
		p.group.end("Completed")
		m.settled() // until then it is shown as Started, and is being sealed
		m.did["completed"]++
	}
	m.did["signed"]++
}

func (m *model) answerWrongly(rt *rapid.T) {
	p, s := m.anyone(rt)
	if token := m.challenge(rt, p, s); token != "" {
		if a := m.otp(token, wrongOf(codeFor(m.srv, token))); a.status != http.StatusBadRequest {
			rt.Fatalf("wrong code: %d %s", a.status, a.body)
		}
		m.did["answered wrongly"]++
	}
}

func (m *model) cancel(rt *rapid.T) {
	p := m.anything(rt)
	want := http.StatusBadRequest
	if p.group.active() || p.ended == "Canceled" && !p.declined() {
		want = http.StatusNoContent
	}
	if got := m.rig.cancel(p.Key); got != want {
		rt.Fatalf("cancel of %v: %d, want %d", p, got, want)
	}
	if p.group.active() {
		p.group.end("Canceled")
		m.did["canceled"]++
	}
}

func (p *modelProcess) declined() bool { return p.group.refused }

func (m *model) decline(rt *rapid.T) {
	p, s := m.anyone(rt)
	may := p.group.active() && !s.signed && p.turn(s)
	a := m.ask("POST", "/signing/"+p.Key+"/signee/"+s.key+"/decline", "", map[string]string{"reason": "No."})
	again := p.ended == "Canceled" && p.declined() // who asks once more after a lost answer
	if (a.status == http.StatusOK) != may && !again {
		rt.Fatalf("decline by %s of %v: %d %s", s.mail, p, a.status, a.body)
	}
	if may {
		p.group.end("Canceled")
		p.group.refused, s.person.refused = true, true
		m.did["declined"]++
	}
}

func (m *model) add(rt *rapid.T) {
	p := m.anything(rt)
	if p.group.sequence != "" || len(p.who) > 4 {
		rt.Skip("not here")
	}
	asked, mails := m.people(1)
	a := m.ask("POST", "/management/signing/"+p.Key+"/signee", "own", asked[0])
	if (a.status == http.StatusOK) != p.group.active() {
		rt.Fatalf("add to %v: %d %s", p, a.status, a.body)
	}
	if a.status == http.StatusOK {
		var got struct{ Key string }
		a.json(m.tb, &got)
		p.who = append(p.who, &modelSignee{key: got.Key, mail: mails[0], person: &modelPerson{}})
		m.did["added"]++
	}
}

func (m *model) remove(rt *rapid.T) {
	p, s := m.anyone(rt)
	if p.group.sequence != "" {
		rt.Skip("not here")
	}
	may := p.group.active() && !s.signed && len(p.who) > 1
	a := m.ask("DELETE", "/management/signing/"+p.Key+"/signee/"+s.key, "own", nil)
	if (a.status < 300) != may {
		rt.Fatalf("remove %s from %v: %d %s", s.mail, p, a.status, a.body)
	}
	if !may {
		return
	}
	p.leaves(s, -1)
	p.who = slices.DeleteFunc(p.who, func(o *modelSignee) bool { return o == s })
	if m.did["removed"]++; p.group.allSigned() {
		p.group.end("Completed")
		m.settled()
		m.did["completed by removing"]++
	}
}

func (m *model) remind(rt *rapid.T) {
	p, s := m.anyone(rt)
	may := p.group.active() && p.group.waitsFor(s)
	a := m.ask("POST", "/management/signing/"+p.Key+"/signee/"+s.key+"/remind", "own", map[string]string{"CommunicationDeliveryType": "Email"})
	if a.status == http.StatusTooManyRequests && may {
		return
	}
	if (a.status == http.StatusOK) != may {
		rt.Fatalf("remind %s of %v: %d %s", s.mail, p, a.status, a.body)
	}
	if may {
		if s.person.quiet {
			for _, address := range p.group.addresses(s.person) {
				s.person.reminders[address]++
			}
		}
		m.did["reminded"]++
	}
}

// jump lets time pass: days, or so many that everything has expired.
func (m *model) jump(rt *rapid.T) {
	days := rapid.SampledFrom([]int{1, 3, 10, 31}).Draw(rt, "days")
	m.settled() // else the jump takes leases away
	m.clock.add(time.Duration(days) * 24 * time.Hour)
	m.srv.worker.Kick()
	m.did["jumped"]++
}

func (m *model) restart(rt *rapid.T) {
	if rapid.IntRange(0, 2).Draw(rt, "seldom") > 0 {
		rt.Skip("not now")
	}
	m.srv = m.reboot()
	m.did["restarted"]++
}

// check asks how everything stands, and for every document.
func (m *model) check(rt *rapid.T) {
	m.due()
	for _, p := range m.all {
		var got process
		a := m.ask("GET", "/signing/"+p.Key+"/signee/"+p.who[0].key, "own", nil)
		a.json(m.tb, &got)
		if want := p.ended; want != "" && got.Status != want || want == "" && got.Status != "Created" && got.Status != "Started" {
			rt.Fatalf("%v is shown as %s", p, got.Status)
		}
		want := http.StatusOK
		if p.ended == "Canceled" || p.ended == "Expired" {
			want = http.StatusGone
		}
		if a := m.ask("GET", "/pdf/sp/"+p.Key+".pdf", "own", nil); a.status != want {
			rt.Fatalf("the document of %v answers %d, want %d", p, a.status, want)
		}
		for _, f := range p.files {
			want := want
			if f.gone && want == http.StatusOK {
				want = http.StatusNotFound
			}
			if a := m.ask("GET", f.at, "own", nil); a.status != want {
				rt.Fatalf("the file %s of %v answers %d, want %d", f.at, p, a.status, want)
			}
		}
	}
}

// tell ends the case: what went out and what the log says are the story of the model, each once.
func (m *model) tell() {
	m.due()
	for _, p := range m.all {
		m.shown(p.process) // lets what is due be over
	}
	m.settled()
	events := map[string]map[int]int{}
	for _, h := range m.hooks.Requests() {
		e := m.event(h).EventData
		if events[e.ProcessKey] == nil {
			events[e.ProcessKey] = map[int]int{}
		}
		events[e.ProcessKey][e.EventType]++
	}
	one := func(is bool) int {
		if is {
			return 1
		}
		return 0
	}
	for _, p := range m.all {
		log := m.statuses(p.Key)
		declined, completed := p.declined(), p.ended == "Completed"
		for status, want := range map[string]int{
			"Created": 1, "Canceled": one(p.ended == "Canceled" && !declined), "Expired": one(p.ended == "Expired"), "Completed": one(completed),
		} {
			if got := count(log, status); got != want {
				m.rt.Fatalf("%v: %d times %s, want %d: %q", p, got, status, want, log)
			}
		}
		for kind, want := range map[int]int{
			11: 1, 2: one(completed), 5: one(p.ended == "Canceled"), 6: 0, // Expired is sent to whoever registers for it by name
		} {
			if got := events[p.Key][kind]; got != want && kind != 6 {
				m.rt.Fatalf("%v: %d events of type %d, want %d", p, got, kind, want)
			}
		}
		m.toldOf(p)
	}
}

package innsigli

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"strconv"
	"strings"
)

// person is one recipient of a message about a process: several signees may be the same one.
type person struct {
	signee   Signee // the first signee that is this person
	email    string
	phone    string
	language Language
}

// persons lists who has to be told about a process or a sequence, each once. Persons are matched by their address, since a person
// with two addresses gets a mail at both; a signee without an e-mail whose ssn or phone belongs to someone with one is
// that someone (design/decisions.md 1 row 8, 3).
func persons(signees []Signee, c Company) []person {
	var out []person
	seen := map[string]bool{}
	reached := map[string]bool{}
	for _, s := range signees {
		if s.Email == "" {
			continue
		}
		// A phone says less than an ssn: two people with different ones may share it, and both have to be told.
		reached["ssn:"+s.Ssn], reached["tel:"+s.Phone] = true, true
		if s.Ssn == "" {
			reached["anyone:"+s.Phone] = true
		}
		if a := strings.ToLower(s.Email); !seen[a] {
			seen[a] = true
			out = append(out, person{signee: s, email: s.Email, language: s.Lang(c)})
		}
	}
	for _, s := range signees {
		if s.Email != "" || s.Ssn != "" && reached["ssn:"+s.Ssn] ||
			s.Phone != "" && (reached["anyone:"+s.Phone] || s.Ssn == "" && reached["tel:"+s.Phone]) {
			continue
		}
		if s.Phone != "" && seen["tel:"+s.Phone] {
			continue
		}
		seen["tel:"+s.Phone] = true
		out = append(out, person{signee: s, phone: s.Phone, language: s.Lang(c)})
	}
	return out
}

// lane orders the messages of one process or sequence to one person, by mail or SMS. It is a hash, so that a row that has lost its
// address does not still name it.
func lane(g GroupKey, who Signee) string {
	id := strings.ToLower(who.Email)
	if id == "" {
		id = who.Phone
	}
	h := sha256.Sum256([]byte(string(g) + "\x00" + id))
	return "to:" + hex.EncodeToString(h[:12])
}

// webhookJobs orders an event for everyone who registered for it.
func webhookJobs(f Facts, e EventType) []Job {
	var jobs []Job
	for _, w := range f.Webhooks {
		if !w.Wants(e) {
			continue
		}
		jobs = append(jobs, Job{
			Kind: JobWebhook, Ref: strconv.FormatInt(w.ID, 10), Event: e, Lane: HookLane(w.ID, f.Process.Key),
			Target: HookTarget(f.Process.Company, w.URL),
		})
	}
	return jobs
}

// HookLane orders the events of one process for one registration.
func HookLane(hook int64, p ProcessKey) string {
	return "hook:" + strconv.FormatInt(hook, 10) + ":" + string(p)
}

// HookTarget says which events have the same receiver: those of one company to one host and port. It is a hash, since a
// row outlives what it speaks of.
func HookTarget(c CompanyKey, address string) string {
	host := ""
	if u, err := url.Parse(address); err == nil {
		host = strings.ToLower(u.Scheme + "://" + u.Host)
	}
	h := sha256.Sum256([]byte(string(c) + "\x00" + host))
	return "at:" + hex.EncodeToString(h[:12])
}

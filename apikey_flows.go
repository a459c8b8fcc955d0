package innsigli

import (
	"slices"
	"strings"
)

// MaxKeyFlows is how many flows a permission of an API key may name. They are read with every request of the key.
const MaxKeyFlows = 50

// FlowSet is the flows that a caller may act on: the keys, each between commas, so that a database can look one up in it.
// The zero value is every flow there is and will be; see [FlowsOf] for those that are named.
type FlowSet string

// FlowsOf is the set of the named flows, and of none when none is named: that is not every flow.
func FlowsOf(keys ...FlowKey) FlowSet {
	var b strings.Builder
	b.WriteByte(',')
	for _, k := range keys {
		b.WriteString(string(k) + ",")
	}
	return FlowSet(b.String())
}

// Limited says whether there are flows outside the set.
func (s FlowSet) Limited() bool { return s != "" }

// Has says whether a flow is in the set. What belongs to no flow, and so to the whole company, is in no limited one.
func (s FlowSet) Has(k FlowKey) bool {
	return !s.Limited() || k != "" && !strings.Contains(string(k), ",") && strings.Contains(string(s), ","+string(k)+",")
}

// covers says whether what a permission names is in the set.
func (s FlowSet) covers(p Permission) bool {
	if p.Flows == nil {
		return !s.Limited()
	}
	return !slices.ContainsFunc(p.Flows, func(k FlowKey) bool { return !s.Has(k) })
}

// reach is the flows that a key may use a resource in by a verb; ok is false when it may not at all.
func (k APIKey) reach(resource, verb string) (_ FlowSet, ok bool) {
	if len(k.Permissions) == 0 {
		return "", true
	}
	if verb == "HEAD" {
		verb = "GET"
	}
	var named []FlowKey
	for _, p := range k.Permissions {
		if p.Resource != resource || !slices.Contains(p.Verbs, verb) {
			continue
		}
		if p.Flows == nil {
			return "", true
		}
		named, ok = append(named, p.Flows...), true
	}
	return FlowsOf(named...), ok
}

// AllowWhole refuses a caller who is limited to flows what is for the whole company.
func (c Caller) AllowWhole() error {
	if !c.Flows.Limited() {
		return nil
	}
	return refuse(Forbidden, "PermissionDenied", "This API key is limited to flows, and this is for the whole company.")
}

// its is the caller when the process is that company's, and with its whole sequence in the flows of the key; to the processes of
// others a company is anybody.
func (f Facts) its(c *Caller) *Caller {
	if c == nil || c.Company.Key != f.Process.Company ||
		slices.ContainsFunc(f.All(), func(m Facts) bool { return !c.Flows.Has(m.Process.Flow) }) {
		return nil
	}
	return c
}

// process names a process of the caller's.
func (c Caller) process(p ProcessKey) Target {
	if !p.Valid() {
		p = "sp" // no key has this shape: a malformed key costs the same query as an unknown one
	}
	return Target{Process: p, Company: c.Company.Key, Flows: c.Flows}
}

// sequence names a sequence of the caller's.
func (c Caller) sequence(q SequenceKey) Target {
	if !q.Valid() {
		q = "pg" // as in process
	}
	return Target{Sequence: q, Company: c.Company.Key, Flows: c.Flows}
}

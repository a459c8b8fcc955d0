package innsigli

import (
	"context"
	"crypto/rand"
	"math/big"
	"slices"
	"strings"
	"time"
)

// Limits of API keys.
const (
	// MaxAPIKeys is how many keys a company may have.
	MaxAPIKeys = 100
	// maxKeyID is the largest id of a key: what an int32 of clients holds.
	maxKeyID = 1<<31 - 1
)

// Resources are what the permissions of API keys name (ApiResource, facts/wire.md 1.7).
var Resources = []string{
	"Auth", "Company", "Contacts", "Sealing", "EmailTemplate", "Flow", "Pdf", "Signing", "Statistics", "WebHook",
}

// verbs are the methods that a permission can give. HEAD goes with GET.
var verbs = []string{"GET", "POST", "PUT", "DELETE"}

// Permission lets an API key use a resource by verbs.
type Permission struct {
	Resource string
	Verbs    []string
	// Flows are those that it is for alone. Nil is every flow, also those to come; empty is none.
	Flows []FlowKey
}

// APIKey is a key without its secret. Without permissions it may do everything.
type APIKey struct {
	ID          int64
	Company     CompanyKey
	Name        string
	Permissions []Permission
	CreatedAt   time.Time
}

// May says whether a key with these permissions may use the resource by a verb, in some flow at least.
func (k APIKey) May(resource, verb string) bool {
	_, ok := k.reach(resource, verb)
	return ok
}

// Covers says whether k may do everything that o may.
func (k APIKey) Covers(o APIKey) bool {
	if len(o.Permissions) == 0 {
		return len(k.Permissions) == 0
	}
	for _, p := range o.Permissions {
		for _, v := range p.Verbs {
			if in, ok := k.reach(p.Resource, v); !ok || !in.covers(p) {
				return false
			}
		}
	}
	return true
}

// Allow is the caller with the flows that the key may use the resource in by a verb. It refuses what the key has no
// permission for.
func (c Caller) Allow(resource, verb string) (Caller, error) {
	in, ok := c.Key.reach(resource, verb)
	if !ok {
		return Caller{}, refuse(Forbidden, "PermissionDenied", "This API key has no permission for "+resource+" by "+verb+".")
	}
	c.Flows = in
	return c, nil
}

// APIKeyRequest makes a key, or with an ID changes one.
type APIKeyRequest struct {
	ID          int64
	Name        string
	Permissions []Permission
}

var (
	errNoAPIKey = refuse(NotFound, "NotFound", "There is no such API key.")
	errBeyond   = refuse(Forbidden, "PermissionDenied", "This API key may not handle a key that may do more than itself.")
	errLastKey  = refuse(Invalid, "LastKey", "A company keeps at least one API key that may do everything.")
)

// APIKeys lists the company's keys, oldest first.
func (s *Service) APIKeys(ctx context.Context, c Caller) ([]APIKey, error) {
	return s.Store.APIKeys(ctx, c.Company.Key)
}

// AddAPIKey makes a key and returns it with its secret, which is shown this once.
func (s *Service) AddAPIKey(ctx context.Context, c Caller, r APIKeyRequest) (k APIKey, secret string, err error) {
	if k, err = s.checkAPIKey(ctx, c, r); err != nil {
		return k, "", err
	}
	n, err := rand.Int(rand.Reader, big.NewInt(maxKeyID-1))
	if err != nil {
		return k, "", err
	}
	k.ID, k.CreatedAt, secret = n.Int64()+2, s.Now(), NewAPIKey() // 1 is the company's first
	return k, secret, s.Store.AddAPIKey(ctx, k, HashAPIKey(secret))
}

// ChangeAPIKey renames a key and gives it other permissions.
func (s *Service) ChangeAPIKey(ctx context.Context, c Caller, r APIKeyRequest) (APIKey, error) {
	want, err := s.checkAPIKey(ctx, c, r)
	if err != nil {
		return want, err
	}
	return s.Store.ChangeAPIKey(ctx, c.Company.Key, r.ID, func(all []APIKey) (APIKey, error) {
		k, err := decideKey(c, all, r.ID, len(want.Permissions) == 0)
		k.Name, k.Permissions = want.Name, want.Permissions
		return k, err
	})
}

// RemoveAPIKey ends a key: from the commit on nobody gets in with it.
func (s *Service) RemoveAPIKey(ctx context.Context, c Caller, id int64) error {
	return s.Store.RemoveAPIKey(ctx, c.Company.Key, id, func(all []APIKey) error {
		_, err := decideKey(c, all, id, false)
		return err
	})
}

// decideKey judges a change of one of the company's keys. staysFull says that the key may do everything afterwards.
func decideKey(c Caller, all []APIKey, id int64, staysFull bool) (APIKey, error) {
	i := slices.IndexFunc(all, func(k APIKey) bool { return k.ID == id })
	if i < 0 {
		return APIKey{}, errNoAPIKey
	}
	if !c.Key.Covers(all[i]) {
		return all[i], errBeyond
	}
	other := slices.ContainsFunc(all, func(k APIKey) bool { return k.ID != id && len(k.Permissions) == 0 })
	if !staysFull && !other {
		return all[i], errLastKey
	}
	return all[i], nil
}

func (s *Service) checkAPIKey(ctx context.Context, c Caller, r APIKeyRequest) (APIKey, error) {
	flows, err := s.Flows(ctx, c)
	if err != nil {
		return APIKey{}, err
	}
	return checkAPIKey(c, flows, r)
}

// checkAPIKey checks a request and writes its words as [Resources] and methods are written. flows are the company's.
func checkAPIKey(c Caller, flows []Flow, r APIKeyRequest) (APIKey, error) {
	var bad fieldErrors
	k := APIKey{Company: c.Company.Key, Name: strings.TrimSpace(r.Name)}
	if k.Name == "" {
		bad.add("name", "NotEmpty", "name is required.")
	}
	checkText(&bad, "name", k.Name, MaxNameRunes)
	for i, p := range r.Permissions {
		at := "permissions[" + itoa(i) + "]."
		known := Permission{Resource: spelled(Resources, p.Resource)}
		if known.Resource == "" {
			bad.add(at+"apiResource", "Enum", at+"apiResource is none of "+strings.Join(Resources, ", ")+".")
		}
		for _, v := range p.Verbs {
			known.Verbs = append(known.Verbs, spelled(verbs, v))
		}
		if len(known.Verbs) == 0 || slices.Contains(known.Verbs, "") {
			bad.add(at+"verbs", "Enum", at+"verbs must be some of "+strings.Join(verbs, ", ")+".")
		}
		checkKeyFlows(&bad, at+"flows", flows, p.Flows)
		known.Flows = p.Flows
		k.Permissions = append(k.Permissions, known)
	}
	if len(r.Permissions) > len(Resources) {
		bad.add("permissions", "Length", "permissions has more entries than there are resources.")
	}
	if err := bad.err(); err != nil {
		return k, err
	}
	if !c.Key.Covers(k) {
		return k, errBeyond
	}
	return k, nil
}

// checkKeyFlows judges the flows that a permission names. The first that is wrong is enough.
func checkKeyFlows(bad *fieldErrors, at string, flows []Flow, named []FlowKey) {
	for i, k := range named {
		field := at + "[" + itoa(i) + "]"
		switch {
		case i >= MaxKeyFlows:
			bad.add(field, "Length", at+" has more than "+itoa(MaxKeyFlows)+" flows.")
		case slices.Contains(named[:i], k):
			bad.add(field, "Duplicate", field+" is there twice.")
		case !hasFlow(flows, k):
			bad.add(field, "NotFound", field+" is not a flow of this company.")
		default:
			continue
		}
		return
	}
}

// spelled finds a word in any letter case, "" when it is none.
func spelled(words []string, s string) string {
	for _, w := range words {
		if strings.EqualFold(w, strings.TrimSpace(s)) {
			return w
		}
	}
	return ""
}

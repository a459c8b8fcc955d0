package innsigli

import (
	"errors"
	"strings"
	"testing"
)

var (
	fullKey    = APIKey{ID: 1, Name: "full"}
	signingKey = APIKey{ID: 2, Name: "signing", Permissions: []Permission{{Resource: "Signing", Verbs: []string{"GET", "POST"}}, {Resource: "Auth", Verbs: []string{"GET", "POST", "PUT", "DELETE"}}}}
	readingKey = APIKey{ID: 3, Name: "reading", Permissions: []Permission{{Resource: "Signing", Verbs: []string{"GET"}}}}
)

func TestAKeyMayWhatItsPermissionsName(t *testing.T) {
	for _, c := range []struct {
		key            APIKey
		resource, verb string
		may            bool
	}{
		{fullKey, "Auth", "DELETE", true},
		{readingKey, "Signing", "GET", true},
		{readingKey, "Signing", "HEAD", true},
		{readingKey, "Signing", "DELETE", false},
		{readingKey, "Auth", "GET", false},
		{readingKey, "Server", "GET", false},
	} {
		_, err := Caller{Key: c.key}.Allow(c.resource, c.verb)
		if (err == nil) != c.may || err != nil && KindOf(err) != Forbidden {
			t.Errorf("%s, %s by %s: %v", c.key.Name, c.resource, c.verb, err)
		}
	}
}

func TestDecideKey(t *testing.T) {
	for _, c := range []struct {
		name      string
		by        APIKey
		all       []APIKey
		id        int64
		staysFull bool
		want      error
	}{
		{"the last that may do everything", fullKey, []APIKey{fullKey, signingKey}, 1, false, errLastKey},
		{"the last, renamed", fullKey, []APIKey{fullKey}, 1, true, nil},
		{"one of two", fullKey, []APIKey{fullKey, {ID: 9}}, 1, false, nil},
		{"another", fullKey, []APIKey{fullKey, signingKey}, 2, false, nil},
		{"none", fullKey, []APIKey{fullKey}, 7, false, errNoAPIKey},
		{"one that may more", signingKey, []APIKey{fullKey, signingKey, {ID: 9}}, 1, false, errBeyond},
		{"one that may less", signingKey, []APIKey{fullKey, signingKey, readingKey}, 3, false, nil},
		{"itself", signingKey, []APIKey{fullKey, signingKey}, 2, false, nil},
	} {
		if _, err := decideKey(Caller{Key: c.by}, c.all, c.id, c.staysFull); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

func TestCheckAPIKey(t *testing.T) {
	full := Caller{Key: fullKey}
	var flows []Flow
	for i := range MaxKeyFlows + 1 {
		flows = append(flows, Flow{Key: FlowKey("f" + itoa(i))})
	}
	of := func(keys ...FlowKey) APIKeyRequest {
		return APIKeyRequest{Name: "a", Permissions: []Permission{{Resource: "Signing", Verbs: []string{"GET"}, Flows: keys}}}
	}
	for _, c := range []struct {
		name  string
		by    Caller
		r     APIKeyRequest
		field string
		kind  Kind
	}{
		{"no name", full, APIKeyRequest{}, "name", Invalid},
		{"a name at the limit", full, APIKeyRequest{Name: strings.Repeat("ð", MaxNameRunes)}, "", 0},
		{"a name over the limit", full, APIKeyRequest{Name: strings.Repeat("ð", MaxNameRunes+1)}, "name", Invalid},
		{"no such resource", full, APIKeyRequest{Name: "a", Permissions: []Permission{{Resource: "Everything", Verbs: []string{"GET"}}}}, "permissions[0].apiResource", Invalid},
		{"no verbs", full, APIKeyRequest{Name: "a", Permissions: []Permission{{Resource: "Auth"}}}, "permissions[0].verbs", Invalid},
		{"no such verb", full, APIKeyRequest{Name: "a", Permissions: []Permission{{Resource: "Auth", Verbs: []string{"LOOK"}}}}, "permissions[0].verbs", Invalid},
		{"in any letter case", full, APIKeyRequest{Name: "a", Permissions: []Permission{{Resource: "webhook", Verbs: []string{"get"}}}}, "", 0},
		{"more than the caller has", Caller{Key: signingKey}, APIKeyRequest{Name: "a"}, "", Forbidden},
		{"as much as the caller has", Caller{Key: signingKey}, APIKeyRequest{Name: "a", Permissions: []Permission{{Resource: "Signing", Verbs: []string{"POST"}}}}, "", 0},
		{"two flows", full, of("f1", "f2"), "", 0},
		{"a flow of nobody", full, of("f1", "f-"), "permissions[0].flows[1]", Invalid},
		{"no name of a flow", full, of("f1", ""), "permissions[0].flows[1]", Invalid},
		{"a flow twice", full, of("f1", "f2", "f1"), "permissions[0].flows[2]", Invalid},
		{"as many flows as there may be", full, of(keysOf(flows[1:])...), "", 0},
		{"one more", full, of(keysOf(flows)...), "permissions[0].flows[50]", Invalid},
		{"in a flow that the caller has", Caller{Key: limitedTo("f1", "f2")}, of("f2"), "", 0},
		{"in a flow that the caller has not", Caller{Key: limitedTo("f1")}, of("f1", "f2"), "", Forbidden},
		{"in every flow, by a caller with some", Caller{Key: limitedTo("f1")}, of(), "", Forbidden},
	} {
		_, err := checkAPIKey(c.by, flows, c.r)
		e, _ := errors.AsType[*Error](err)
		if KindOf(err) != c.kind || c.field != "" && (e == nil || e.Fields[0].Field != c.field) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

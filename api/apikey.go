package api

import (
	"net/http"
	"strconv"

	"github.com/go-chi/chi/v5"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/web"
)

// apiKey is a key without its secret (facts/wire.md 1.7). Without permissions it may do everything, and without flows each of
// them is for every flow.
type apiKey struct {
	ID          int64              `json:"id"`
	CompanyKey  string             `json:"companyKey"`
	Name        string             `json:"name"`
	Permissions []apiKeyPermission `json:"permissions"`
	CreatedAt   string             `json:"createdAt,omitempty"`
}

type apiKeyPermission struct {
	APIKeyID    int64    `json:"apiKeyId,omitzero"`
	APIResource string   `json:"apiResource"`
	Flows       []string `json:"flows"`
	Verbs       []string `json:"verbs"`
}

// newAPIKey is the answer to a create: the only one that has the secret.
type newAPIKey struct {
	ID          int64              `json:"id"`
	KeyRaw      string             `json:"keyRaw"`
	Name        string             `json:"name"`
	Permissions []apiKeyPermission `json:"permissions"`
}

type apiKeyRequest struct {
	Name        string             `json:"name" required:"true"`
	Permissions []apiKeyPermission `json:"permissions"`
}

// apiKeys is GET /management/apikeys.
func (a *API) apiKeys(w http.ResponseWriter, r *http.Request, c innsigli.Caller) error {
	all, err := a.Service.APIKeys(r.Context(), c)
	if err != nil {
		return err
	}
	out := []apiKey{}
	for _, k := range all {
		out = append(out, showKey(k))
	}
	return web.WriteJSON(w, http.StatusOK, out)
}

// addAPIKey is POST /management/apikeys: makes a key and shows its secret, this once.
func (a *API) addAPIKey(w http.ResponseWriter, r *http.Request, c innsigli.Caller) error {
	in, err := readAPIKey(w, r)
	if err != nil {
		return err
	}
	k, secret, err := a.Service.AddAPIKey(r.Context(), c, in)
	if err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, newAPIKey{ID: k.ID, KeyRaw: secret, Name: k.Name, Permissions: showKey(k).Permissions})
}

// changeAPIKey is PUT /management/apikeys/{id}: another name and other permissions.
func (a *API) changeAPIKey(w http.ResponseWriter, r *http.Request, c innsigli.Caller) error {
	in, err := readAPIKey(w, r)
	if err != nil {
		return err
	}
	in.ID = keyID(r)
	k, err := a.Service.ChangeAPIKey(r.Context(), c, in)
	if err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, showKey(k))
}

// removeAPIKey is DELETE /management/apikeys/{id}.
func (a *API) removeAPIKey(w http.ResponseWriter, r *http.Request, c innsigli.Caller) error {
	if err := a.Service.RemoveAPIKey(r.Context(), c, keyID(r)); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// keyID reads the id of the path; what is no number is the id of no key.
func keyID(r *http.Request) int64 {
	id, err := strconv.ParseInt(chi.URLParam(r, "id"), 10, 64)
	if err != nil {
		return 0
	}
	return id
}

func readAPIKey(w http.ResponseWriter, r *http.Request) (innsigli.APIKeyRequest, error) {
	var in apiKeyRequest
	if err := readSmall(w, r, &in); err != nil {
		return innsigli.APIKeyRequest{}, err
	}
	out := innsigli.APIKeyRequest{Name: in.Name}
	for _, p := range in.Permissions {
		known := innsigli.Permission{Resource: p.APIResource, Verbs: p.Verbs}
		for _, k := range p.Flows {
			known.Flows = append(known.Flows, flowKeyOf(k))
		}
		out.Permissions = append(out.Permissions, known)
	}
	return out, nil
}

func showKey(k innsigli.APIKey) apiKey {
	out := apiKey{ID: k.ID, CompanyKey: string(k.Company), Name: k.Name, Permissions: []apiKeyPermission{}, CreatedAt: rfc3339(k.CreatedAt)}
	for _, p := range k.Permissions {
		shown := apiKeyPermission{APIKeyID: k.ID, APIResource: p.Resource, Flows: []string{}, Verbs: p.Verbs}
		for _, f := range p.Flows {
			shown.Flows = append(shown.Flows, string(f))
		}
		out.Permissions = append(out.Permissions, shown)
	}
	return out
}

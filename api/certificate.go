package api

import (
	"net/http"

	"github.com/innsigli/innsigli/web"
)

// personCertificate is the public API's answer whether a person has an e-ID (facts/wire.md 1.4).
type personCertificate struct {
	Country   string `json:"country,omitempty"`
	ErrorCode string `json:"error_code,omitempty"`
	Message   string `json:"message,omitempty"`
	Name      string `json:"name,omitempty"`
	Status    string `json:"status"`
}

// hasCertificate is GET /signing/hascertificate/key/{flow}/phone/{phone}/ssn/{ssn}: without an e-ID provider nobody can be
// asked, and the answer says so, the same for everyone.
func (a *API) hasCertificate(w http.ResponseWriter, _ *http.Request) error {
	return web.WriteJSON(w, http.StatusOK, personCertificate{
		Status: "error", ErrorCode: "NoProvider",
		Message: "No e-ID provider is configured on this server, so it cannot tell whether this person has a certificate.",
	})
}

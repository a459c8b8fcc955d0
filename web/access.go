package web

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"time"
)

// AccessHeader carries an access token to and from the API (facts/wire.md 1.4).
const AccessHeader = "X-Access-Token"

const (
	accessCookie = "access-"
	maxTokens    = 16 // of one request: each is tried
)

// accessTokens are those that a request brings, in the header or as cookies of the signing page.
func accessTokens(r *http.Request) []string {
	var all []string
	if t := r.Header.Get(AccessHeader); t != "" {
		all = append(all, t)
	}
	for _, c := range r.Cookies() {
		if strings.HasPrefix(c.Name, accessCookie) && len(all) < maxTokens {
			all = append(all, c.Value)
		}
	}
	return all
}

// SetAccess leaves an access token with the browser, for the link whose path it is. The PDF has an address outside of the
// link, so the cookie is for the whole server, and its name tells links apart. In a frame on another site a browser sends
// it over https only, and to this frame within this site only (CHIPS, Partitioned): no cookie of a third party is needed.
func SetAccess(w http.ResponseWriter, link, token string, until time.Time, secure bool) {
	h := sha256.Sum256([]byte(link))
	c := http.Cookie{ //nolint:gosec // G124: secure and for frames below, where people come over https
		Name: accessCookie + hex.EncodeToString(h[:6]), Value: token, Path: "/", Expires: until, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
	if secure {
		c.Secure, c.SameSite, c.Partitioned = true, http.SameSiteNoneMode, true
	}
	http.SetCookie(w, &c)
}

package innsigli

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Limits on the origins that a company registers. They all stand in a header of every page that its people see.
const (
	MaxOrigins   = 20
	MaxOriginLen = 200
)

// Origins are the sites that may show the company's signing pages in a frame and hear what happens in them, as browsers
// write them (RFC 6454 6.2), apart by blanks. None by default.
type Origins string

// List gives them one by one.
func (o Origins) List() []string { return strings.Fields(string(o)) }

// originsOf checks what is registered: scheme, host and port, without a wildcard. Only this machine may do without TLS.
func originsOf(bad *fieldErrors, list []string) Origins {
	if len(list) > MaxOrigins {
		bad.add("origins", "MaximumCount", fmt.Sprintf("origins must be at most %d.", MaxOrigins))
		return ""
	}
	var out []string
	for i, text := range list {
		o, ok := originOf(text)
		if !ok {
			bad.add(fmt.Sprintf("origins[%d]", i), "Origin",
				"An origin is https:// and a host, with a port where it is not the usual one, as in https://portal.example.com; http:// only for localhost.")
			continue
		}
		if !slices.Contains(out, o) {
			out = append(out, o)
		}
	}
	return Origins(strings.Join(out, " "))
}

// Embeds says whether a site may show pages of some company of this server in a frame. It is for pages that belong to no
// company, since their link is unknown: whoever asks learns of the origin that they name and of no other.
func (s *Service) Embeds(ctx context.Context, origin string) (bool, error) {
	o, ok := originOf(origin)
	if !ok {
		return false, nil
	}
	return s.Store.Embeds(ctx, o)
}

// originOf brings an origin into the form that browsers give it.
func originOf(text string) (string, bool) {
	u, err := url.Parse(strings.ToLower(strings.TrimSpace(text)))
	if err != nil || len(text) > MaxOriginLen || hasMore(u) || strings.Contains(text, "#") {
		return "", false
	}
	host, port := u.Hostname(), u.Port()
	local := host == "localhost" || host == "127.0.0.1" || host == "::1"
	if u.Scheme != "https" && (u.Scheme != "http" || !local) || !plainHost(host) || strings.HasSuffix(u.Host, ":") {
		return "", false
	}
	if n, err := strconv.ParseUint(port, 10, 16); port != "" && (err != nil || n == 0 || strconv.FormatUint(n, 10) != port) {
		return "", false
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port != "" && (u.Scheme != "https" || port != "443") && (u.Scheme != "http" || port != "80") {
		host += ":" + port
	}
	return u.Scheme + "://" + host, true
}

// hasMore says whether an address has more than an origin has.
func hasMore(u *url.URL) bool {
	return u.User != nil || u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.ForceQuery || u.Opaque != ""
}

// plainHost says whether a host is a name or address in ASCII, as browsers write it: nothing else may get into a header.
func plainHost(host string) bool {
	if host == "::1" {
		return true
	}
	return host != "" && strings.Trim(host, "abcdefghijklmnopqrstuvwxyz0123456789-.") == "" && !strings.HasPrefix(host, ".") && !strings.Contains(host, "..")
}

// isColour says whether a text is a colour as #rrggbb.
func isColour(s string) bool {
	return len(s) == len("#rrggbb") && s[0] == '#' && isHex(s[1:])
}

package pki

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"time"
)

const (
	// clientTimeout is how long one exchange with a trust service may take when nothing else is asked for.
	clientTimeout = 8 * time.Second
	// listTimeouts is how many times as long the download of a revocation list may take.
	listTimeouts = 4
	// maxRedirects is how often a trust service may send us elsewhere.
	maxRedirects = 3
)

// ClientOptions are common to [NewTimestamper] and [NewCollector].
type ClientOptions struct {
	// Transport makes the connections; who gives one decides which addresses may be reached, and may answer some in
	// this process. nil is [http.DefaultTransport], which reaches every address.
	Transport http.RoundTripper
	// Timeout is for one exchange, 0 for 8 seconds; a revocation list gets four times that.
	Timeout time.Duration
	// Now is the clock, nil for [time.Now].
	Now func() time.Time
}

// statusError is an answer over HTTP that is not 200.
type statusError int

func (e statusError) Error() string { return fmt.Sprintf("HTTP status %d", int(e)) }

// client fetches small things from strangers. Its errors name hosts, never whole addresses: these may hold secrets.
type client struct {
	http    *http.Client
	timeout time.Duration
	now     func() time.Time
}

func newClient(o ClientOptions) client {
	c := client{http: &http.Client{Transport: o.Transport, CheckRedirect: checkRedirect}, timeout: o.Timeout, now: o.Now}
	if c.timeout <= 0 {
		c.timeout = clientTimeout
	}
	if c.now == nil {
		c.now = time.Now //nolint:forbidigo // what nobody sets
	}
	return c
}

func checkRedirect(r *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return errors.New("too many redirects")
	}
	return checkURL(r.URL)
}

func checkURL(u *url.URL) error {
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return errors.New("address is neither http nor https")
	}
	return nil
}

// isWeb says whether an address out of a certificate is one that can be asked: ldap is not.
func isWeb(address string) bool {
	u, err := url.Parse(address)
	return err == nil && checkURL(u) == nil
}

// exchange is one request and what came back.
type exchange struct {
	method, address string
	contentType     string
	body            []byte
	header          http.Header // besides
	limit           int         // of the answer, in bytes
	timeout         time.Duration
}

// do makes an exchange and returns the answer's body and header. An answer other than 200 is a statusError.
func (c client) do(ctx context.Context, x exchange) ([]byte, http.Header, error) {
	u, err := url.Parse(x.address)
	if err != nil {
		return nil, nil, errors.New("malformed address") // the cause quotes it
	}
	if err := checkURL(u); err != nil {
		return nil, nil, err
	}
	body, header, err := c.roundTrip(ctx, x)
	if err != nil {
		if outer, ok := errors.AsType[*url.Error](err); ok { // which quotes the address
			err = outer.Err
		}
		return nil, nil, fmt.Errorf("%s: %w", u.Hostname(), err)
	}
	return body, header, nil
}

func (c client) roundTrip(ctx context.Context, x exchange) ([]byte, http.Header, error) {
	if x.timeout == 0 {
		x.timeout = c.timeout
	}
	ctx, cancel := context.WithTimeout(ctx, x.timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, x.method, x.address, bytes.NewReader(x.body))
	if err != nil {
		return nil, nil, errors.New("malformed address")
	}
	maps.Copy(r.Header, x.header)
	if x.contentType != "" {
		r.Header.Set("Content-Type", x.contentType)
	}
	resp, err := c.http.Do(r)
	if err != nil {
		return nil, nil, err //nolint:wrapcheck // do wraps it
	}
	defer resp.Body.Close() //nolint:errcheck // it was only read
	if resp.StatusCode != http.StatusOK {
		return nil, nil, statusError(resp.StatusCode)
	}
	tooLarge := fmt.Errorf("answer is larger than %d bytes", x.limit)
	if resp.ContentLength > int64(x.limit) {
		return nil, nil, tooLarge
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, int64(x.limit)+1))
	if err != nil {
		return nil, nil, fmt.Errorf("read answer: %w", err)
	}
	if len(body) > x.limit {
		return nil, nil, tooLarge
	}
	return body, resp.Header, nil
}

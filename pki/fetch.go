package pki

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/innsigli/innsigli/cms"
)

const (
	// maxIssuerFile is the largest file of issuers' certificates, in bytes.
	maxIssuerFile = 256 << 10
	// issuerAge is how long such a file is kept.
	issuerAge = 24 * time.Hour
	// maxCache is how many bytes a cache keeps, maxCached how many things.
	maxCache  = 64 << 20
	maxCached = 4096
)

// slot waits for a place among the exchanges under way.
func (c *Collector) slot(ctx context.Context) (release func(), err error) {
	select {
	case c.slots <- struct{}{}:
		return func() { <-c.slots }, nil
	case <-ctx.Done():
		return nil, ctx.Err() //nolint:wrapcheck // says it all
	}
}

func (c *Collector) fetch(ctx context.Context, x exchange) ([]byte, http.Header, error) {
	release, err := c.slot(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer release()
	return c.client.do(ctx, x)
}

// fetchOCSP asks a responder by POST, whose answers no proxy keeps, and by GET if it does not take that (RFC 6960,
// appendix A.1).
func (c *Collector) fetchOCSP(ctx context.Context, address string, l link) ([]byte, error) {
	q, err := cms.NewOCSPRequest(l.cert, l.issuer)
	if err != nil {
		return nil, err //nolint:wrapcheck // says it all
	}
	der, _, err := c.fetch(ctx, exchange{method: http.MethodPost, address: address, contentType: "application/ocsp-request", body: q, limit: cms.MaxOCSP})
	var status statusError
	if errors.As(err, &status) && status >= 400 && status < 500 {
		address = strings.TrimRight(address, "/") + "/" + url.QueryEscape(base64.StdEncoding.EncodeToString(q))
		der, _, err = c.fetch(ctx, exchange{method: http.MethodGet, address: address, limit: cms.MaxOCSP})
	}
	return der, err
}

// fetchCRL downloads a list, unless the server says that it is still the one that is kept.
func (c *Collector) fetchCRL(ctx context.Context, address string) (fetched, error) {
	old, isOld := c.cache.get(address)
	header := http.Header{}
	if isOld && old.etag != "" {
		header.Set("If-None-Match", old.etag)
	}
	if isOld && old.modified != "" {
		header.Set("If-Modified-Since", old.modified)
	}
	der, got, err := c.fetch(ctx, exchange{
		method: http.MethodGet, address: address, header: header, limit: cms.MaxCRL, timeout: listTimeouts * c.client.timeout,
	})
	var status statusError
	if isOld && errors.As(err, &status) && status == http.StatusNotModified {
		return old, nil
	}
	if err != nil {
		return fetched{}, err
	}
	return fetched{der: der, at: c.client.now(), etag: got.Get("ETag"), modified: got.Get("Last-Modified")}, nil
}

// issuers gets the certificates that are offered as issuers of cert (RFC 5280, clause 4.2.2.1: one in DER, or a
// certs-only CMS).
func (c *Collector) issuers(ctx context.Context, cert *x509.Certificate) ([]*x509.Certificate, error) {
	var failures []error
	for i, address := range cert.IssuingCertificateURL {
		if i == maxAddresses {
			break
		}
		found, err := c.issuer(ctx, address)
		if err == nil {
			return found, nil
		}
		failures = append(failures, err)
	}
	if len(failures) == 0 {
		return nil, errors.New("is missing, and no address is given for it")
	}
	return nil, errors.Join(failures...)
}

func (c *Collector) issuer(ctx context.Context, address string) ([]*x509.Certificate, error) {
	key := "issuer " + address
	if old, ok := c.cache.get(key); ok && c.client.now().Sub(old.at) < issuerAge {
		return parseIssuers(old.der)
	}
	der, _, err := c.fetch(ctx, exchange{method: http.MethodGet, address: address, limit: maxIssuerFile})
	if err != nil {
		return nil, err
	}
	certs, err := parseIssuers(der)
	if err != nil {
		return nil, err
	}
	c.cache.put(key, fetched{der: der, at: c.client.now()})
	return certs, nil
}

func parseIssuers(der []byte) ([]*x509.Certificate, error) {
	if c, err := x509.ParseCertificate(der); err == nil {
		return []*x509.Certificate{c}, nil
	}
	certs, err := cms.Certificates(der)
	if err != nil || len(certs) == 0 {
		return nil, fmt.Errorf("neither a certificate nor some: %w", errors.Join(err))
	}
	return certs, nil
}

// fetched is something that came over the network.
type fetched struct {
	der            []byte
	at             time.Time
	etag, modified string
}

// cache keeps what was fetched; whether it is still good is for who takes it out to judge. The zero value is empty.
type cache struct {
	mu   sync.Mutex
	kept map[string]fetched
	size int
}

func (c *cache) get(key string) (fetched, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f, ok := c.kept[key]
	return f, ok
}

// put keeps something, and lets go of what was fetched longest ago when there is too much.
func (c *cache) put(key string, f fetched) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kept == nil {
		c.kept = map[string]fetched{}
	}
	c.size += len(f.der) - len(c.kept[key].der)
	c.kept[key] = f
	for c.size > maxCache || len(c.kept) > maxCached {
		oldest := key
		for k, v := range c.kept {
			if v.at.Before(c.kept[oldest].at) {
				oldest = k
			}
		}
		c.size -= len(c.kept[oldest].der)
		delete(c.kept, oldest)
	}
}

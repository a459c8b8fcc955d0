package pki

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Where the server offers what certificates name. They are below the public address.
const (
	RootPEMPath = "/pki/root.pem" // for people who want to trust it
	CRLPath     = "/pki/issuing.crl"
	OCSPPath    = "/pki/ocsp"
	StampPath   = "/pki/tsa"

	prefix = "/pki/"
)

var (
	certPaths = [roles]string{roleRoot: "/pki/root.crt", roleIssuing: "/pki/issuing.crt"}
	crlPaths  = [roles]string{roleRoot: "/pki/root.crl", roleIssuing: CRLPath}
)

// MaxRequest is the most bytes that a request for a time stamp or a status may have. A real one has about a hundred.
const MaxRequest = 8 << 10

// Server answers what the certificates of the local trust name.
type Server struct {
	Authority func() *Authority // the one in force
	Now       func() time.Time
}

// Route is one address of the server. Costly says that an answer costs a signature, so that whoever serves it may limit
// how many are asked for. An error is the server's own failure, and nothing has been written then.
type Route struct {
	Method, Pattern string
	Costly          bool
	Handler         func(http.ResponseWriter, *http.Request) error
}

// Routes are all addresses, as patterns of go-chi.
func (s *Server) Routes() []Route {
	return []Route{
		{http.MethodGet, RootPEMPath, false, s.rootPEM},
		{http.MethodGet, certPaths[roleRoot], false, s.cert(roleRoot)},
		{http.MethodGet, certPaths[roleIssuing], false, s.cert(roleIssuing)},
		{http.MethodGet, crlPaths[roleRoot], true, s.crl(roleRoot)},
		{http.MethodGet, crlPaths[roleIssuing], true, s.crl(roleIssuing)},
		{http.MethodGet, OCSPPath + "/*", true, s.ocspGet},
		{http.MethodPost, OCSPPath, true, s.ocspPost},
		{http.MethodPost, StampPath, true, s.stamp},
	}
}

func (s *Server) rootPEM(w http.ResponseWriter, _ *http.Request) error {
	return write(w, "application/x-pem-file", s.Authority().RootPEM())
}

// cert gives an authority's certificate in DER (RFC 5280 4.2.2.1).
func (s *Server) cert(r role) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, _ *http.Request) error {
		return write(w, "application/pkix-cert", s.Authority().h.pairs[r].cert.Raw)
	}
}

func (s *Server) crl(r role) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, _ *http.Request) error {
		der, err := s.Authority().crl(s.Now(), r)
		if err != nil {
			return err
		}
		return write(w, "application/pkix-crl", der)
	}
}

// ocspGet takes the request in the path (RFC 6960 A.1). Base64 has slashes and letters of both cases, so it is taken
// from the path as it came, not from the route.
func (s *Server) ocspGet(w http.ResponseWriter, r *http.Request) error {
	at := strings.Index(strings.ToLower(r.URL.Path), OCSPPath+"/")
	if at < 0 {
		return badRequest(w, "no request in the path")
	}
	text := strings.TrimSpace(r.URL.Path[at+len(OCSPPath)+1:])
	request, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return badRequest(w, "the request in the path is not base64")
	}
	return s.ocsp(w, request)
}

func (s *Server) ocspPost(w http.ResponseWriter, r *http.Request) error {
	request, err := readRequest(w, r, "application/ocsp-request")
	if request == nil || err != nil {
		return err
	}
	return s.ocsp(w, request)
}

func (s *Server) ocsp(w http.ResponseWriter, request []byte) error {
	der, err := s.Authority().OCSP(request, s.Now())
	if err != nil {
		return err
	}
	return write(w, "application/ocsp-response", der)
}

// readRequest reads a small body of the given type; nil when it has refused the request.
func readRequest(w http.ResponseWriter, r *http.Request, want string) ([]byte, error) {
	if got, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); !strings.EqualFold(strings.TrimSpace(got), want) {
		http.Error(w, "Content-Type must be "+want, http.StatusUnsupportedMediaType)
		return nil, nil
	}
	request, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxRequest))
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		http.Error(w, fmt.Sprintf("a request has at most %d bytes", MaxRequest), http.StatusRequestEntityTooLarge)
		return nil, nil
	}
	if err != nil {
		return nil, badRequest(w, "the request was not read to its end")
	}
	if request == nil {
		request = []byte{}
	}
	return request, nil
}

func badRequest(w http.ResponseWriter, text string) error {
	http.Error(w, text, http.StatusBadRequest)
	return nil
}

func write(w http.ResponseWriter, kind string, b []byte) error {
	w.Header().Set("Content-Type", kind)
	_, _ = w.Write(b) //nolint:gosec // DER of our own, of a type that no browser shows. When the asker has gone nobody is left to tell
	return nil
}

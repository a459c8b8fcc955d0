package cms

import (
	"bytes"
	"context"
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"
	"unicode"
)

// MaxTimestampRequest is the largest request for a time-stamp that is read, in bytes.
const MaxTimestampRequest = 8 << 10

// TimestampFailure is a PKIFailureInfo (RFC 3161, clause 2.4.2): why an authority gives no token.
type TimestampFailure int

// The failures of RFC 3161.
const (
	BadAlg              TimestampFailure = 0
	BadRequest          TimestampFailure = 2
	BadDataFormat       TimestampFailure = 5
	TimeNotAvailable    TimestampFailure = 14
	UnacceptedPolicy    TimestampFailure = 15
	UnacceptedExtension TimestampFailure = 16
	AddInfoNotAvailable TimestampFailure = 17
	SystemFailure       TimestampFailure = 25

	// NoFailure stands for a refusal that does not say why.
	NoFailure TimestampFailure = -1
)

var failureNames = map[TimestampFailure]string{
	BadAlg: "badAlg", BadRequest: "badRequest", BadDataFormat: "badDataFormat", TimeNotAvailable: "timeNotAvailable",
	UnacceptedPolicy: "unacceptedPolicy", UnacceptedExtension: "unacceptedExtension",
	AddInfoNotAvailable: "addInfoNotAvailable", SystemFailure: "systemFailure", NoFailure: "no reason",
}

// String is the name in the norm.
func (f TimestampFailure) String() string {
	if s, ok := failureNames[f]; ok {
		return s
	}
	return fmt.Sprintf("failure %d", int(f))
}

// TimestampError is an authority's refusal: what [ParseTimestampRequest] says of a bad request, and what
// [ParseTimestampResponse] finds in an answer.
type TimestampError struct {
	// Status is the PKIStatus, 2 for a rejection.
	Status  int
	Failure TimestampFailure
	// Text is the authority's own, at most 200 printable characters of it.
	Text string
}

// Error names status, reason and text.
func (e *TimestampError) Error() string {
	s := fmt.Sprintf("time-stamp refused, status %d, %v", e.Status, e.Failure)
	if e.Text != "" {
		s += ": " + e.Text
	}
	return s
}

// TimestampRequest is a TimeStampReq (RFC 3161, clause 2.4.1).
type TimestampRequest struct {
	Hash   crypto.Hash
	Digest []byte
	// Policy is the one that is asked for, nil for any.
	Policy asn1.ObjectIdentifier
	// Nonce is repeated in the token, nil for none.
	Nonce *big.Int
	// Certs asks for the authority's certificate in the token.
	Certs bool
}

type messageImprint struct {
	Algorithm pkix.AlgorithmIdentifier
	Digest    []byte
}

// Marshal encodes the request.
func (q *TimestampRequest) Marshal() ([]byte, error) {
	imprint, err := newImprint(q.Hash, q.Digest)
	if err != nil {
		return nil, err
	}
	out, err := encode(struct {
		Version int
		Imprint messageImprint
		Policy  asn1.ObjectIdentifier `asn1:"optional"`
		Nonce   *big.Int              `asn1:"optional"`
		Certs   bool                  `asn1:"optional"`
	}{1, imprint, q.Policy, q.Nonce, q.Certs})
	return out.FullBytes, err
}

func newImprint(h crypto.Hash, digest []byte) (messageImprint, error) {
	id := digestAlgorithm(h)
	if got, err := hashOf(id.Algorithm); err != nil || got != h || len(digest) != h.Size() {
		return messageImprint{}, fmt.Errorf("digest of %d bytes does not fit %v", len(digest), h)
	}
	return messageImprint{id, digest}, nil
}

// ParseTimestampRequest reads what a client asks of an authority. The error is a *[TimestampError], to be answered with
// [RefuseTimestamp]: badAlg for a hash that is not SHA-256, 384 or 512, unacceptedExtension for any extension that is
// critical, badDataFormat for the rest.
func ParseTimestampRequest(der []byte) (*TimestampRequest, error) {
	q, err := parseRequest(der)
	if err == nil {
		return q, nil
	}
	if refusal, ok := errors.AsType[*TimestampError](err); ok {
		return nil, refusal
	}
	return nil, refuse(BadDataFormat, err.Error())
}

func refuse(f TimestampFailure, text string) error {
	return &TimestampError{Status: statusRejection, Failure: f, Text: text}
}

func parseRequest(der []byte) (*TimestampRequest, error) {
	if len(der) > MaxTimestampRequest {
		return nil, errors.New("request is too large")
	}
	if err := wellFormed(der); err != nil {
		return nil, err
	}
	r, err := whole(der, tagSequence)
	if err != nil {
		return nil, err
	}
	if v, err := r.integer(); err != nil || v.Cmp(big.NewInt(1)) != 0 {
		return nil, refuse(BadRequest, "version is not 1")
	}
	q := &TimestampRequest{}
	if q.Hash, q.Digest, err = r.imprint(); err != nil {
		return nil, refuse(BadAlg, err.Error())
	}
	return q, q.rest(r)
}

func (q *TimestampRequest) rest(r reader) error {
	var err error
	if r.is(tagOID) {
		if err := take(&r, &q.Policy); err != nil {
			return fmt.Errorf("policy: %w", err)
		}
	}
	if r.is(tagInteger) {
		if q.Nonce, err = r.integer(); err != nil {
			return fmt.Errorf("nonce: %w", err)
		}
	}
	if r.is(tagBoolean) {
		if err := take(&r, &q.Certs); err != nil {
			return fmt.Errorf("certReq: %w", err)
		}
	}
	if r.is(explicit0) {
		in, err := r.inside(explicit0)
		if err != nil {
			return err
		}
		if _, err := in.extensions(nil); err != nil {
			return refuse(UnacceptedExtension, err.Error())
		}
	}
	return r.end()
}

// Stamp is what an authority states in a token.
type Stamp struct {
	// Time is UTC, kept to the microsecond. Accuracy is kept to the microsecond too; 0 states none.
	Time     time.Time
	Accuracy time.Duration
	// Policy is the authority's; Serial is unique among its tokens.
	Policy asn1.ObjectIdentifier
	Serial *big.Int
}

// NewToken makes a time-stamp token for a request, as an authority does. chain begins with the certificate of key; all of
// it is embedded if the request asks for certificates. What it makes was read back by [ParseToken] (unless it is
// without certificates), so that a certificate not fit for time-stamping is an error. A policy other than the one asked
// for is a *[TimestampError].
func NewToken(ctx context.Context, q *TimestampRequest, st Stamp, key crypto.Signer, chain []*x509.Certificate, o Options) ([]byte, error) {
	if len(q.Policy) > 0 && !q.Policy.Equal(st.Policy) {
		return nil, refuse(UnacceptedPolicy, "another policy")
	}
	o, err := o.fill(chain)
	if err != nil {
		return nil, err
	}
	info, err := st.marshal(q)
	if err != nil {
		return nil, err
	}
	octets, err := encode(info)
	if err != nil {
		return nil, err
	}
	content, err := constructed(asn1.ClassContextSpecific, 0, octets.FullBytes)
	if err != nil {
		return nil, err
	}
	p, err := prepare(encapsulated{oidTSTInfo, content}, sum(o.Hash, info), chain, o)
	if err != nil {
		return nil, err
	}
	p.bare = !q.Certs
	value, err := p.sign(ctx, key)
	if err != nil {
		return nil, err
	}
	token, err := p.Assemble(value, nil)
	if err != nil || p.bare {
		return token, err
	}
	if _, err := ParseToken(token); err != nil {
		return nil, err
	}
	return token, nil
}

// marshal encodes TSTInfo (RFC 3161, clause 2.4.2). encoding/asn1 writes no parts of a second, so the time is raw.
func (st *Stamp) marshal(q *TimestampRequest) ([]byte, error) {
	imprint, err := newImprint(q.Hash, q.Digest)
	if err != nil {
		return nil, err
	}
	if len(st.Policy) == 0 || st.Serial == nil || st.Serial.Sign() < 0 || st.Serial.BitLen() > 160 || st.Accuracy < 0 {
		return nil, errors.New("stamp without policy, serial or with an accuracy below 0")
	}
	at := st.Time.UTC().Truncate(time.Microsecond).Format("20060102150405.999999") + "Z"
	accuracy, err := encodeAccuracy(st.Accuracy)
	if err != nil {
		return nil, err
	}
	out, err := encode(struct {
		Version  int
		Policy   asn1.ObjectIdentifier
		Imprint  messageImprint
		Serial   *big.Int
		Time     asn1.RawValue
		Accuracy asn1.RawValue `asn1:"optional"`
		Nonce    *big.Int      `asn1:"optional"`
	}{1, st.Policy, imprint, st.Serial, asn1.RawValue{Tag: asn1.TagGeneralizedTime, Bytes: []byte(at)}, accuracy, q.Nonce})
	return out.FullBytes, err
}

func encodeAccuracy(d time.Duration) (asn1.RawValue, error) {
	if d < time.Microsecond {
		return asn1.RawValue{}, nil
	}
	return encode(struct {
		Seconds int `asn1:"optional"`
		Millis  int `asn1:"optional,tag:0"`
		Micros  int `asn1:"optional,tag:1"`
	}{int(d / time.Second), int(d / time.Millisecond % 1000), int(d / time.Microsecond % 1000)})
}

// The values of PKIStatus that matter here (RFC 3161, clause 2.4.2).
const (
	statusGranted         = 0
	statusGrantedWithMods = 1
	statusRejection       = 2
)

type pkiStatus struct {
	Status  int
	Text    []asn1.RawValue `asn1:"optional,omitempty"`
	Failure asn1.BitString  `asn1:"optional"`
}

// GrantTimestamp makes the answer that carries a token.
func GrantTimestamp(token []byte) ([]byte, error) {
	out, err := encode(struct {
		Status pkiStatus
		Token  asn1.RawValue
	}{pkiStatus{Status: statusGranted}, asn1.RawValue{FullBytes: token}})
	return out.FullBytes, err
}

// RefuseTimestamp makes the answer of an authority that gives no token. Any error but a *[TimestampError] is answered
// as systemFailure, without its text.
func RefuseTimestamp(cause error) ([]byte, error) {
	var e *TimestampError
	if !errors.As(cause, &e) {
		e = &TimestampError{Failure: SystemFailure}
	}
	st := pkiStatus{Status: statusRejection}
	if e.Text != "" {
		st.Text = []asn1.RawValue{{Tag: asn1.TagUTF8String, Bytes: []byte(e.Text)}}
	}
	if e.Failure >= 0 {
		// The named bits of PKIFailureInfo: DER leaves off the zeros behind the last one (X.690, clause 11.2.2).
		bits := make([]byte, int(e.Failure)/8+1)
		bits[int(e.Failure)/8] = 0x80 >> (e.Failure % 8)
		st.Failure = asn1.BitString{Bytes: bits, BitLength: int(e.Failure) + 1}
	}
	out, err := encode(struct{ Status pkiStatus }{st})
	return out.FullBytes, err
}

// ParseTimestampResponse reads an authority's answer and returns the token in it, unread. A refusal is a
// *[TimestampError].
func ParseTimestampResponse(der []byte) ([]byte, error) {
	if len(der) > MaxSize {
		return nil, errors.New("answer is too large")
	}
	if err := wellFormed(der); err != nil {
		return nil, err
	}
	r, err := whole(der, tagSequence)
	if err != nil {
		return nil, err
	}
	in, err := r.inside(tagSequence)
	if err != nil {
		return nil, err
	}
	status, err := parseStatus(in)
	if err != nil {
		return nil, err
	}
	if status.Status != statusGranted && status.Status != statusGrantedWithMods {
		return nil, status
	}
	token, err := r.want(tagSequence)
	if err != nil {
		return nil, errors.New("granted without a token")
	}
	if err := r.end(); err != nil {
		return nil, err
	}
	return bytes.Clone(token.full), nil
}

func parseStatus(r reader) (*TimestampError, error) {
	n, err := r.integer()
	if err != nil || !n.IsInt64() {
		return nil, errors.New("status is missing")
	}
	e := &TimestampError{Status: int(n.Int64()), Failure: NoFailure}
	if r.is(tagSequence) {
		in, err := r.inside(tagSequence)
		if err != nil {
			return nil, err
		}
		e.Text = freeText(in)
	}
	if r.is(tagBitString) {
		var bits asn1.BitString
		if err := take(&r, &bits); err != nil {
			return nil, fmt.Errorf("failure: %w", err)
		}
		for i := range min(bits.BitLength, 32) {
			if bits.At(i) == 1 {
				e.Failure = TimestampFailure(i)
				break
			}
		}
	}
	return e, r.end()
}

// freeText joins the strings of a PKIFreeText for a person, shortened and without control characters: it is foreign.
func freeText(r reader) string {
	var parts []string
	for len(r) > 0 {
		v, err := r.next()
		if err != nil {
			break
		}
		parts = append(parts, strings.ToValidUTF8(string(v.body), "?"))
	}
	var out []rune
	for _, c := range strings.Join(parts, "; ") {
		if len(out) == 200 {
			break
		}
		if unicode.IsPrint(c) {
			out = append(out, c)
		}
	}
	return string(out)
}

// Answers checks that the token is the one that was asked for: imprint, nonce and policy (RFC 3161, clause 2.4.2).
func (t *Token) Answers(q *TimestampRequest) error {
	if err := t.Matches(q.Hash, q.Digest); err != nil {
		return err
	}
	if q.Nonce != nil && (t.Nonce == nil || t.Nonce.Cmp(q.Nonce) != 0) {
		return errors.New("time-stamp has another nonce")
	}
	if len(q.Policy) > 0 && !t.Policy.Equal(q.Policy) {
		return fmt.Errorf("time-stamp has policy %v", t.Policy)
	}
	return nil
}

package notify

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"hash"
	"io"
	"strconv"
	"strings"
	"time"
)

// eventSignature is the documented signature: it covers a time and an id, and not the body (facts/wire.md 4.2). What
// covers the body are the Standard Webhooks headers beside it.
type eventSignature struct {
	TimeStamp  int64  `json:"TimeStamp"`
	Guid       string `json:"Guid"` //nolint:staticcheck // the wire's name
	Signature  string `json:"Signature"`
	SignedData string `json:"SignedData"`
}

// signEvent signs with the company's key as text, the way the public API's receivers check it.
func signEvent(at time.Time, guid, key string) eventSignature {
	e := eventSignature{TimeStamp: ticks(at), Guid: guid}
	e.SignedData = strconv.FormatInt(e.TimeStamp, 10) + guid
	mac := hmac.New(sha256.New, []byte(key))
	_, _ = mac.Write([]byte(e.SignedData)) // a hash never returns an error
	e.Signature = base64.StdEncoding.EncodeToString(mac.Sum(nil))
	return e
}

// unixTicks is 1970-01-01 in .NET ticks: units of 100 ns since the year 1.
const unixTicks = 621_355_968_000_000_000

func ticks(t time.Time) int64 { return unixTicks + t.Unix()*10_000_000 + int64(t.Nanosecond()/100) }

// standardSignatures are the signatures of the Standard Webhooks specification: HMAC-SHA256 under each decoded key over
// id.timestamp.body, separated by spaces. The caller writes the body.
type standardSignatures struct {
	io.Writer
	macs []hash.Hash
}

func newStandardSignatures(keys [][]byte, id string, at time.Time) *standardSignatures {
	s := &standardSignatures{}
	var to []io.Writer
	for _, key := range keys {
		mac := hmac.New(sha256.New, key)
		_, _ = mac.Write([]byte(id + "." + strconv.FormatInt(at.Unix(), 10) + "."))
		s.macs, to = append(s.macs, mac), append(to, mac)
	}
	s.Writer = io.MultiWriter(to...)
	return s
}

// String is the header's value for what has been written.
func (s *standardSignatures) String() string {
	var all []string
	for _, mac := range s.macs {
		all = append(all, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	return strings.Join(all, " ")
}

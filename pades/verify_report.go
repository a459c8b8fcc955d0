package pades

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"time"
)

// Indication is the conclusion of a validation (EN 319 102-1, 5.1.3).
type Indication string

// The three indications.
const (
	TotalPassed   Indication = "TOTAL-PASSED"
	Indeterminate Indication = "INDETERMINATE"
	TotalFailed   Indication = "TOTAL-FAILED"
)

// Severity says how much a finding weighs.
type Severity string

// An Error decides the conclusion, a Warning does not, Info says how things are.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
	Info    Severity = "info"
)

// Report is what the verification of a document found.
type Report struct {
	// Time is what was taken for now.
	Time time.Time `json:"time"`
	Size int64     `json:"size"`
	// Revisions is how many times the document was saved, as far as can be told.
	Revisions int `json:"revisions"`
	// Indication is the worst of all signatures; INDETERMINATE if there are none.
	Indication Indication `json:"indication"`
	// Summary is a stable word for the whole, Text the same in a sentence.
	Summary string `json:"summary"`
	Text    string `json:"text"`
	// Signatures and document time-stamps, in the order in which they were made.
	Signatures []SignatureReport `json:"signatures"`
}

// Passed tells whether there are signatures and all of them, time-stamps included, passed.
func (r *Report) Passed() bool { return r.Indication == TotalPassed }

// SignatureReport is what is known of one signature or document time-stamp.
type SignatureReport struct {
	Field string `json:"field"`
	// Kind is "signature" or "timestamp".
	Kind          string     `json:"kind"`
	Indication    Indication `json:"indication"`
	SubIndication string     `json:"subIndication,omitempty"`
	// Summary is a stable word for the conclusion, Text the same in a sentence for people.
	Summary string `json:"summary"`
	Text    string `json:"text"`
	// Level is PAdES-BASELINE-B, -T, -LT or -LTA, PKCS7-B to -LTA for signatures of PDF that are no PAdES, empty for
	// what is none of them.
	Level string `json:"level,omitempty"`

	Signer *Party `json:"signer,omitempty"`
	// Trusted tells whether Signer's certificate leads to an anchor, Own whether to our own.
	Trusted bool   `json:"trusted"`
	Own     bool   `json:"own,omitempty"`
	Anchor  string `json:"anchor,omitempty"`

	// Time is when the signature existed for certain, by the earliest time-stamp that
	// holds; nil if there is none. Claimed is what the signer says.
	Time        *time.Time `json:"time,omitempty"`
	TimeBy      string     `json:"timeBy,omitempty"`
	ClaimedTime *time.Time `json:"claimedTime,omitempty"`

	// Revision is which of the document's revisions is covered, 0 if none is.
	Revision int  `json:"revision"`
	Whole    bool `json:"coversWholeFile"`
	// Changes is how far the document was changed since, empty if that cannot be told.
	Changes Extent   `json:"changes"`
	Details []string `json:"changeDetails,omitempty"`
	// Allows is the DocMDP level, 1 to 3, that the signature allows changes to; 0 if it does not say.
	Allows int `json:"allows,omitempty"`

	Findings []Finding `json:"findings"`
}

// Party is who a certificate is about.
type Party struct {
	Name         string    `json:"name"`
	Organization string    `json:"organization,omitempty"`
	Country      string    `json:"country,omitempty"`
	Issuer       string    `json:"issuer"`
	Serial       string    `json:"serial"` // hexadecimal
	NotBefore    time.Time `json:"notBefore"`
	NotAfter     time.Time `json:"notAfter"`
	SHA256       string    `json:"sha256"` // of the certificate, hexadecimal
}

// Finding is a rule that has something to say.
type Finding struct {
	Rule     string   `json:"rule"`
	Severity Severity `json:"severity"`
	Clause   string   `json:"clause"`
	Text     string   `json:"text"`
	Detail   string   `json:"detail,omitempty"`
}

func party(c *x509.Certificate) *Party {
	if c == nil {
		return nil
	}
	first := func(list []string) string {
		if len(list) == 0 {
			return ""
		}
		return list[0]
	}
	sum := sha256.Sum256(c.Raw)
	return &Party{
		Name: displayName(c), Organization: first(c.Subject.Organization), Country: first(c.Subject.Country),
		Issuer: issuerName(c), Serial: c.SerialNumber.Text(16), NotBefore: c.NotBefore, NotAfter: c.NotAfter,
		SHA256: hex.EncodeToString(sum[:]),
	}
}

func displayName(c *x509.Certificate) string {
	if c.Subject.CommonName != "" {
		return c.Subject.CommonName
	}
	return c.Subject.String()
}

func issuerName(c *x509.Certificate) string {
	if c.Issuer.CommonName != "" {
		return c.Issuer.CommonName
	}
	return c.Issuer.String()
}

package pades

import "github.com/innsigli/innsigli/pdf"

// Codes of a [Refusal] that intake gives by itself; see package pdf for all.
const (
	Broken         = pdf.Broken
	Encrypted      = pdf.Encrypted
	TooComplex     = pdf.TooComplex
	TooLarge       = pdf.TooLarge
	Certified      = pdf.Certified
	Portfolio      = pdf.Portfolio
	ActiveContent  = pdf.ActiveContent
	BogusSignature = pdf.BogusSignature
)

// Refuse makes the refusal of a code; see [pdf.Refuse].
func Refuse(code, detail string) *Refusal { return pdf.Refuse(code, detail) }

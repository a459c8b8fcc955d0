package xades

// Codes of a [Refusal].
const (
	Malformed   = "Malformed"
	Encoding    = "Encoding"
	Doctype     = "Doctype"
	XInclude    = "XInclude"
	Namespace   = "Namespace"
	DuplicateID = "DuplicateId"
	Signed      = "AlreadySigned"
	TooLarge    = "TooLarge"
	TooComplex  = "TooComplex"
)

var reasons = map[string]string{
	Malformed:   "The file is no well-formed XML document.",
	Encoding:    "The XML document is in an encoding that is not taken; send it as UTF-8, ISO-8859-1 or Windows-1252.",
	Doctype:     "The XML document has a document type (DOCTYPE), which could bring text from elsewhere into it.",
	XInclude:    "The XML document includes other files (XInclude), which a seal would not cover.",
	Namespace:   "The XML document uses namespaces in a way that cannot be sealed: each needs a prefix that is declared and an absolute name.",
	DuplicateID: "Two elements of the XML document have the same Id.",
	Signed:      "The XML document already bears a signature, which a seal over the whole of it would break.",
	TooLarge:    "The XML document is larger than 10 MB.",
	TooComplex:  "The XML document has too many parts, or they are nested too deeply.",
}

// Codes lists all codes.
func Codes() []string {
	var all []string
	for code := range reasons {
		all = append(all, code)
	}
	return all
}

// Refusal is the error for a document that cannot be sealed: the fault is the document's, and trying again will not help.
type Refusal struct { //nolint:errname // the trade's word for it, as in package pdf
	Code   string // one of the constants of this package
	Reason string // one sentence in English for the person who sent the document
	Detail string // for the log; may be empty, holds nothing of the document's text
}

func refuse(code, detail string) *Refusal {
	return &Refusal{Code: code, Reason: reasons[code], Detail: detail}
}

// Error names code and detail.
func (r *Refusal) Error() string {
	if r.Detail == "" {
		return "xml document refused: " + r.Code
	}
	return "xml document refused: " + r.Code + ": " + r.Detail
}

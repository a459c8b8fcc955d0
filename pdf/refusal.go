package pdf

import "fmt"

// Codes of a [Refusal]. They are stable words: stored, counted and translated.
const (
	NotPDF         = "NotPDF"
	Broken         = "Broken"
	Encrypted      = "Encrypted"
	TooLarge       = "TooLarge"
	TooManyPages   = "TooManyPages"
	TooManyObjects = "TooManyObjects"
	TooManyChanges = "TooManyChanges"
	TooComplex     = "TooComplex"
	PageTooLarge   = "PageTooLarge"
	NoPages        = "NoPages"
	DynamicXFA     = "DynamicXFA"
	Certified      = "Certified"
	NoField        = "NoField"
	Locked         = "Locked"
	Portfolio      = "Portfolio"
	ActiveContent  = "ActiveContent"
	BogusSignature = "BogusSignature"
)

// reasons say to a person who is no engineer why the document is refused.
func reason(code string) string {
	switch code {
	case NotPDF:
		return "The file is not a PDF document."
	case Encrypted:
		return "The document needs a password to be opened; save it without the password and try again."
	case TooLarge:
		return "The document is too large."
	case TooManyPages:
		return fmt.Sprintf("The document has more than %d pages.", MaxPages)
	case TooManyObjects, TooComplex:
		return "This PDF is too complicated to be shown safely to the people who sign; print it to a new PDF and try again."
	case TooManyChanges:
		return fmt.Sprintf("The document was changed and saved more than %d times; print it to a new PDF and try again.", MaxRevisions)
	case PageTooLarge:
		return "A page of the document is larger than five metres."
	case NoPages:
		return "The document has no pages."
	case DynamicXFA:
		return "The document is an XFA form, which only some programs can show; print it to a new PDF and try again."
	case Certified:
		return "The document is certified by its author, who allows no further signature on it."
	case NoField:
		return "The document is certified by its author, who left no field on it for a further signature."
	case Locked:
		return "A signature on the document locks it against further signatures."
	case Portfolio:
		return "The document is a portfolio: the real documents are attached inside it; send each of them by itself."
	case ActiveContent:
		return "The document is signed and holds scripts or other active content, which cannot be taken out without breaking its signatures; send it without them."
	case BogusSignature:
		return "A signature on the document is damaged or cannot be checked, so nobody can rely on it; send the document as it was before that signature."
	default:
		return "The document is damaged; open it in another program, save it anew and try again."
	}
}

// Refusal is the error for a document that cannot be handled: the fault is the
// document's, and trying again will not help.
type Refusal struct { //nolint:errname // the trade's word for it
	Code   string // one of the constants of this package
	Reason string // one sentence in English for the person who sent the document
	Detail string // for the log; may be empty, holds nothing of the document's text
}

// Refuse makes the refusal of a code; detail is for the log.
func Refuse(code, detail string) *Refusal {
	return &Refusal{Code: code, Reason: reason(code), Detail: detail}
}

func (r *Refusal) Error() string {
	if r.Detail == "" {
		return "document refused: " + r.Code
	}
	return "document refused: " + r.Code + ": " + r.Detail
}

// broken is the most frequent refusal.
func broken(format string, args ...any) error {
	return Refuse(Broken, fmt.Sprintf(format, args...))
}

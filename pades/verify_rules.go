package pades

// rule is one thing that is checked. Of those that are broken the first of this list that
// has an indication decides; the list is therefore in the order of EN 319 102-1, 5.3: form,
// mathematics, what happened since, then certificates and time.
type rule struct {
	id         string
	indication Indication // empty for warnings and infos
	sub        string
	summary    string
	severity   Severity
	clause     string
	text       string
}

// Sub-indications (EN 319 102-1, table 5).
const (
	formatFailure      = "FORMAT_FAILURE"
	hashFailure        = "HASH_FAILURE"
	sigCryptoFailure   = "SIG_CRYPTO_FAILURE"
	sigConstraints     = "SIG_CONSTRAINTS_FAILURE"
	cryptoConstraints  = "CRYPTO_CONSTRAINTS_FAILURE"
	chainConstraints   = "CHAIN_CONSTRAINTS_FAILURE"
	chainFailure       = "CERTIFICATE_CHAIN_GENERAL_FAILURE"
	noChain            = "NO_CERTIFICATE_CHAIN_FOUND"
	outOfBounds        = "OUT_OF_BOUNDS_NO_POE"
	revokedBefore      = "REVOKED"
	expiredBefore      = "EXPIRED"
	notYetValid        = "NOT_YET_VALID"
	revokedNoPOE       = "REVOKED_NO_POE"
	tryLater           = "TRY_LATER"
	clauseRange        = "ISO 32000-2, 12.8.1"
	clauseDictionary   = "ISO 32000-2, 12.8.1, table 255"
	clauseIncrements   = "ISO 32000-2, 7.5.6"
	clauseDocMDP       = "ISO 32000-2, 12.8.2.2, table 257"
	clauseFieldMDP     = "ISO 32000-2, 12.8.2.4"
	clausePAdESRange   = "EN 319 142-1, 5.2"
	clauseTimestamp    = "EN 319 102-1, 5.4"
	clauseBaseline     = "EN 319 142-1, 6.3"
	clauseChain        = "EN 319 102-1, 5.2.6"
	clauseRevocation   = "EN 319 102-1, 5.2.5"
	clauseBestTime     = "EN 319 102-1, 5.5.4 and table 5"
	clauseMathematics  = "EN 319 102-1, 5.2.7"
	clauseAlgorithms   = "ETSI TS 119 312"
	clauseStampedChain = "RFC 3161, 2.3"
)

// The rules, by what they are called in reports.
var rules = []rule{
	{"range-missing", TotalFailed, formatFailure, "broken", Error, clauseRange, "The signature does not say which bytes it covers."},
	{"range-form", TotalFailed, formatFailure, "broken", Error, clauseRange, "The range of covered bytes does not begin with the file and leave out one part of it."},
	{"contents-missing", TotalFailed, formatFailure, "broken", Error, clauseDictionary, "The signature itself is missing, or does not stand where it can be told apart from what it covers."},
	{"contents-form", TotalFailed, formatFailure, "broken", Error, clausePAdESRange, "What the range leaves out is not one plain hexadecimal string."},
	{"range-gap", TotalFailed, formatFailure, "broken", Error, clausePAdESRange, "The range does not leave out exactly the signature: something could be hidden there."},
	{"range-end", TotalFailed, formatFailure, "broken", Error, clausePAdESRange, "The covered bytes do not end where a revision of the document ends."},
	{"key-twice", TotalFailed, formatFailure, "broken", Error, "ISO 32000-2, 7.3.7", "The signature dictionary has a key twice, so that programs differ on what it says."},
	{"sub-filter", TotalFailed, formatFailure, "broken", Error, clauseDictionary, "The signature does not say of which kind it is, or is of a kind that is not known."},
	{"cms-form", TotalFailed, formatFailure, "broken", Error, "RFC 5652, 5.1", "The signature cannot be read."},
	{"digest", TotalFailed, hashFailure, "changed", Error, clauseMathematics, "The covered bytes are not those that were signed."},
	{"signature", TotalFailed, sigCryptoFailure, "broken", Error, clauseMathematics, "The signature was not made with the key of the certificate."},
	{"field-twice", TotalFailed, formatFailure, "altered", Error, "ISO 32000-2, 12.7.4.2", "Several fields have the same name."},
	{"removed", TotalFailed, formatFailure, "altered", Error, clauseIncrements, "The signature is in an older revision of the document only; it was taken out."},
	{"rewritten", TotalFailed, formatFailure, "altered", Error, clauseIncrements, "The document was altered after the signature."},
	{"leftover-objects", TotalFailed, formatFailure, "altered", Error, clauseIncrements, "Behind the signature stand objects that no cross-reference leads to; some programs show them."},
	{"leftover-bytes", TotalFailed, formatFailure, "altered", Error, clauseIncrements, "Behind the signature stands something that belongs to no revision of the document."},
	{"doc-mdp", TotalFailed, formatFailure, "forbidden", Error, clauseDocMDP, "The document was changed in a way that the signature forbids."},
	{"doc-mdp-field", TotalFailed, formatFailure, "forbidden", Error, clauseDocMDP, "A new field was put over a certified document."},
	{"field-mdp", TotalFailed, formatFailure, "forbidden", Error, clauseFieldMDP, "A field was changed that the signature closes."},
	{"revoked-before", TotalFailed, revokedBefore, "revoked", Error, clauseBestTime, "The certificate had been revoked before the signature was made: the signature covers a time-stamp that is later."},
	{"expired-before", TotalFailed, expiredBefore, "void", Error, clauseBestTime, "The certificate had expired before the signature was made: the signature covers a time-stamp that is later."},
	{"not-yet-valid", TotalFailed, notYetValid, "void", Error, clauseBestTime, "The signature was made before its certificate became valid."},
	{"incomparable", Indeterminate, sigConstraints, "incomparable", Error, clauseIncrements, "The revision that was signed cannot be read by itself, so what was changed since cannot be told."},
	{"algorithm", Indeterminate, cryptoConstraints, "algorithm", Error, clauseAlgorithms, "The signature uses an algorithm or a key that is not accepted."},
	{"unsigned", Indeterminate, sigConstraints, "stamp", Error, "EN 319 142-1, 6.3, table 1", "The signature carries something that it does not cover and that is not understood: a time-stamp could be hidden there."},
	{"stamp-form", Indeterminate, sigConstraints, "stamp", Error, clauseTimestamp, "The time-stamp of the signature does not hold."},
	{"stamp-chain", Indeterminate, sigConstraints, "stamp", Error, clauseStampedChain, "The authority of the time-stamp is not trusted, or could not be checked."},
	{"chain", Indeterminate, noChain, "untrusted", Error, clauseChain, "The certificate leads to no authority that is trusted here."},
	{"out-of-bounds", Indeterminate, outOfBounds, "expired", Error, clauseChain, "A certificate was not valid at the time that can be proven."},
	{"chain-general", Indeterminate, chainFailure, "untrusted", Error, clauseChain, "The chain of certificates breaks a rule."},
	{"key-usage", Indeterminate, chainConstraints, "untrusted", Error, "RFC 5280, 4.2.1.3", "The certificate is not meant for signatures."},
	{"revoked", Indeterminate, revokedNoPOE, "revoked", Error, clauseRevocation, "A certificate had been revoked before the time that can be proven."},
	{"revocation-unknown", Indeterminate, tryLater, "unknown", Error, clauseRevocation, "Nothing tells whether a certificate had been revoked."},
	{"annotated", Indeterminate, sigConstraints, "annotated", Error, clauseDocMDP, "Annotations were added or changed after the signature; they may cover what was signed."},
	{"revocation-none", "", "", "", Warning, clauseRevocation, "A certificate says nothing of where to ask whether it was revoked."},
	{"not-der", "", "", "", Warning, clauseDictionary, "The signature is not encoded in DER, as it has to be."},
	{"not-pades", "", "", "", Warning, clauseBaseline, "The signature is valid in PDF, but is no PAdES signature."},
	{"baseline", "", "", "", Warning, clauseBaseline, "The signature breaks a rule of PAdES baseline signatures."},
	{"claimed-time", "", "", "", Warning, clauseBaseline, "The signature does not say when it was made."},
	{"certified-late", "", "", "", Warning, "ISO 32000-2, 12.8.2.2", "The certification is not the first signature of the document."},
	{"annotated-allowed", "", "", "", Warning, clauseDocMDP, "Annotations were added or changed, which the signature allows."},
	{"time-unproven", "", "", "", Info, clauseTimestamp, "No time-stamp proves when the signature was made; the time is the signer's own claim."},
	{"extended", "", "", "", Info, "EN 319 142-1, 5.4", "Validation data or time-stamps were added since; they change nothing that is shown."},
	{"filled", "", "", "", Info, clauseDocMDP, "Fields were filled in or signed since."},
	{"earlier-revision", "", "", "", Info, clauseIncrements, "The signature covers an earlier revision; what came later is listed."},
	{"whole-file", "", "", "", Info, clauseRange, "The signature covers the whole file."},
}

// summaries are the conclusions in words for people. Pages have them in their languages.
var summaries = map[string]string{
	"valid":           "The signature is valid, and nothing was changed since.",
	"valid-extended":  "The signature is valid. Only proofs and time-stamps were added since.",
	"valid-filled":    "The signature is valid. Since then only fields were filled in or signed.",
	"valid-annotated": "The signature is valid. Comments were added since, as the signer allows.",
	"valid-stamp":     "The time-stamp is valid: the document existed at that time.",
	"broken":          "The signature is damaged or forged.",
	"changed":         "The document is not the one that was signed.",
	"altered":         "The document was altered after it was signed.",
	"forbidden":       "The document was changed in a way that the signer has forbidden.",
	"incomparable":    "The signature itself is right, but what was changed since cannot be told.",
	"algorithm":       "The signature uses methods that are not accepted, so it proves nothing.",
	"stamp":           "The signature itself is right, but its time-stamp is not.",
	"untrusted":       "The signature itself is right, but who made it is not known here.",
	"expired":         "The signature itself is right, but the certificate was not valid when it was made, as far as can be proven.",
	"void":            "The certificate was not valid when the signature was made.",
	"revoked":         "The certificate had been revoked.",
	"unknown":         "The signature itself is right. Whether its certificate had been revoked could not be checked: the document holds no proof of it, and nobody was asked or answered.",
	"annotated":       "The signature itself is right, but comments or drawings were put over the document since.",
	"none":            "There is no signature in this document.",
	"all-valid":       "All signatures are valid.",
	"some-invalid":    "Not everything in this document can be relied on.",
	"some-unknown":    "Not everything in this document could be confirmed.",
}

// Rules lists what verification can find, by the names that reports use.
func Rules() []string {
	out := make([]string, len(rules))
	for i := range rules {
		out[i] = rules[i].id
	}
	return out
}

// Summaries lists the words that reports use for conclusions.
func Summaries() []string {
	out := make([]string, 0, len(summaries))
	for word := range summaries {
		out = append(out, word)
	}
	return out
}

func ruleOf(id string) int {
	for i := range rules {
		if rules[i].id == id {
			return i
		}
	}
	return -1
}

package notify

import "strings"

// gsmBasic and gsmExtended are the letters of the GSM 7 bit default alphabet and its extension (3GPP TS 23.038, 6.2.1); one of
// the extension counts twice. A text with any other letter is sent as UCS-2, of which an SMS holds 70 units in place of
// 160 letters: one typographic quote more than doubles its price.
const (
	gsmBasic = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿" +
		"abcdefghijklmnopqrstuvwxyzäöñüà"
	gsmExtended = "\f^{}\\[~]|€"
)

// gsmLike puts punctuation of the GSM alphabet in the place of typographic, and leaves out joiners that say nothing.
var gsmLike = strings.NewReplacer(
	"“", `"`, "”", `"`, "„", `"`, "‟", `"`, "« ", `"`, " »", `"`, "«\u00a0", `"`, "\u00a0»", `"`, "«\u202f", `"`, "\u202f»", `"`, "«", `"`, "»", `"`,
	"‘", "'", "’", "'", "‚", "'", "‛", "'", "‹", "'", "›", "'", "´", "'", "`", "'",
	"…", "...", "–", "-", "—", "-", "‑", "-", "−", "-", "•", "-", "·", "-",
	"\u00a0", " ", "\u202f", " ", "\u2009", " ", "\u200c", "", "\u200d", "",
)

// gsm gives the text in the GSM alphabet when nothing but punctuation keeps it out, else as it is: a letter is never put in
// the place of another.
func gsm(text string) string {
	plain := gsmLike.Replace(text)
	if strings.ContainsFunc(plain, func(r rune) bool { return !strings.ContainsRune(gsmBasic+gsmExtended, r) }) {
		return text
	}
	return plain
}

// Package paper draws what the server adds to a document: the mark of each person who has signed, and the evidence
// pages (design/decisions.md 5). Both are small PDFs that the engine imports page by page.
//
// Layout and drawing are apart. Layout is arithmetic on widths that were read from the fonts once, and gives sheets of
// words and boxes at known places, so that a test can see that nothing leaves the page. Drawing hands the sheets to
// fpdf. The same input gives the same bytes: no clock is read.
//
// The fonts are Go's own (Latin, Greek, Cyrillic). Names and files come from strangers, in any script. What is drawn is
// always true and never a box: a letter that the fonts lack stands without its accents or as passports write it; a word
// that has none of that becomes an ellipsis; and a name of which no word is left gives way to the e-mail address, the
// phone number, or the reference. No letter of the fonts is written from right to left and marks of direction are
// dropped, so that a name cannot turn what stands around it. The pages say that the attached JSON has all letters.
package paper

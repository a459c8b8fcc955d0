// Package paper draws what the server adds to a document: the mark of each person who has signed, and the evidence
// pages (design/decisions.md 5). Both are small PDFs that the engine imports page by page.
//
// Layout and drawing are apart. Layout is arithmetic on widths that were read from the fonts once, and gives sheets of
// words and boxes at known places, so that a test can see that nothing leaves the page. Drawing hands the sheets to
// fpdf. The same input gives the same bytes: no clock is read.
//
// The fonts are Go's own (Latin, Greek, Cyrillic). Names and files come from strangers, in any script: a letter that
// the fonts lack becomes a box that can be seen, and the pages say that the attached JSON has it whole.
package paper

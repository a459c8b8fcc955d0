// Package lang is what the program says to people, in their languages: catalogues of texts with named places, plurals,
// dates and numbers.
//
// A language is a folder of catalog/ with the same files and keys as catalog/en; the tests hold every folder to that.
// A key is the name of a file and the path in it: "page.sign.button" is "sign.button" of page.json. A text has places
// such as {name}; an entry that is counted is an object with the plural forms of its language by the rules of CLDR
// ({"one": …, "other": …}). Texts are plain text: whoever puts them into HTML escapes them (see [Catalog.Pieces]).
package lang

// Package tmpl is a small part of Handlebars for texts that companies write themselves: values by name, if, unless, each
// and comments; no helpers, no partials, nothing unescaped.
//
// It is in charge of two promises. A template costs little, whatever it says and whatever it is given: source, depth,
// steps, items and output are bounded (see the Max… constants), when it is read and when it is filled. And a value is
// always text: what is HTML is read strictly into a list of known elements and written anew, so the place of each value
// is known when the template is read, and the value is escaped for it. Elements and blocks are closed where they were
// opened, so that a filled template can stand in a page of ours and not break out of it.
//
// It is not in charge of which names there are: whoever reads a template says so with [Names].
//
// Start reading at [HTML] and [Line].
package tmpl

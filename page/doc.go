// Package page is the face for the person who signs: who asks, the document as images with selectable text, the code,
// and what came of it; besides, the home page and the outbox for trying things out.
//
// Every page works without JavaScript and with the keyboard alone; the modules in assets/ only add comfort. Pages are
// rendered whole into memory and carry a strict Content-Security-Policy, so that nothing of a document or a name can
// become markup or script. What a page says comes from package lang; what is true comes from [Signing].
//
// The tests render every page in every state and language. With INNSIGLI_STORYBOOK or INNSIGLI_SCREENSHOTS set to a
// folder they leave the pages, or pictures of them at 390 and 1280 px, light and dark, there to be looked at.
//
// It is not in charge of deciding anything: it asks, and shows the answer. Start reading at [Handler.Routes].
package page

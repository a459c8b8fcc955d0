package api

import (
	"bytes"
	"net/http"
	"strings"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/web"
)

// sealXMLDocument is the public API's request (facts/wire.md 1.3).
type sealXMLDocument struct {
	XMLDocument string `json:"xmlDocument" required:"true"`
	FlowKey     string `json:"flowKey" required:"true"`
}

// sealedXML is the answer. The public API says no more of it than that it is an object; this is what its answer to a PDF
// was (facts/wire.md 1.6).
type sealedXML struct {
	XMLDocument []byte `json:"xmlDocument"`
}

// sealXML is POST /management/sealing/xml.
func (a *API) sealXML(w http.ResponseWriter, r *http.Request, c innsigli.Caller) error {
	var in sealXMLDocument
	var document bytes.Buffer
	err := readSpilled(http.MaxBytesReader(w, r.Body, innsigli.MaxXMLBody), "xmlDocument", innsigli.MaxXMLBytes, &document, &in, &in.XMLDocument)
	if err != nil {
		return err
	}
	got, err := a.Service.SealXML(r.Context(), c, innsigli.SealXMLRequest{
		Flow: innsigli.FlowKey(strings.TrimSpace(in.FlowKey)), Document: document.Bytes(),
	})
	if err != nil {
		return err
	}
	sayLevel(w.Header(), got.Level, got.Pending != nil)
	return web.WriteJSON(w, http.StatusOK, sealedXML{got.Document})
}

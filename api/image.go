package api

import (
	"bytes"
	"io"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/web"
)

// maxImageBody bounds a request with a drawn signature: the image in base64, and the rest.
const maxImageBody = innsigli.MaxDrawingBytes/3*4 + maxSmallBody

// imageData is the public API's drawn signature (facts/wire.md 1.4). The mark gives the drawing its place and size, so
// what the request says of them is taken and not used.
type imageData struct {
	Image             string         `json:"image" required:"true"`
	ImageWidth        jsontext.Value `json:"imageWidth"`
	ImageHeight       jsontext.Value `json:"imageHeight"`
	ImageXInsetFac    jsontext.Value `json:"imageXInsetFac"`
	ImageYBaselineFac jsontext.Value `json:"imageYBaselineFac"`
	ImageWidthFac     jsontext.Value `json:"imageWidthFac"`
}

type imageOfSignee struct {
	imageData

	ProcessKey string `json:"processKey" required:"true"`
	SigneeKey  string `json:"signeeKey" required:"true"`
}

type imageOfPerson struct {
	imageData

	SequenceKey       string `json:"sequenceKey" required:"true"`
	SequenceSigneeKey string `json:"sequenceSigneeKey" required:"true"`
}

// drawn is POST /signing/simple/imageData: the drawn signature for one document.
func (a *API) drawn(w http.ResponseWriter, r *http.Request) error {
	var in imageOfSignee
	if err := readImage(w, r, &in); err != nil {
		return err
	}
	v, err := a.Service.Look(r.Context(), innsigli.ProcessKey(lowered(in.ProcessKey)), innsigli.SigneeKey(lowered(in.SigneeKey)), nil)
	if err != nil {
		return err
	}
	if v.Locked() {
		return innsigli.ErrUnadmitted()
	}
	return a.keepDrawn(w, r, []innsigli.View{v}, in.imageData)
}

// drawnForAll is POST /signing/simple/bulk/imageData: the same for all documents of a person.
func (a *API) drawnForAll(w http.ResponseWriter, r *http.Request) error {
	var in imageOfPerson
	if err := readImage(w, r, &in); err != nil {
		return err
	}
	v, err := a.Service.LookSequence(r.Context(), innsigli.SequenceKey(lowered(in.SequenceKey)), innsigli.SequenceSigneeKey(lowered(in.SequenceSigneeKey)), nil)
	if err != nil {
		return err
	}
	if v.Locked() {
		return innsigli.ErrUnadmitted()
	}
	return a.keepDrawn(w, r, v.Documents(), in.imageData)
}

func (a *API) keepDrawn(w http.ResponseWriter, r *http.Request, views []innsigli.View, in imageData) error {
	text := in.Image
	if _, after, ok := strings.Cut(text, ";base64,"); ok && strings.HasPrefix(text, "data:") {
		text = after // as a canvas of a page gives it
	}
	img, err := web.DecodeBase64("Image", text, innsigli.MaxDrawingBytes)
	if err != nil {
		return err
	}
	if err := a.Service.Draw(r.Context(), views, img, a.Proxies.Client(r)); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func readImage(w http.ResponseWriter, r *http.Request, v any) error {
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxImageBody))
	if err != nil {
		return err
	}
	return web.ReadJSON(bytes.NewReader(b), v)
}

// lowered is a key as keys are kept.
func lowered(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

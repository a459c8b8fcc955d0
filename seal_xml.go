package innsigli

import "context"

// Limits on an XML document, as those in process.go.
const (
	MaxXMLBytes = 10 << 20 // held in memory as a tree, which takes up to 20 times as much
	MaxXMLBody  = 15 << 20 // 10 MB in base64 and the rest
)

// SealXMLRequest seals an XML document of a company. Members are those of the public API (facts/wire.md 1.3).
type SealXMLRequest struct {
	Flow     FlowKey
	Document []byte
}

// SealedXML is a sealed XML document.
type SealedXML struct {
	Document []byte
	Level    string // "XAdES-BASELINE-LTA"
	Pending  error  // why the level is below the one wanted; nil when it is not
}

// SealXML puts an enveloped XAdES seal into an XML document. Nothing is kept.
// Errors: Invalid with every member that is wrong, TooLarge.
func (s *Service) SealXML(ctx context.Context, c Caller, r SealXMLRequest) (SealedXML, error) {
	var bad fieldErrors
	if len(r.Document) == 0 {
		bad.add("xmlDocument", "NotEmpty", "xmlDocument is required.")
	}
	if _, err := s.flow(ctx, c, r.Flow, &bad); err != nil {
		return SealedXML{}, err
	}
	if err := bad.err(); err != nil {
		return SealedXML{}, err
	}
	if len(r.Document) > MaxXMLBytes {
		e := InvalidField("xmlDocument", "TooLarge", "The document is larger than 10 MB.")
		e.Kind = TooLarge
		return SealedXML{}, e
	}
	key, chain, err := s.Sealer.Seal(ctx)
	if err != nil {
		return SealedXML{}, err
	}
	services, done := s.Sealer.Services().Patient(SealPatience)
	defer done()
	out, err := s.XML.SealXML(ctx, r.Document, XMLSeal{Key: key, Chain: chain, At: s.Now(), Services: services})
	if err != nil {
		return SealedXML{}, err
	}
	if out.Pending != nil {
		s.Log.Warn("sealed below the level wanted, and not kept", "level", out.Level, "cause", out.Pending.Error())
	}
	return out, nil
}

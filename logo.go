package innsigli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
)

// Limits on a logo as it comes. Decoded, it takes eight bytes a pixel at most, which is 32 MB.
const (
	MaxLogoBytes  = 512 << 10
	MaxLogoSide   = 4000 // pixels
	MaxLogoPixels = 4_000_000
)

// Limits on a logo as it is kept: it goes along with every mail, and is never shown larger than a quarter of this.
const (
	LogoBytes  = 24 << 10
	LogoWidth  = 480 // pixels
	LogoHeight = 160
)

// Logo is the picture that stands for a company: a PNG that this server made of the one that came. The zero value is none.
type Logo struct {
	SHA256 string // of the PNG, in hex
	PNG    []byte
}

var errNoLogo = refuse(NotFound, "NotFound", "There is no such logo.")

// SetLogo makes a picture the logo of a company, or of one of its flows when f is not empty: its pixels alone, on white.
// Errors: Invalid (logo) for what is no PNG or JPEG, exceeds a limit or could not be seen; NotFound.
func (s *Service) SetLogo(ctx context.Context, c Caller, f FlowKey, img []byte) (Logo, error) {
	if len(img) == 0 {
		return Logo{}, InvalidField("logo", "NotEmpty", "logo is required: a PNG or JPEG as the body.")
	}
	made, err := s.Paper.Logo(img)
	if err != nil {
		return Logo{}, err
	}
	h := sha256.Sum256(made)
	l := Logo{SHA256: hex.EncodeToString(h[:]), PNG: made}
	return l, s.setLogo(ctx, c, f, l)
}

// RemoveLogo takes the logo of a company or of one of its flows away. NotFound when there is no such company or flow.
func (s *Service) RemoveLogo(ctx context.Context, c Caller, f FlowKey) error {
	return s.setLogo(ctx, c, f, Logo{})
}

func (s *Service) setLogo(ctx context.Context, c Caller, f FlowKey, l Logo) error {
	if !c.Flows.Has(f) {
		return errNoThing
	}
	return s.Store.SetLogo(ctx, c.Company.Key, f, l)
}

// Logo gives the PNG of a logo that somebody has now. NotFound.
func (s *Service) Logo(ctx context.Context, sum string) ([]byte, error) {
	if len(sum) != 2*sha256.Size || !isHex(sum) {
		return nil, errNoLogo
	}
	return s.Store.Logo(ctx, sum)
}

// logoFor is the picture of a brand; nil when it has none, or none any more.
func (s *Service) logoFor(ctx context.Context, b Brand) ([]byte, error) {
	if b.Logo == "" {
		return nil, nil
	}
	png, err := s.Store.Logo(ctx, b.Logo)
	if KindOf(err) == NotFound {
		return nil, nil
	}
	return png, err
}

// LogoPath is where the pages serve the logo of a hash; "" for none.
func LogoPath(sum string) string {
	if sum == "" {
		return ""
	}
	return "/brand/logo/" + sum + ".png"
}

package store_test

import (
	"context"
	"testing"

	"github.com/innsigli/innsigli"
)

// TestLogos: a company and each of its flows have one of their own, also where it is the same picture.
func TestLogos(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t, ctx := w.t, w.t.Context()
		flow := w.flow.Key
		p := w.process(1)
		if _, _, err := w.Create(ctx, p); err != nil {
			t.Fatal(err)
		}
		set := func(f innsigli.FlowKey, sum string, png []byte) {
			t.Helper()
			if err := w.SetLogo(ctx, w.company.Key, f, innsigli.Logo{SHA256: sum, PNG: png}); err != nil {
				t.Fatal(err)
			}
		}
		seen := func(company, own string) {
			t.Helper()
			f, err := w.Facts(ctx, innsigli.Target{Process: p.Process.Key})
			if err != nil || f.Company.Logo != company || f.Flow.Brand.Logo != own {
				t.Errorf("facts: %q and %q, want %q and %q (%v)", f.Company.Logo, f.Flow.Brand.Logo, company, own, err)
			}
			for sum, there := range map[string]bool{"aa": company == "aa" || own == "aa", "bb": company == "bb" || own == "bb"} {
				if png, err := w.Logo(ctx, sum); (err == nil) != there || there && string(png) != "png "+sum {
					t.Errorf("logo %s: %q, %v", sum, png, err)
				}
			}
		}
		isNotFound(t, noLogo(ctx, w, "aa"))
		set("", "aa", []byte("png aa"))
		seen("aa", "")
		set(flow, "aa", []byte("png aa"))
		set("", "bb", []byte("png bb"))
		seen("bb", "aa")
		brand := func(c innsigli.CompanyKey, f innsigli.FlowKey) innsigli.Brand {
			t.Helper()
			b, err := w.Brand(ctx, c, f)
			if err != nil {
				t.Error(err)
			}
			return b
		}
		name := w.company.Name
		if a, b := brand(w.company.Key, ""), brand("", flow); a != (innsigli.Brand{Name: name, Logo: "bb"}) || b != (innsigli.Brand{Name: name, Logo: "aa"}) {
			t.Errorf("brands: %+v, %+v", a, b)
		}
		_, err := w.Brand(ctx, "", innsigli.NewFlowKey())
		isNotFound(t, err)
		set(flow, "", nil)
		seen("bb", "")
		caller, err := w.Authenticate(ctx, w.company.Key, w.keyHash)
		if err != nil || caller.Company.Logo != "bb" {
			t.Errorf("caller: %+v, %v", caller.Company, err)
		}
		c, err := w.ChangeCompany(ctx, w.company.Key, func(c innsigli.Company) (innsigli.Company, error) { return c, nil })
		if err != nil || c.Logo != "bb" {
			t.Errorf("company: %+v, %v", c, err)
		}
		set("", "", nil)
		seen("", "")
		isNotFound(t, w.SetLogo(ctx, innsigli.NewCompanyKey(), "", innsigli.Logo{SHA256: "aa", PNG: []byte("x")}))
		isNotFound(t, w.SetLogo(ctx, innsigli.NewCompanyKey(), flow, innsigli.Logo{SHA256: "aa", PNG: []byte("x")}))
		isNotFound(t, w.SetLogo(ctx, w.company.Key, innsigli.NewFlowKey(), innsigli.Logo{SHA256: "aa", PNG: []byte("x")}))
		isNotFound(t, noLogo(ctx, w, "aa"))
	})
}

func noLogo(ctx context.Context, w *world, sum string) error {
	_, err := w.Logo(ctx, sum)
	return err
}

package pades

import (
	"crypto/x509"

	"github.com/innsigli/innsigli/cms"
	"github.com/innsigli/innsigli/pdf"
)

// materialOf reads the document security store (EN 319 142-1, 5.4.2). What in it cannot be
// read proves nothing and is left out.
func materialOf(d *pdf.Document) (found bool, m cms.Material, err error) {
	root, err := d.Dict(d.Root())
	if err != nil {
		return false, m, err
	}
	dss, err := d.Dict(root.Get("DSS"))
	if err != nil || dss == nil {
		return false, m, err
	}
	for key, add := range map[pdf.Name]func([]byte){
		"Certs": func(der []byte) {
			if c, err := x509.ParseCertificate(der); err == nil {
				m.AddCert(c)
			}
		},
		"OCSPs": m.AddOCSP,
		"CRLs":  m.AddCRL,
	} {
		list, err := d.Array(dss.Get(key))
		if err != nil {
			return true, m, err
		}
		for i, x := range list {
			if i >= maxMaterial {
				return true, m, pdf.Refuse(pdf.TooComplex, "too much validation data")
			}
			v, err := d.Resolve(x)
			if fault(err) != nil {
				return true, m, err
			}
			s, ok := v.(*pdf.Stream)
			if !ok {
				continue
			}
			b, err := d.Decode(s)
			if fault(err) != nil {
				return true, m, err
			}
			if err == nil {
				add(b)
			}
		}
	}
	return true, m, nil
}

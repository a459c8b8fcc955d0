package job

import "testing"

func TestCausesNameNobody(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"550 5.1.1 <thora@example.com>: unknown":                            "550 5.1.1 <(address)>: unknown",
		"send to thora.ævars@dæmi.is, then b@c.d: no":                       "send to (address), then (address): no",
		"GET /s/sp0123456789abcdef0123456789abcdef/sifedcba9876543210: 404": "GET /s/(key)/(key): 404",
		"number +354 555-0000 is barred":                                    "number (number) is barred",
		"number 3545550000 is barred":                                       "number (number) is barred",
		"dial tcp 192.0.2.1:25: connection refused":                         "dial tcp 192.0.2.1:25: connection refused",
		"after 30s: 503 Service Unavailable":                                "after 30s: 503 Service Unavailable",
	} {
		if got := scrub(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

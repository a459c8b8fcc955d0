package lang

import "time"

// Date writes a day with the name of its month: "23 November 2026", "23. nóvember 2026". The day is that of t's own
// location.
func (c *Catalog) Date(t time.Time) string { return c.locale.FmtDateLong(t) }

// DateTime writes a day and a time of 24 hours with the name of t's own time zone: "23 November 2026 at 08:50 UTC".
func (c *Catalog) DateTime(t time.Time) string {
	zone, _ := t.Zone()
	return c.T("lang.datetime", "date", c.Date(t), "time", t.Format("15:04"), "zone", zone)
}

// Number writes a whole number with the language's separators: "1,234", "1.234".
func (c *Catalog) Number(n int) string { return c.locale.FmtNumber(float64(n), 0) }

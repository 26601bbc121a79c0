package content

import "time"

// Day writes a date such as 2026-11-02 as people read it, "2 Nov 2026". What is no
// date stays as it is.
func Day(date string) string {
	t, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return date
	}
	return t.Format("2 Jan 2006")
}

package sample

import (
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// calendar turns days counted from today into dates.
type calendar struct{ now time.Time }

// date is the day so many days from today. People work on weekdays: a past
// Saturday or Sunday becomes the Friday before, a coming one the Monday after.
func (c calendar) date(day int) time.Time {
	y, m, d := c.now.Date()
	t := time.Date(y, m, d+day, 0, 0, 0, 0, c.now.Location())
	shift := map[time.Weekday]int{}
	switch {
	case day < 0:
		shift = map[time.Weekday]int{time.Saturday: -1, time.Sunday: -2}
	case day > 0:
		shift = map[time.Weekday]int{time.Saturday: 2, time.Sunday: 1}
	}
	return t.AddDate(0, 0, shift[t.Weekday()])
}

// The data tells today as if it were half past two.
const sampleNow = 14*60 + 30

// moment is a time of day, in minutes, on a past day or today. What happens
// today is stretched over the part of it that is over, so nothing lies ahead
// and the last of it was just now.
func (c calendar) moment(day, minute int) time.Time {
	t := c.date(min(day, 0))
	if day >= 0 {
		return t.Add(c.now.Sub(t) * time.Duration(min(minute, sampleNow)) / sampleNow).Truncate(time.Second)
	}
	// A weekend told on the Friday before it comes after that Friday's own
	// hours, so that what follows from something never lies before it.
	y, m, d := c.now.Date()
	switch time.Date(y, m, d+day, 0, 0, 0, 0, c.now.Location()).Weekday() {
	case time.Saturday:
		minute = 20*60 + minute/12
	case time.Sunday:
		minute = 22*60 + minute/12
	}
	y, m, d = t.Date()
	return time.Date(y, m, d, 0, minute, 0, 0, c.now.Location())
}

var (
	placeholder = regexp.MustCompile(`\{\{([a-z]+):([+-]?[0-9]+)\}\}`)
	layouts     = map[string]string{
		"day": time.DateOnly, "date": "2 January 2006", "long": "2 January",
		"short": "2 Jan", "weekday": "Monday", "month": "January 2006",
		"in": "January", "year": "2006",
		"mail": "Mon, 02 Jan 2006",
	}
)

// expand replaces {{day:-12}} and its kin by dates.
func (c calendar) expand(text string) (string, error) {
	var wrong error
	out := placeholder.ReplaceAllStringFunc(text, func(s string) string {
		m := placeholder.FindStringSubmatch(s)
		layout, ok := layouts[m[1]]
		day, err := strconv.Atoi(m[2])
		if !ok || err != nil {
			wrong = fmt.Errorf("%s is no date", s)
			return s
		}
		return c.date(day).Format(layout)
	})
	return out, wrong
}

// clock reads "14:20" as minutes; empty is ten in the morning.
func clock(s string) (int, error) {
	if s == "" {
		return 10 * 60, nil
	}
	t, err := time.Parse("15:04", s)
	if err != nil {
		return 0, fmt.Errorf("%q is no time of day: %w", s, err)
	}
	return t.Hour()*60 + t.Minute(), nil
}

package sample

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var thursday = calendar{time.Date(2026, 11, 12, 14, 30, 0, 0, time.UTC)}

func TestPageUnfoldsIntoItsRevisions(t *testing.T) {
	revisions, err := parsePage(`---
- {day: -9, at: "09:10", by: dana, note: Started}
- {day: -5, by: priya, with: [dana], note: "By {{short:+3}}"}
- {day: 0, at: "14:30", by: tom, note: Done}
---
# Page
%-1 first only
%2-2 second only, {{day:-5}}
%2{

both later ones
%3 the last
%}
`, thursday)
	require.NoError(t, err)
	require.Len(t, revisions, 3)
	assert.Equal(t, "# Page\nfirst only\n", revisions[0].Text)
	assert.Equal(t, "# Page\nsecond only, 2026-11-06\n\nboth later ones\n", revisions[1].Text, "a Saturday becomes the Friday before")
	assert.Equal(t, "# Page\n\nboth later ones\nthe last\n", revisions[2].Text)
	assert.Equal(t, "By 16 Nov", revisions[1].Message, "a Sunday to come becomes the Monday after")
	assert.Equal(t, []string{"dana"}, revisions[1].CoAuthors)
	assert.Equal(t, time.Date(2026, 11, 3, 9, 10, 0, 0, time.UTC), revisions[0].At)
	assert.Equal(t, thursday.now, revisions[2].At, "half past two is now")
}

func TestPageErrorsSayWhatIsWrong(t *testing.T) {
	const one = "---\n- {day: -1, by: dana, note: x}\n---\n"
	const two = "---\n- {day: -2, by: dana, note: x}\n- {day: -1, by: dana, note: y}\n---\n"
	for _, c := range []struct{ name, src, want string }{
		{"no head", "# Page\n", "does not start with"},
		{"head without end", "---\n- {day: -1}\n", "has no end"},
		{"no revision", "---\n[]\n---\n# Page\n", "no revision"},
		{"unknown field", "---\n- {days: -1}\n---\n# Page\n", "field days"},
		{"time of day", "---\n- {day: -1, at: noon}\n---\n# Page\n", "no time of day"},
		{"order", "---\n- {day: -1}\n- {day: -2}\n---\n%2 # Page\n", "older than the one before"},
		{"nothing changed", two + "# Page\n", "changes nothing"},
		{"mark beyond", one + "%2 text\n", "2 to 1 of 1"},
		{"block in block", two + "%2{\n%1{\n", "block inside a block"},
		{"open block", two + "%2{\ntext\n", "not closed"},
		{"stray end", two + "%}\n", "closes no block"},
		{"date", one + "{{noon:-1}}\n", "is no date"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := parsePage(c.src, thursday)
			require.ErrorContains(t, err, c.want)
		})
	}
}

// On any weekday that a demo is started, what happened later in the story
// happens later on the calendar.
func TestMomentsKeepTheirOrder(t *testing.T) {
	for weekday := range 7 {
		c := calendar{time.Date(2026, 11, 16+weekday, 3, 50, 0, 0, time.UTC)}
		var last time.Time
		for day := -10; day <= 0; day++ {
			for minute := 7 * 60; minute <= sampleNow+5*60; minute += 30 {
				at := c.moment(day, minute)
				assert.False(t, at.Before(last), "day %d, minute %d of a %s: %s is before %s", day, minute, c.now.Weekday(), at, last)
				assert.False(t, at.After(c.now), "day %d, minute %d of a %s lies ahead", day, minute, c.now.Weekday())
				last = at
			}
		}
	}
}

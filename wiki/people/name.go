package people

import (
	"strings"
	"time"
	_ "time/tzdata" // zone names are checked also on machines without a zone database
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// NormalName is a person's name as it is kept: NFC, trimmed, 1 to 100
// characters, at least one of them visible, no control or direction-changing
// characters and none that would break a commit's author line.
func NormalName(s string) (string, error) {
	s, err := line("name", s, 100)
	if err != nil {
		return "", err
	}
	if strings.ContainsAny(s, "<>") {
		return "", invalid("name", "must not contain < or >")
	}
	if strings.IndexFunc(s, func(r rune) bool {
		return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsSymbol(r) || unicode.IsPunct(r)
	}) < 0 {
		return "", invalid("name", "must not be empty")
	}
	return s, nil
}

// line checks one line of text for people; it may be empty.
func line(field, s string, max int) (string, error) {
	if len(s) > 8*max {
		return "", invalid(field, "must have at most %d characters", max)
	}
	if !utf8.ValidString(s) {
		return "", invalid(field, "must be valid UTF-8")
	}
	s = strings.TrimSpace(norm.NFC.String(s))
	if utf8.RuneCountInString(s) > max {
		return "", invalid(field, "must have at most %d characters", max)
	}
	for _, r := range s {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || (r >= '\u202a' && r <= '\u202e') || (r >= '\u2066' && r <= '\u2069') {
			return "", invalid(field, "must not contain control or direction-changing characters")
		}
	}
	return s, nil
}

// clip makes a text of unknown origin, such as a browser's name, fit to keep.
func clip(s string, max int) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	for len(s) > max {
		_, size := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-size]
	}
	return s
}

func checkZone(name string) error {
	if name == "" {
		return nil
	}
	bad := invalid("zone", "must be the name of a time zone, like Europe/Berlin")
	if len(name) > 64 || name == "Local" {
		return bad
	}
	if _, err := time.LoadLocation(name); err != nil {
		return bad
	}
	return nil
}

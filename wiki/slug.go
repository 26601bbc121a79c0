package wiki

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Limits of a slug, the name of a prospect, stage or page in addresses and paths.
const (
	maxSlugRunes = 80
	maxSlugBytes = 200
	maxFileBytes = 200
)

// reserved names: Windows refuses the first group as file names, the others
// have a meaning of their own in addresses or repositories.
var (
	reservedWindows  = set("con", "prn", "aux", "nul", "com0", "com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8", "com9", "lpt0", "lpt1", "lpt2", "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9", "conin$", "conout$")
	reservedProspect = set("playbook", "shared", "all", "search")
	reservedStage    = set("account", "handoffs", "log", "files", "templates")
	reservedExternal = set("search", "new", "files", "brief", "inbox")
)

func set(names ...string) map[string]bool {
	m := make(map[string]bool, len(names))
	for _, n := range names {
		m[n] = true
	}
	return m
}

// checkSlug reports why s cannot be a slug, in words for the person who typed it.
func checkSlug(what, s string) error {
	invalid := func(format string, args ...any) error {
		return &Invalid{Field: what, Problem: fmt.Sprintf(format, args...)}
	}
	switch {
	case s == "":
		return invalid("is empty; give it a name")
	case len(s) > maxSlugBytes || utf8.RuneCountInString(s) > maxSlugRunes:
		return invalid("is too long; use at most %d characters", maxSlugRunes)
	case !utf8.ValidString(s) || !norm.NFC.IsNormalString(s):
		return invalid("is not in normal form (Unicode NFC)")
	case reservedWindows[s]:
		return invalid("%q is a reserved name; choose another", s)
	case s[0] == '-' || s[len(s)-1] == '-' || strings.Contains(s, "--"):
		return invalid("may not begin or end with a hyphen or have two in a row")
	}
	for i, r := range s {
		if r == '-' || unicode.IsDigit(r) {
			continue
		}
		if unicode.IsMark(r) && i > 0 {
			continue
		}
		if unicode.IsLetter(r) && unicode.ToLower(r) == r {
			continue
		}
		return invalid("may hold small letters, digits and single hyphens only, not %q", r)
	}
	return nil
}

// CheckProspect reports whether s can name a prospect.
func CheckProspect(s string) error {
	if err := checkSlug("prospect", s); err != nil {
		return err
	}
	if reservedProspect[s] {
		return &Invalid{Field: "prospect", Problem: fmt.Sprintf("%q has a meaning of its own; choose another name", s)}
	}
	return nil
}

// checkStageKey reports whether s can be the key of a funnel's stage.
func checkStageKey(s string) error {
	if err := checkSlug("stage", s); err != nil {
		return err
	}
	if reservedStage[s] {
		return &Invalid{Field: "stage", Problem: fmt.Sprintf("%q has a meaning of its own; choose another key", s)}
	}
	return nil
}

// Slug makes a slug of a human title: "Northwind Rail, Ltd." gives
// "northwind-rail-ltd". A title without a letter or digit gives "page".
func Slug(title string) string {
	var b strings.Builder
	gap := false
	runes := 0
	for _, r := range norm.NFC.String(strings.ToLower(title)) {
		ok := unicode.IsDigit(r) || unicode.IsLetter(r) && unicode.ToLower(r) == r || unicode.IsMark(r) && b.Len() > 0 && !gap
		if !ok {
			gap = true
			continue
		}
		if gap && b.Len() > 0 {
			if runes+2 > maxSlugRunes || b.Len()+1+utf8.RuneLen(r) > maxSlugBytes {
				break
			}
			b.WriteByte('-')
			runes++
		}
		gap = false
		if runes+1 > maxSlugRunes || b.Len()+utf8.RuneLen(r) > maxSlugBytes {
			break
		}
		b.WriteRune(r)
		runes++
	}
	s := norm.NFC.String(b.String())
	switch {
	case s == "":
		return "page"
	case reservedWindows[s]:
		return s + "-page"
	}
	return s
}

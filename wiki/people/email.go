package people

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// NormalEmail is the one form under which an address is kept and compared:
// trimmed, NFC, lower-case. Applied twice it changes nothing more. It takes what
// mail systems take without quoting: at most 254 bytes, 64 before the @.
func NormalEmail(s string) (string, error) {
	bad := invalid("email", "must be an address like dana@example.com")
	if len(s) > 1024 || !utf8.ValidString(s) {
		return "", bad
	}
	s, ok := foldLower(strings.TrimSpace(s))
	if !ok || len(s) > 254 {
		return "", bad
	}
	local, domain, ok := strings.Cut(s, "@")
	if !ok || !emailLocal(local) || !emailDomain(domain) {
		return "", bad
	}
	return s, nil
}

// foldLower gives the lower-case NFC form, or false where the two never settle.
func foldLower(s string) (string, bool) {
	for range 4 {
		next := norm.NFC.String(strings.ToLower(s))
		if next == s {
			return s, true
		}
		s = next
	}
	return "", false
}

func emailLocal(s string) bool {
	if s == "" || len(s) > 64 || s[0] == '.' || s[len(s)-1] == '.' || strings.Contains(s, "..") {
		return false
	}
	for _, r := range s {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) && !strings.ContainsRune("!#$%&'*+-/=?^_`{|}~.", r) {
			return false
		}
	}
	return true
}

func emailDomain(s string) bool {
	if s == "" || len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, r := range label {
			if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) && r != '-' {
				return false
			}
		}
	}
	return true
}

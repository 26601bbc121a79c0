package people

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxHandle is the length of a handle before a number is added, in characters.
const maxHandle = 40

// HandleFor makes a handle of an address: its local part as a slug of NFC
// letters that are lower-case or have no case, their marks, digits and single
// inner hyphens. Where nothing is left it is "person".
func HandleFor(email string) string {
	local, _, _ := strings.Cut(email, "@")
	local, ok := foldLower(strings.ToValidUTF8(local, "-"))
	if !ok {
		return "person"
	}
	var b strings.Builder
	n, hyphen := 0, false
	for _, r := range local {
		if n == maxHandle {
			break
		}
		letter := unicode.IsLetter(r) && !unicode.IsUpper(r) && !unicode.IsTitle(r)
		mark := unicode.IsMark(r) && n > 0 && !hyphen
		if !letter && !mark && !unicode.IsDigit(r) {
			hyphen = n > 0
			continue
		}
		if hyphen {
			if n+1 == maxHandle {
				break
			}
			b.WriteByte('-')
			n++
			hyphen = false
		}
		b.WriteRune(r)
		n++
	}
	if h := b.String(); ValidHandle(h) {
		return h
	}
	return "person"
}

// ValidHandle reports whether s has the form of a handle.
func ValidHandle(s string) bool {
	if s == "" || len(s) > 200 || !utf8.ValidString(s) || utf8.RuneCountInString(s) > maxHandle+8 {
		return false
	}
	if lower, ok := foldLower(s); !ok || lower != s {
		return false
	}
	prev := '-'
	for _, r := range s {
		switch {
		case r == '-':
			if prev == '-' {
				return false
			}
		case unicode.IsMark(r):
			if prev == '-' {
				return false
			}
		case unicode.IsDigit(r):
		case unicode.IsLetter(r) && !unicode.IsUpper(r) && !unicode.IsTitle(r):
		default:
			return false
		}
		prev = r
	}
	return prev != '-'
}

// freeHandle is the first of base, base-2, base-3 … that is not taken.
func freeHandle(base string, taken func(string) (bool, error)) (string, error) {
	for n := 1; ; n++ {
		h := base
		if n > 1 {
			h += "-" + strconv.Itoa(n)
		}
		used, err := taken(h)
		if err != nil {
			return "", err
		}
		if !used {
			return h, nil
		}
	}
}

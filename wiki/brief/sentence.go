package brief

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	shortest = 4   // words of a sentence worth showing
	longest  = 420 // runes of one; cut beyond
)

// label begins a line of a letter's head or a form: "Reply By: …".
var label = regexp.MustCompile(`\b(?:From|To|Subject|Date|Reply By|In Reply Refer To|Due|Project Title|Customer|Owner|Sponsor|Budget|Deadline|Contact|Decision|Status|Value|Next step|Next steps|Attendees|Present):\s`)

// runIn is a heading that begins a paragraph: "3. Period of Performance. The …".
var runIn = regexp.MustCompile(`^(?:\(?[0-9a-z]{1,3}(?:\.[0-9]+)*[.)]\s*)?(\p{Lu}[\p{L}’' &/-]{2,60})[.:]\s+(.+)$`)

// lowerName is a name that begins in lower case: e-QIP, iPad.
var lowerName = regexp.MustCompile(`^[a-z]-?[A-Z]`)

// enumerator numbers a sentence in its document and says nothing of it.
var enumerator = regexp.MustCompile(`^(?:\(?(?:\d{1,2}(?:\.\d+)*|[a-zA-Z]|[ivx]{1,4})[.)]\s*)+`)

// sentences splits plain text where sentences, and the lines of a letter's
// head, end.
func sentences(text string) []string {
	var out []string
	for _, part := range splitLabels(text) {
		start := 0
		for i, r := range part {
			if r != '.' && r != '!' && r != '?' {
				continue
			}
			end := i + utf8.RuneLen(r)
			if end < len(part) && !endsHere(part, i, end) {
				continue
			}
			if s := tidy(part[start:end]); s != "" {
				out = append(out, s)
			}
			start = end
		}
		if s := tidy(part[start:]); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// tidy takes what does not belong to it off a sentence: numbers before it,
// rules drawn of signs.
func tidy(s string) string {
	s = strings.TrimSpace(s)
	s = strings.TrimLeft(s, "=-–_*#·• ")
	if bare := enumerator.ReplaceAllString(s, ""); bare != "" {
		if r, _ := utf8.DecodeRuneInString(bare); unicode.IsUpper(r) {
			s = bare
		}
	}
	return s
}

func splitLabels(text string) []string {
	at := label.FindAllStringIndex(text, -1)
	if len(at) == 0 {
		return []string{text}
	}
	var out []string
	start := 0
	for _, m := range at {
		if m[0] > start {
			out = append(out, text[start:m[0]])
		}
		start = m[0]
	}
	return append(out, text[start:])
}

var abbreviations = map[string]bool{"e.g": true, "i.e": true, "mr": true, "mrs": true, "ms": true, "dr": true, "no": true, "vs": true, "etc": true, "approx": true, "inc": true, "ltd": true, "u.s": true, "u.s.c": true, "st": true, "nr": true, "fig": true, "sec": true}

// endsHere tells whether the mark at i, with the text going on at end, ends a
// sentence.
func endsHere(s string, i, end int) bool {
	rest := strings.TrimLeft(s[end:], `"'”’)*_`)
	if rest == "" {
		return true
	}
	if !strings.HasPrefix(rest, " ") {
		return false
	}
	following := strings.TrimLeft(rest, ` "'“‘([*_`)
	next, _ := utf8.DecodeRuneInString(following)
	if !unicode.IsUpper(next) && !unicode.IsDigit(next) && !lowerName.MatchString(following) {
		return false
	}
	before := s[:i]
	if j := strings.LastIndexAny(before, " (\t"); j >= 0 {
		before = before[j+1:]
	}
	before = strings.ToLower(before)
	return !abbreviations[before] && utf8.RuneCountInString(before) > 1
}

func clip(s string) string {
	if utf8.RuneCountInString(s) <= longest {
		return s
	}
	runes := []rune(s)[:longest]
	for i := len(runes) - 1; i > longest*3/4; i-- {
		if runes[i] == ' ' {
			runes = runes[:i]
			break
		}
	}
	return string(runes) + " …"
}

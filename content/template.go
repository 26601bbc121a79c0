package content

import (
	"regexp"
	"strings"
)

var placeholder = regexp.MustCompile(`\{\{[ \t]*([a-z_]{1,40})[ \t]*\}\}`)

// Expand puts values into the placeholders of a template, “{{prospect}}” and
// the like. Placeholders without a value stay as they are. Line breaks in a
// value become spaces, so that a value never adds a line to the page.
func Expand(template []byte, values map[string]string) []byte {
	return placeholder.ReplaceAllFunc(template, func(m []byte) []byte {
		v, ok := values[string(placeholder.FindSubmatch(m)[1])]
		if !ok {
			return m
		}
		return []byte(strings.Map(func(r rune) rune {
			if r == '\n' || r == '\r' {
				return ' '
			}
			return r
		}, v))
	})
}

package content

import "bytes"

// OnlyTicks reports whether two texts of a page differ by nothing but which of its
// tasks are done.
func OnlyTicks(a, b []byte) bool {
	if len(a) != len(b) || bytes.Equal(a, b) {
		return false
	}
	return bytes.Equal(unticked(a), unticked(b))
}

// unticked is a text with no task done.
func unticked(src []byte) []byte {
	out := bytes.Clone(src)
	for _, t := range Parse(src).tasks {
		out[t.at] = ' '
	}
	return out
}

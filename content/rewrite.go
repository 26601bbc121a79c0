package content

import (
	"bytes"
)

// RewriteLinks gives relative links and images other destinations and keeps
// every other byte: to is asked for each destination as it is written. doc is
// src, parsed. Destinations written with escapes are left as they are.
func RewriteLinks(src []byte, doc *Doc, to func(dest string) string) []byte {
	lines := SplitLines(src)
	changed := false
	replaced := map[[2]any]bool{}
	var definitions []int // lines that may define a reference
	for j, line := range lines {
		if bytes.HasPrefix(bytes.TrimLeft(line, " "), []byte("[")) {
			definitions = append(definitions, j)
		}
	}
	defined := map[string]bool{}
	for _, l := range doc.Links() {
		if l.Kind != Relative && l.Kind != Image {
			continue
		}
		next := to(l.Dest)
		if next == l.Dest || replaced[[2]any{l.Line, l.Dest}] {
			continue
		}
		replaced[[2]any{l.Line, l.Dest}] = true
		if i := l.Line - 1; i >= 0 && i < len(lines) {
			// The destination of an inline link may stand on a line after the
			// one where the link begins.
			for j := i; j < min(len(lines), i+4); j++ {
				if line, ok := replaceDest(lines[j], "](", l.Dest, next); ok {
					lines[j], changed = line, true
					break
				}
			}
		}
		if defined[l.Dest] {
			continue // one look at the definitions is enough
		}
		defined[l.Dest] = true
		for _, j := range definitions {
			line := lines[j]
			for _, opener := range []string{"]: ", "]:"} {
				if line, ok := replaceDest(line, opener, l.Dest, next); ok {
					lines[j], changed = line, true
					break
				}
			}
		}
	}
	if !changed {
		return src
	}
	return bytes.Join(lines, nil)
}

// replaceDest replaces a destination wherever it follows opener and ends there.
func replaceDest(line []byte, opener, dest, next string) ([]byte, bool) {
	var out []byte
	found := false
	for _, bracket := range []string{"", "<"} {
		old := []byte(opener + bracket + dest)
		rest := line
		out = out[:0]
		for {
			i := bytes.Index(rest, old)
			if i < 0 {
				break
			}
			end := i + len(old)
			out = append(out, rest[:i]...)
			if end == len(rest) || bytes.IndexByte([]byte(") \t\r\n>"), rest[end]) >= 0 {
				out = append(out, opener+bracket+next...)
				found = true
			} else {
				out = append(out, rest[i:end]...)
			}
			rest = rest[end:]
		}
		line = append(append([]byte(nil), out...), rest...)
	}
	return line, found
}

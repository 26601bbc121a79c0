package web

import (
	"bytes"
	"dealwiki/content"
)

// asBefore undoes what a browser's form does to line ends: a text area sends
// CR LF for every one. Lines that are as they were keep their own ends, new ones
// get those of most others.
func asBefore(original, sent []byte) []byte {
	plain := joinLines(splitEnds(sent))
	if original == nil {
		return plain
	}
	old := splitEnds(original)
	usual := usualEnd(old)
	if usual == "\n" && !bytes.ContainsRune(original, '\r') {
		return plain
	}
	var flat []byte
	for _, l := range old {
		flat = append(append(flat, l.text...), '\n')
	}
	lines := splitEnds(plain)
	var flatNew []byte
	for _, l := range lines {
		flatNew = append(append(flatNew, l.text...), '\n')
	}
	for i := range lines {
		if lines[i].end != "" {
			lines[i].end = usual
		}
	}
	for _, op := range content.DiffLines(flat, flatNew) {
		if op.Kind != content.Equal {
			continue
		}
		for i := range op.A1 - op.A0 {
			if a, b := op.A0+i, op.B0+i; a < len(old) && b < len(lines) && lines[b].end != "" && old[a].end != "" {
				lines[b].end = old[a].end
			}
		}
	}
	var out []byte
	for i, l := range lines {
		if l.end == "\n" && len(l.text) == 0 && i > 0 && lines[i-1].end == "\r" {
			l.end = "\r\n" // the two would be read as one
		}
		out = append(append(out, l.text...), l.end...)
	}
	return out
}

type endedLine struct {
	text []byte
	end  string // "\n", "\r\n", "\r", or "" for the last one without
}

func splitEnds(b []byte) []endedLine {
	var out []endedLine
	for len(b) > 0 {
		i := bytes.IndexAny(b, "\r\n")
		if i < 0 {
			return append(out, endedLine{b, ""})
		}
		end := string(b[i : i+1])
		if b[i] == '\r' && i+1 < len(b) && b[i+1] == '\n' {
			end = "\r\n"
		}
		out = append(out, endedLine{b[:i], end})
		b = b[i+len(end):]
	}
	return out
}

func joinLines(lines []endedLine) []byte {
	var out []byte
	for _, l := range lines {
		out = append(out, l.text...)
		if l.end != "" {
			out = append(out, '\n')
		}
	}
	return out
}

func usualEnd(lines []endedLine) string {
	count := map[string]int{}
	best := "\n"
	for _, l := range lines {
		if l.end == "" {
			continue
		}
		if count[l.end]++; count[l.end] > count[best] {
			best = l.end
		}
	}
	return best
}

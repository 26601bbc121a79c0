package content

import (
	"strings"
)

// Hunk is a stretch of changed lines with some equal ones around it.
type Hunk struct {
	A, ALines int    // first line (1-based) and number of lines in the first text
	B, BLines int    // the same in the second
	Heading   string // the heading above it in the second text, plain source
	Lines     []HunkLine
}

// HunkLine is one line of a hunk, without its line end.
type HunkLine struct {
	Kind  OpKind
	A, B  int // 1-based line numbers; 0 on the side where it is not
	Text  string
	Spans []WordOp // changed words, where the line has a counterpart; joined they are Text
}

// maxSpans is how much changed text is compared by words at a time, in bytes.
const maxSpans = 64 << 10

// Compare gives what differs between two texts as hunks with context equal
// lines around them; with a negative context everything is one hunk. Changed
// lines that have a counterpart carry the changed words.
func Compare(a, b []byte, context int) []Hunk {
	x, y := SplitLines(a), SplitLines(b)
	ops := DiffLines(a, b)
	var all []HunkLine
	changed := false
	for i := 0; i < len(ops); i++ {
		o := ops[i]
		switch {
		case o.Kind == Equal:
			for k := o.A0; k < o.A1; k++ {
				all = append(all, HunkLine{Equal, k + 1, o.B0 + k - o.A0 + 1, lineText(x[k]), nil})
			}
		case o.Kind == Delete && i+1 < len(ops) && ops[i+1].Kind == Insert:
			p := ops[i+1]
			all = append(all, replacedLines(x[o.A0:o.A1], y[p.B0:p.B1], o.A0+1, p.B0+1)...)
			changed = true
			i++
		case o.Kind == Delete:
			for k := o.A0; k < o.A1; k++ {
				all = append(all, HunkLine{Delete, k + 1, 0, lineText(x[k]), nil})
			}
			changed = true
		default:
			for k := o.B0; k < o.B1; k++ {
				all = append(all, HunkLine{Insert, 0, k + 1, lineText(y[k]), nil})
			}
			changed = true
		}
	}
	if !changed {
		return nil
	}
	return cutHunks(all, context)
}

func lineText(l []byte) string {
	return strings.ToValidUTF8(strings.TrimRight(string(l), "\r\n"), "\uFFFD")
}

func joinLines(lines [][]byte) string {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(lineText(l))
		b.WriteByte('\n')
	}
	return b.String()
}

// replacedLines gives deleted and inserted lines with their changed words, if
// they have enough in common for that to help.
func replacedLines(del, ins [][]byte, a, b int) []HunkLine {
	var out []HunkLine
	for i, l := range del {
		out = append(out, HunkLine{Delete, a + i, 0, lineText(l), nil})
	}
	for i, l := range ins {
		out = append(out, HunkLine{Insert, 0, b + i, lineText(l), nil})
	}
	x, y := joinLines(del), joinLines(ins)
	if len(x)+len(y) > maxSpans {
		return out
	}
	words := DiffWords(x, y)
	common := 0
	for _, w := range words {
		if w.Kind == Equal {
			common += len(strings.TrimSpace(w.Text))
		}
	}
	if common*4 < min(len(x), len(y)) {
		return out
	}
	give(out[:len(del)], words, Insert)
	give(out[len(del):], words, Delete)
	return out
}

// give hands the words of one side out to its lines.
func give(lines []HunkLine, words []WordOp, other OpKind) {
	at := 0
	for _, w := range words {
		if w.Kind == other {
			continue
		}
		for text := w.Text; text != ""; {
			part, rest, cut := strings.Cut(text, "\n")
			if part != "" && at < len(lines) {
				lines[at].Spans = append(lines[at].Spans, WordOp{w.Kind, part})
			}
			if cut {
				at++
			}
			text = rest
		}
	}
}

func cutHunks(all []HunkLine, context int) []Hunk {
	keep := make([]bool, len(all))
	for i, l := range all {
		if context < 0 {
			keep[i] = true
		} else if l.Kind != Equal {
			for j := max(0, i-context); j <= min(len(all)-1, i+context); j++ {
				keep[j] = true
			}
		}
	}
	var hunks []Hunk
	heading, a, b := "", 0, 0 // lines passed on each side
	for i := 0; i < len(all); {
		if !keep[i] {
			if strings.HasPrefix(all[i].Text, "#") {
				heading = all[i].Text
			}
			a, b = all[i].A, all[i].B
			i++
			continue
		}
		h := Hunk{A: a + 1, B: b + 1, Heading: heading}
		for i < len(all) && keep[i] {
			l := all[i]
			if l.A > 0 {
				h.ALines++
				a = l.A
			}
			if l.B > 0 {
				h.BLines++
				b = l.B
			}
			if l.Kind != Delete && strings.HasPrefix(l.Text, "#") {
				heading = l.Text
			}
			h.Lines = append(h.Lines, l)
			i++
		}
		hunks = append(hunks, h)
	}
	return hunks
}

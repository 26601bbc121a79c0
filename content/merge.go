package content

import (
	"bytes"
	"strings"
)

// Overlap is a place that both sides changed in different ways. The merged
// text holds both, ours first.
type Overlap struct {
	Base, Ours, Theirs string
	Line               int // 1-based, in the merged text
}

// Merge joins the changes that ours and theirs make to base: by lines, and
// inside lines that both changed by words. Equal changes are made once. Where
// changes overlap both texts are kept, ours first and without markers, and the
// place is reported. Nothing that either side wrote is lost.
func Merge(base, ours, theirs []byte) (merged []byte, overlaps []Overlap) {
	switch {
	case bytes.Equal(ours, theirs), bytes.Equal(base, theirs):
		return bytes.Clone(ours), nil
	case bytes.Equal(base, ours):
		return bytes.Clone(theirs), nil
	}
	ended := endsLine(ours)
	if ended == endsLine(base) {
		ended = endsLine(theirs)
	}
	b, o, t := SplitLines(endLine(base)), SplitLines(endLine(ours)), SplitLines(endLine(theirs))
	var out bytes.Buffer
	line := 1
	put := func(text string) {
		out.WriteString(text)
		line += strings.Count(text, "\n")
	}
	dispute := func(base, ours, theirs string) {
		overlaps = append(overlaps, Overlap{Base: base, Ours: ours, Theirs: theirs, Line: line})
		put(ours)
		put(theirs)
	}
	for _, r := range regions(b, o, t, lineWork, true) {
		x, y, z := b[r.base[0]:r.base[1]], o[r.ours[0]:r.ours[1]], t[r.theirs[0]:r.theirs[1]]
		if !r.both {
			put(join(r.pick(y, z)))
			continue
		}
		if same(y, z) {
			put(join(y))
			continue
		}
		if len(x) > 0 {
			if chunks := mergeWords(join(x), join(y), join(z)); chunks != nil {
				for _, c := range chunks {
					if c.overlap {
						dispute(c.base, c.ours, c.theirs)
					} else {
						put(c.merged)
					}
				}
				continue
			}
		}
		// Lines both sides have at the ends of the region are no dispute.
		head, tail := common(y, z)
		put(join(y[:head]))
		dispute(join(x), join(y[head:len(y)-tail]), join(z[head:len(z)-tail]))
		put(join(y[len(y)-tail:]))
	}
	merged = out.Bytes()
	if !ended && len(merged) > 0 {
		merged = bytes.TrimSuffix(merged, []byte{'\n'})
	}
	return merged, overlaps
}

func endsLine(b []byte) bool { return len(b) == 0 || b[len(b)-1] == '\n' }

// endLine ends the last line, so that a line is the same line wherever it is.
func endLine(b []byte) []byte {
	if endsLine(b) {
		return b
	}
	return append(b[:len(b):len(b)], '\n')
}

func join(lines [][]byte) string { return string(bytes.Join(lines, nil)) }

func same(a, b [][]byte) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !bytes.Equal(a[i], b[i]) {
			return false
		}
	}
	return true
}

// common counts the equal lines at the beginning and at the end.
func common(a, b [][]byte) (head, tail int) {
	n := min(len(a), len(b))
	for head < n && bytes.Equal(a[head], b[head]) {
		head++
	}
	for tail < n-head && bytes.Equal(a[len(a)-1-tail], b[len(b)-1-tail]) {
		tail++
	}
	return head, tail
}

// region is a stretch of base with what became of it on either side, as
// half-open ranges. Unless both sides changed it, pick says which to take.
type region struct {
	base, ours, theirs [2]int
	both               bool
	byTheirs           bool
	equal              bool // neither side changed it
}

func (r region) pick(ours, theirs [][]byte) [][]byte {
	if r.byTheirs {
		return theirs
	}
	return ours
}

// regions lines up the changes of both sides. Changes that merely touch stay
// apart; two insertions at one place count as both.
func regions[T string | []byte](base, ours, theirs []T, work int, anchored bool) []region {
	bo, o := intern(base, ours)
	bt, t := intern(base, theirs)
	x, y := edits(diffSequences(bo, o, work, anchored)), edits(diffSequences(bt, t, work, anchored))
	var out []region
	at, shiftO, shiftT := 0, 0, 0 // in base; how far the sides are ahead
	equal := func(to int) {
		if at < to {
			out = append(out, region{base: [2]int{at, to}, ours: [2]int{at + shiftO, to + shiftO}, theirs: [2]int{at + shiftT, to + shiftT}, equal: true})
			at = to
		}
	}
	for len(x) > 0 || len(y) > 0 {
		var from, to int
		var ours, theirs bool
		switch {
		case len(y) == 0 || len(x) > 0 && before(x[0], y[0]):
			from, to, ours = x[0].A0, x[0].A1, true
		case len(x) == 0 || before(y[0], x[0]):
			from, to, theirs = y[0].A0, y[0].A1, true
		default:
			from, to, ours, theirs = min(x[0].A0, y[0].A0), max(x[0].A1, y[0].A1), true, true
		}
		equal(from)
		growO, growT := 0, 0
		i, j := 0, 0
		if ours {
			growO, i = grow(x[0]), 1
		}
		if theirs {
			growT, j = grow(y[0]), 1
		}
		for more := ours && theirs; more; { // take in what overlaps what was taken in
			more = false
			for i < len(x) && x[i].A0 < to {
				to, growO, more = max(to, x[i].A1), growO+grow(x[i]), true
				i++
			}
			for j < len(y) && y[j].A0 < to {
				to, growT, more = max(to, y[j].A1), growT+grow(y[j]), true
				j++
			}
		}
		out = append(out, region{
			base: [2]int{from, to}, ours: [2]int{from + shiftO, to + shiftO + growO}, theirs: [2]int{from + shiftT, to + shiftT + growT},
			both: ours && theirs, byTheirs: theirs && !ours,
		})
		at, shiftO, shiftT = to, shiftO+growO, shiftT+growT
		x, y = x[i:], y[j:]
	}
	equal(len(base))
	return out
}

// edits joins deletions with the insertions beside them.
func edits(ops []LineOp) []LineOp {
	var out []LineOp
	for _, o := range ops {
		if o.Kind == Equal {
			continue
		}
		if n := len(out); n > 0 && out[n-1].A1 == o.A0 && out[n-1].B1 == o.B0 {
			out[n-1].A1, out[n-1].B1 = o.A1, o.B1
			continue
		}
		out = append(out, o)
	}
	return out
}

func grow(o LineOp) int { return (o.B1 - o.B0) - (o.A1 - o.A0) }

// before reports whether one change lies before another and apart from it.
func before(p, q LineOp) bool {
	if p.A0 == p.A1 && q.A0 == q.A1 {
		return p.A0 < q.A0
	}
	return p.A1 <= q.A0
}

// chunk is some lines that were merged by words, between line ends that both
// sides kept.
type chunk struct {
	base, ours, theirs, merged string
	overlap                    bool // changes overlap here by words too
}

// mergeWords merges by words. It gives nil for a text that is too long.
func mergeWords(base, ours, theirs string) []chunk {
	if len(base)+len(ours)+len(theirs) > maxSpans {
		return nil
	}
	b, o, t := splitWords(base), splitWords(ours), splitWords(theirs)
	var done []chunk
	var was, mine, other, merged strings.Builder // of the chunk at hand
	overlap := false
	flush := func() {
		if was.Len()+mine.Len()+other.Len() > 0 {
			done = append(done, chunk{was.String(), mine.String(), other.String(), merged.String(), overlap})
		}
		was, mine, other, merged, overlap = strings.Builder{}, strings.Builder{}, strings.Builder{}, strings.Builder{}, false
	}
	for _, r := range regions(b, o, t, wordWork, false) {
		x, y, z := b[r.base[0]:r.base[1]], o[r.ours[0]:r.ours[1]], t[r.theirs[0]:r.theirs[1]]
		if r.equal {
			for _, word := range x {
				for _, side := range []*strings.Builder{&was, &mine, &other, &merged} {
					side.WriteString(word)
				}
				if word == "\n" || word == "\r\n" {
					flush()
				}
			}
			continue
		}
		ourWords, theirWords := strings.Join(y, ""), strings.Join(z, "")
		was.WriteString(strings.Join(x, ""))
		mine.WriteString(ourWords)
		other.WriteString(theirWords)
		switch {
		case r.both && ourWords != theirWords:
			overlap = true
		case r.byTheirs:
			merged.WriteString(theirWords)
		default:
			merged.WriteString(ourWords)
		}
	}
	flush()
	if done == nil {
		done = []chunk{{}}
	}
	return done
}

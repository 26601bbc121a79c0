package yjs

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Diff answers small edits that turn one text into another, for [Doc.Change]:
// lines that are equal stay, and inside lines that changed the words that are
// equal. Edits do not cut characters. If the texts have too little in common to
// find out within a bounded time, one edit replaces what lies between their
// common beginning and end. Both texts have to be valid UTF-8.
func Diff(from, to string) []Edit {
	w := &diffWriter{}
	head := commonPrefix(from, to)
	head = strings.LastIndexByte(from[:head], '\n') + 1 // compare whole lines
	w.keep(from[:head])
	budget := 20_000_000
	w.compare(lines(from[head:]), lines(to[head:]), &budget, func(a, b string) {
		w.compare(words(a), words(b), &budget, w.replace)
	})
	return w.edits
}

// A diffWriter walks along the old text and gathers edits.
type diffWriter struct {
	pos   int
	edits []Edit
}

func (w *diffWriter) keep(s string) { w.pos += int(units([]byte(s))) }

// replace notes one edit, without the beginning and end that both have.
func (w *diffWriter) replace(from, to string) {
	head := commonPrefix(from, to)
	w.keep(from[:head])
	from, to = from[head:], to[head:]
	tail := commonSuffix(from, to)
	gone := int(units([]byte(from[:len(from)-tail])))
	if gone > 0 || len(to) > tail {
		w.edits = append(w.edits, Edit{w.pos, gone, to[:len(to)-tail]})
	}
	w.pos += gone
	w.keep(from[len(from)-tail:])
}

// compare matches tokens and hands what differs, joined, to differ, which has
// to move the writer over the old text.
func (w *diffWriter) compare(from, to []string, budget *int, differ func(from, to string)) {
	head := 0
	for head < len(from) && head < len(to) && from[head] == to[head] {
		w.keep(from[head])
		head++
	}
	from, to = from[head:], to[head:]
	tail := 0
	for tail < len(from) && tail < len(to) && from[len(from)-1-tail] == to[len(to)-1-tail] {
		tail++
	}
	rest := from[len(from)-tail:]
	from, to = from[:len(from)-tail], to[:len(to)-tail]
	i, j := 0, 0
	for _, m := range matches(from, to, budget) {
		if m.a > i || m.b > j {
			differ(strings.Join(from[i:m.a], ""), strings.Join(to[j:m.b], ""))
		}
		for k := range m.n {
			w.keep(from[m.a+k])
		}
		i, j = m.a+m.n, m.b+m.n
	}
	if i < len(from) || j < len(to) {
		differ(strings.Join(from[i:], ""), strings.Join(to[j:], ""))
	}
	for _, s := range rest {
		w.keep(s)
	}
}

func lines(s string) []string { return strings.SplitAfter(s, "\n") }

// words divides a text into runs of letters and digits, runs of spaces, and
// single other characters.
func words(s string) []string {
	var out []string
	class := func(r rune) int {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), unicode.IsMark(r):
			return 1
		case r == ' ', r == '\t':
			return 2
		}
		return 0
	}
	start, last := 0, 0
	for i, r := range s {
		c := class(r)
		if i > start && (c != last || c == 0) {
			out = append(out, s[start:i])
			start = i
		}
		last = c
	}
	if start < len(s) {
		out = append(out, s[start:])
	}
	return out
}

// A match is n tokens that are equal in both texts.
type match struct{ a, b, n int }

// matches answers the longest common subsequence of two token lists (Myers), or
// none if they differ in more than a bounded number of tokens or the budget of
// steps is used up. Matches between which everything changed and that are
// nothing but white space are left out: they would only break one edit in two.
func matches(from, to []string, budget *int) []match {
	const most = 1000 // edits; the memory grows with its square
	if len(from) == 0 || len(to) == 0 {
		return nil
	}
	x, y := numbered(from, to)
	n, m := len(x), len(y)
	limit := min(n+m, most)
	// best[limit+k] is how far in x one comes on diagonal k.
	best := make([]int32, 2*limit+2)
	var steps [][]int32
	for d := 0; d <= limit && *budget > 0; d++ {
		steps = append(steps, append([]int32(nil), best[limit-d:limit+d+2]...))
		for k := -d; k <= d; k += 2 {
			var i int
			if k == -d || k != d && best[limit+k-1] < best[limit+k+1] {
				i = int(best[limit+k+1])
			} else {
				i = int(best[limit+k-1]) + 1
			}
			start := i
			for i < n && i-k < m && x[i] == y[i-k] {
				i++
			}
			*budget -= 1 + i - start
			best[limit+k] = int32(i)
			if i >= n && i-k >= m {
				return worthwhile(trace(steps, d, n, m), from)
			}
		}
	}
	return nil
}

// numbered gives equal tokens equal numbers.
func numbered(from, to []string) (x, y []int32) {
	ids := make(map[string]int32, len(from))
	number := func(list []string) []int32 {
		out := make([]int32, len(list))
		for i, s := range list {
			v, ok := ids[s]
			if !ok {
				v = int32(len(ids))
				ids[s] = v
			}
			out[i] = v
		}
		return out
	}
	return number(from), number(to)
}

// trace walks the steps back from the end.
func trace(steps [][]int32, d, i, j int) []match {
	var out []match
	for ; d >= 0; d-- {
		pi, pj := 0, 0
		if d > 0 {
			step, k := steps[d], i-j // diagonal k is at step[k+d]
			from := k - 1
			if k == -d || k != d && step[k-1+d] < step[k+1+d] {
				from = k + 1
			}
			pi = int(step[from+d])
			pj = pi - from
		}
		if n := min(i-pi, j-pj); n > 0 {
			out = append(out, match{i - n, j - n, n})
		}
		i, j = pi, pj
	}
	for l, r := 0, len(out)-1; l < r; l, r = l+1, r-1 {
		out[l], out[r] = out[r], out[l]
	}
	return out
}

// worthwhile leaves out matches of nothing but spaces.
func worthwhile(list []match, from []string) []match {
	out := list[:0]
	for _, m := range list {
		for k := range m.n {
			if strings.Trim(from[m.a+k], " \t") != "" {
				out = append(out, m)
				break
			}
		}
	}
	return out
}

// commonPrefix is how many bytes of whole characters two texts begin with.
func commonPrefix(a, b string) int {
	n := min(len(a), len(b))
	i := 0
	for i < n && a[i] == b[i] {
		i++
	}
	for i > 0 && (i < len(a) && !utf8.RuneStart(a[i]) || i < len(b) && !utf8.RuneStart(b[i])) {
		i--
	}
	return i
}

// commonSuffix is how many bytes of whole characters two texts end with.
func commonSuffix(a, b string) int {
	n := min(len(a), len(b))
	i := 0
	for i < n && a[len(a)-1-i] == b[len(b)-1-i] {
		i++
	}
	for i > 0 && !utf8.RuneStart(a[len(a)-i]) {
		i--
	}
	return i
}

package content

import (
	"bytes"
	"sort"
)

// OpKind says what an operation of a diff does.
type OpKind int

const (
	// Equal keeps.
	Equal OpKind = iota
	// Insert adds what is in the second text only.
	Insert
	// Delete takes away what is in the first text only.
	Delete
)

// String is "equal", "insert" or "delete".
func (k OpKind) String() string {
	switch k {
	case Insert:
		return "insert"
	case Delete:
		return "delete"
	}
	return "equal"
}

// LineOp is a step from one list of lines to another: lines A0 to A1 of the
// first and B0 to B1 of the second, 0-based and half open.
type LineOp struct {
	Kind           OpKind
	A0, A1, B0, B1 int
}

// Work of one comparison, in steps. Past it what is left counts as replaced.
const (
	lineWork = 20 << 20
	wordWork = 4 << 20
)

// SplitLines cuts a text into lines that keep their ends; joined they are the
// text again. An empty text has no lines.
func SplitLines(b []byte) [][]byte {
	if len(b) == 0 {
		return nil
	}
	lines := make([][]byte, 0, bytes.Count(b, []byte{'\n'})+1)
	for len(b) > 0 {
		var l []byte
		l, b = cutLine(b)
		lines = append(lines, l[:len(l):len(l)])
	}
	return lines
}

// DiffLines compares two texts line by line. Lines that stand once in each are
// matched first, which keeps moved and repeated lines readable; between them
// the shortest script is looked for, within a bound on the work, past which a
// stretch is given as replaced as a whole. A replacement is a Delete followed
// by an Insert.
func DiffLines(a, b []byte) []LineOp {
	x, y := intern(SplitLines(a), SplitLines(b))
	return diffSequences(x, y, lineWork, true)
}

// intern gives equal elements equal numbers.
func intern[T string | []byte](a, b []T) (x, y []int) {
	ids := make(map[string]int, len(a))
	number := func(l []T) []int {
		out := make([]int, len(l))
		for i, v := range l {
			id, ok := ids[string(v)]
			if !ok {
				id = len(ids)
				ids[string(v)] = id
			}
			out[i] = id
		}
		return out
	}
	return number(a), number(b)
}

// diffSequences compares two sequences of numbers.
func diffSequences(a, b []int, work int, anchored bool) []LineOp {
	d := differ{a: a, b: b, left: work, match: make([]int, len(a))}
	for i := range d.match {
		d.match[i] = -1
	}
	if anchored {
		d.patience(0, len(a), 0, len(b), 0)
	} else {
		d.myers(0, len(a), 0, len(b))
	}
	return d.ops()
}

type differ struct {
	a, b  []int
	match []int // index in b of the partner of each of a, or -1
	left  int   // steps left

	forward, backward []int // room for middle
}

// trim matches what both ends have in common.
func (d *differ) trim(a0, a1, b0, b1 int) (int, int, int, int) {
	for a0 < a1 && b0 < b1 && d.a[a0] == d.b[b0] {
		d.match[a0] = b0
		a0++
		b0++
	}
	for a0 < a1 && b0 < b1 && d.a[a1-1] == d.b[b1-1] {
		a1--
		b1--
		d.match[a1] = b1
	}
	return a0, a1, b0, b1
}

// patience matches elements that stand once on each side and in the same
// order, and compares what lies between them.
func (d *differ) patience(a0, a1, b0, b1, depth int) {
	a0, a1, b0, b1 = d.trim(a0, a1, b0, b1)
	if a0 == a1 || b0 == b1 {
		return
	}
	d.left -= a1 - a0 + b1 - b0
	pairs := d.unique(a0, a1, b0, b1)
	if len(pairs) == 0 || depth > 50 || d.left < 0 {
		d.myers(a0, a1, b0, b1)
		return
	}
	i, j := a0, b0
	for _, p := range pairs {
		d.patience(i, p[0], j, p[1], depth+1)
		d.match[p[0]] = p[1]
		i, j = p[0]+1, p[1]+1
	}
	d.patience(i, a1, j, b1, depth+1)
}

// unique finds the longest common order of elements that stand once on each
// side.
func (d *differ) unique(a0, a1, b0, b1 int) [][2]int {
	type count struct{ na, nb, a, b int }
	counts := make(map[int]*count, a1-a0)
	for i := a0; i < a1; i++ {
		c := counts[d.a[i]]
		if c == nil {
			c = &count{}
			counts[d.a[i]] = c
		}
		c.na++
		c.a = i
	}
	for j := b0; j < b1; j++ {
		if c := counts[d.b[j]]; c != nil {
			c.nb++
			c.b = j
		}
	}
	var pairs [][2]int
	for i := a0; i < a1; i++ {
		if c := counts[d.a[i]]; c.na == 1 && c.nb == 1 {
			pairs = append(pairs, [2]int{i, c.b})
		}
	}
	// Longest increasing run of partners, by piles.
	var piles []int // index in pairs of the top of each pile
	prev := make([]int, len(pairs))
	for i, p := range pairs {
		k := sort.Search(len(piles), func(k int) bool { return pairs[piles[k]][1] >= p[1] })
		prev[i] = -1
		if k > 0 {
			prev[i] = piles[k-1]
		}
		if k == len(piles) {
			piles = append(piles, i)
		} else {
			piles[k] = i
		}
	}
	if len(piles) == 0 {
		return nil
	}
	out := make([][2]int, len(piles))
	for i, k := piles[len(piles)-1], len(piles)-1; k >= 0; k-- {
		out[k] = pairs[i]
		i = prev[i]
	}
	return out
}

// myers finds a shortest script in linear space (E. Myers, 1986): the middle
// of the path is found from both ends, then each half likewise.
func (d *differ) myers(a0, a1, b0, b1 int) {
	for {
		a0, a1, b0, b1 = d.trim(a0, a1, b0, b1)
		if a0 == a1 || b0 == b1 || d.left < 0 {
			return
		}
		x, y, ok := d.middle(a0, a1, b0, b1)
		if !ok {
			return
		}
		d.myers(a0, x, b0, y)
		a0, b0 = x, y
	}
}

// middle returns a point that a shortest path goes through, other than the two
// corners, or false when the work is spent.
func (d *differ) middle(a0, a1, b0, b1 int) (x, y int, ok bool) {
	n, m := a1-a0, b1-b0
	size := n + m + 3
	off := m + 1
	d.left -= 2 * size / 8
	if len(d.forward) < size {
		d.forward, d.backward = make([]int, size), make([]int, size)
	}
	forward, backward := d.forward[:size], d.backward[:size]
	for i := range forward {
		forward[i], backward[i] = -1, -1
	}
	delta := n - m
	odd := delta&1 != 0
	// step moves the furthest point of diagonal k on by one edit.
	step := func(v []int, k, dist int) int {
		if dist == 0 {
			return 0
		}
		best := -1
		if right := v[off+k-1]; right >= 0 && right < n {
			best = right + 1
		}
		if down := v[off+k+1]; down >= 0 && down-k <= m && down > best {
			best = down
		}
		return best
	}
	for dist := 0; dist <= (n+m+1)/2; dist++ {
		if d.left -= 2*dist + 2; d.left < 0 {
			return 0, 0, false
		}
		low, high := -dist, dist
		for low < -m {
			low += 2
		}
		for high > n {
			high -= 2
		}
		for k := low; k <= high; k += 2 {
			x := step(forward, k, dist)
			if x < 0 {
				forward[off+k] = -1
				continue
			}
			for x < n && x-k < m && d.a[a0+x] == d.b[b0+x-k] {
				x++
				d.left--
			}
			forward[off+k] = x
			if r := delta - k; odd && r >= -(dist-1) && r <= dist-1 && r >= -m && r <= n && backward[off+r] >= 0 && x+backward[off+r] >= n {
				return d.inner(a0, a1, b0, b1, x, x-k)
			}
		}
		for k := low; k <= high; k += 2 {
			x := step(backward, k, dist)
			if x < 0 {
				backward[off+k] = -1
				continue
			}
			for x < n && x-k < m && d.a[a1-1-x] == d.b[b1-1-(x-k)] {
				x++
				d.left--
			}
			backward[off+k] = x
			if r := delta - k; !odd && r >= -dist && r <= dist && r >= -m && r <= n && forward[off+r] >= 0 && x+forward[off+r] >= n {
				return d.inner(a0, a1, b0, b1, n-x, m-(x-k))
			}
		}
	}
	return 0, 0, false
}

// inner makes a point absolute and refuses the corners, which would not make
// the task smaller.
func (d *differ) inner(a0, a1, b0, b1, x, y int) (int, int, bool) {
	x, y = a0+x, b0+y
	return x, y, (x > a0 || y > b0) && (x < a1 || y < b1) && x >= a0 && x <= a1 && y >= b0 && y <= b1
}

// ops turns the matches into steps.
func (d *differ) ops() []LineOp {
	var ops []LineOp
	i, j := 0, 0
	change := func(i1, j1 int) {
		if i < i1 {
			ops = append(ops, LineOp{Delete, i, i1, j, j})
		}
		if j < j1 {
			ops = append(ops, LineOp{Insert, i1, i1, j, j1})
		}
		i, j = i1, j1
	}
	for k := 0; k < len(d.a); k++ {
		if d.match[k] < 0 {
			continue
		}
		change(k, d.match[k])
		if n := len(ops); n > 0 && ops[n-1].Kind == Equal && ops[n-1].A1 == k {
			ops[n-1].A1++
			ops[n-1].B1++
		} else {
			ops = append(ops, LineOp{Equal, k, k + 1, j, j + 1})
		}
		i, j = k+1, j+1
	}
	change(len(d.a), len(d.b))
	return ops
}

// Similar says how alike two texts are, from 0 to 1: the bytes they have in
// common, in pieces of a line or 64 bytes and wherever they stand, as a share
// of the longer.
func Similar(a, b []byte) float64 {
	if bytes.Equal(a, b) {
		return 1
	}
	longest := max(len(a), len(b))
	if len(a) == 0 || len(b) == 0 || min(len(a), len(b))*100 < longest {
		return 0
	}
	pieces := map[string]int{}
	eachPiece(a, func(p []byte) { pieces[string(p)]++ })
	common := 0
	eachPiece(b, func(p []byte) {
		if pieces[string(p)] > 0 {
			pieces[string(p)]--
			common += len(p)
		}
	})
	return float64(common) / float64(longest)
}

func eachPiece(b []byte, f func([]byte)) {
	for len(b) > 0 {
		var l []byte
		l, b = cutLine(b)
		for len(l) > 64 {
			f(l[:64])
			l = l[64:]
		}
		f(bytes.TrimRight(l, "\r\n"))
	}
}

package content

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// WordOp is a step of a word diff.
type WordOp struct {
	Kind OpKind
	Text string
}

// DiffWords compares two texts by words, spaces and single punctuation marks.
// The result reads well rather than being the shortest: a word or two that
// happen to be the same between changes are taken into them. What is equal or
// deleted, joined, is a; what is equal or inserted is b.
func DiffWords(a, b string) []WordOp {
	return tidy(rawWords(splitWords(a), splitWords(b)))
}

func rawWords(x, y []string) []WordOp {
	p, q := intern(x, y)
	var ops []WordOp
	for _, o := range diffSequences(p, q, wordWork, len(p)+len(q) > 20_000) {
		switch o.Kind {
		case Delete, Equal:
			ops = append(ops, WordOp{o.Kind, strings.Join(x[o.A0:o.A1], "")})
		case Insert:
			ops = append(ops, WordOp{o.Kind, strings.Join(y[o.B0:o.B1], "")})
		}
	}
	return ops
}

// splitWords cuts a text into words, runs of spaces, line ends and single
// marks. Scripts that write no spaces are cut into characters.
func splitWords(s string) []string {
	var out []string
	for len(s) > 0 {
		n := wordLength(s)
		out = append(out, s[:n])
		s = s[n:]
	}
	return out
}

func wordLength(s string) int {
	// Most words are plain ASCII, followed by something else that is.
	n := 0
	for n < len(s) && (s[n]|0x20 >= 'a' && s[n]|0x20 <= 'z' || s[n] >= '0' && s[n] <= '9') {
		n++
	}
	if n > 0 && (n == len(s) || s[n] < utf8.RuneSelf) {
		return n
	}
	first, size := utf8.DecodeRuneInString(s)
	same := func(r rune) bool { return false }
	switch {
	case first == '\n' || first == '\r':
		if strings.HasPrefix(s, "\r\n") {
			return 2
		}
		return 1
	case unicode.IsSpace(first):
		same = func(r rune) bool { return unicode.IsSpace(r) && r != '\n' && r != '\r' }
	case single(first):
	case isWordRune(first):
		same = func(r rune) bool { return isWordRune(r) && !single(r) }
	}
	n = size
	for n < len(s) {
		r, size := utf8.DecodeRuneInString(s[n:])
		if !same(r) && !unicode.Is(unicode.Mn, r) {
			break
		}
		n += size
	}
	return n
}

// single reports whether a letter is a word of its own.
func single(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai)
}

// change is a run of changes with the equal text after it.
type change struct{ del, ins, equal string }

// tidy joins changes that only little equal text holds apart.
func tidy(ops []WordOp) []WordOp {
	head := ""
	var changes []change
	for _, o := range ops {
		switch {
		case o.Kind == Equal && len(changes) == 0:
			head += o.Text
		case o.Kind == Equal:
			changes[len(changes)-1].equal += o.Text
		default:
			if len(changes) == 0 || changes[len(changes)-1].equal != "" {
				changes = append(changes, change{})
			}
			c := &changes[len(changes)-1]
			if o.Kind == Delete {
				c.del += o.Text
			} else {
				c.ins += o.Text
			}
		}
	}
	var done []change
	for _, c := range changes {
		done = append(done, c)
		for len(done) > 1 && worthJoining(done[len(done)-2], done[len(done)-1]) {
			l, r := done[len(done)-2], done[len(done)-1]
			done = done[:len(done)-1]
			done[len(done)-1] = change{l.del + l.equal + r.del, l.ins + l.equal + r.ins, r.equal}
		}
	}
	var out []WordOp
	add := func(k OpKind, s string) {
		if s != "" {
			out = append(out, WordOp{k, s})
		}
	}
	add(Equal, head)
	for _, c := range done {
		add(Delete, c.del)
		add(Insert, c.ins)
		add(Equal, c.equal)
	}
	return out
}

// worthJoining reports whether the equal text between two changes is so little
// beside them that it disturbs reading. A line end always holds apart.
func worthJoining(l, r change) bool {
	if strings.Contains(l.equal, "\n") {
		return false
	}
	words := strings.TrimSpace(l.equal)
	if words == "" {
		// A space joins two replacements, but not an insertion to a deletion.
		return l.del != "" && r.del != "" && l.ins != "" && r.ins != "" ||
			(l.del == "" && r.del == "") || (l.ins == "" && r.ins == "")
	}
	n := utf8.RuneCountInString(words)
	small := func(c change) bool { return n <= max(len(strings.TrimSpace(c.del)), len(strings.TrimSpace(c.ins)))/2 }
	return n <= 3 && small(l) && small(r)
}

package search

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Sizes of a passage.
const (
	passageBytes = 240
	maxMarked    = 400 // matches of one entry that are weighed
)

// marker finds the words of a query in text that is shown.
type marker struct {
	a        *analyzers
	n        int                       // words of the query
	words    map[string]int            // word → number
	stems    map[string]map[string]int // language → stem → number
	prefixes map[string]int            // beginning → number
	typos    map[string]typo
	heads    [128][2]uint64 // first letter → second letters that are worth a closer look
	short    bool           // some word has one letter only, so heads say nothing
}

// typo is a word in which errors are forgiven.
type typo struct{ n, errors int }

func newMarker(a *analyzers) *marker {
	return &marker{a: a, words: map[string]int{}, stems: map[string]map[string]int{}, prefixes: map[string]int{}, typos: map[string]typo{}}
}

// head notes the first two letters of a word; all that it matches has them.
func (m *marker) head(w string) {
	if len(w) < 2 || w[0] >= 0x80 || w[1] >= 0x80 {
		m.short = m.short || len(w) < 2
		return
	}
	m.heads[w[0]][w[1]/64] |= 1 << (w[1] % 64)
}

// worth tells whether a word of the text needs a closer look.
func (m *marker) worth(w string) bool {
	if m.short || len(w) < 2 || w[0] >= 0x80 || w[1] >= 0x80 {
		return true
	}
	a, b := lowerASCII(w[0]), lowerASCII(w[1])
	return m.heads[a][b/64]&(1<<(b%64)) != 0
}

func lowerASCII(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// word adds a word of the query; stem, prefix and fuzzy after it are about it.
func (m *marker) word(w string) {
	m.n++
	m.exact(w)
}

// exact adds a word that is marked only as it is.
func (m *marker) exact(w string) {
	for _, part := range split(w) {
		part = fold(lower(part))
		m.head(part)
		if _, ok := m.words[part]; !ok {
			m.words[part] = m.n
		}
	}
}

func (m *marker) stem(lang, stem string) {
	m.head(fold(stem))
	if m.stems[lang] == nil {
		m.stems[lang] = map[string]int{}
	}
	m.stems[lang][stem] = m.n
}

func (m *marker) prefix(w string) {
	m.head(fold(w))
	m.prefixes[fold(w)] = m.n
}

func (m *marker) fuzzy(w string, errors int) { m.typos[fold(w)] = typo{m.n, errors} }

// matches tells which word of the query a word of the text is.
func (m *marker) matches(word, lang string) (int, bool) {
	if !m.worth(word) {
		return 0, false
	}
	w := lower(word)
	f := fold(w)
	if n, ok := m.words[f]; ok {
		return n, true
	}
	for p, n := range m.prefixes {
		if strings.HasPrefix(f, p) {
			return n, true
		}
	}
	if stems := m.stems[lang]; stems != nil {
		if n, ok := stems[m.a.stem(lang, w)]; ok {
			return n, true
		}
	}
	for t, v := range m.typos {
		if firstTwo(t) == firstTwo(f) && within(t, f, v.errors) {
			return v.n, true
		}
	}
	return 0, false
}

// firstTwo is the first two letters, which stems and typing errors keep.
func firstTwo(w string) string {
	for i, n := 0, 0; i < len(w); n++ {
		if n == 2 {
			return w[:i]
		}
		_, size := utf8.DecodeRuneInString(w[i:])
		i += size
	}
	return w
}

// span is a word of the text that matches.
type span struct{ start, end, word int }

func isWord(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.Mn, r)
}

// split gives the runs of letters and digits of a word.
func split(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return !isWord(r) })
}

// find lists the words of text that match.
func (m *marker) find(text, lang string) []span {
	if len(m.words) == 0 && len(m.prefixes) == 0 {
		return nil
	}
	var out []span
	start := -1
	check := func(end int) {
		if start >= 0 && end-start <= maxToken {
			if n, ok := m.matches(text[start:end], lang); ok {
				out = append(out, span{start, end, n})
			}
		}
		start = -1
	}
	for i, r := range text {
		if isWord(r) {
			if start < 0 {
				start = i
			}
			continue
		}
		check(i)
		if len(out) >= maxMarked {
			return out
		}
	}
	check(len(text))
	return out
}

// cutUp makes pieces of a stretch of text.
func cutUp(text string, spans []span, from, to int) []Fragment {
	var out []Fragment
	add := func(s string, match bool) {
		if s == "" {
			return
		}
		if n := len(out); n > 0 && out[n-1].Match == match {
			out[n-1].Text += s
			return
		}
		out = append(out, Fragment{s, match})
	}
	at := from
	for _, s := range spans {
		if s.start < at || s.end > to {
			continue
		}
		add(text[at:s.start], false)
		add(text[s.start:s.end], true)
		at = s.end
	}
	add(text[at:to], false)
	for i := range out {
		out[i].Text = oneLine(out[i].Text)
	}
	return out
}

// oneLine makes runs of white space one space.
func oneLine(s string) string {
	var b strings.Builder
	space := false
	for _, r := range s {
		if unicode.IsSpace(r) {
			space = true
			continue
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		b.WriteRune(r)
	}
	if space {
		b.WriteByte(' ')
	}
	return b.String()
}

// title marks a title as a whole.
func (m *marker) title(text, lang string) []Fragment {
	if text == "" {
		return nil
	}
	return cutUp(text, m.find(text, lang), 0, len(text))
}

// passage is the stretch of text with most of the query's words, or the
// beginning when there are none.
func (m *marker) passage(text, lang string) []Fragment {
	if text == "" {
		return nil
	}
	spans := m.find(text, lang)
	best, bestScore, bestEnd := 0, -1, 0
	for i := range spans {
		seen := map[int]bool{}
		score, end := 0, i
		for j := i; j < len(spans) && spans[j].end-spans[i].start <= passageBytes-60; j++ {
			if !seen[spans[j].word] {
				seen[spans[j].word] = true
				score += 100
			}
			score++
			end = j
		}
		if score > bestScore {
			best, bestScore, bestEnd = i, score, end
		}
	}
	if len(spans) == 0 {
		end := boundary(text, min(len(text), passageBytes), true)
		out := cutUp(text, nil, 0, end)
		if end < len(text) {
			out = append(out, Fragment{Text: " …"})
		}
		return join(out)
	}
	room := max(0, passageBytes-(spans[bestEnd].end-spans[best].start))
	from := boundary(text, max(0, spans[best].start-room/3), false)
	from = min(from, spans[best].start)
	// Begin with the sentence when it begins near.
	if i := strings.LastIndexAny(text[from:spans[best].start], ".!?\n"); i >= 0 {
		from += i + 1
	}
	to := boundary(text, max(spans[bestEnd].end, min(len(text), from+passageBytes)), true)
	to = max(to, spans[bestEnd].end)
	var out []Fragment
	if from > 0 && strings.TrimSpace(text[:from]) != "" {
		out = append(out, Fragment{Text: "… "})
	}
	pieces := cutUp(text, spans, from, to)
	if len(pieces) > 0 && !pieces[0].Match {
		pieces[0].Text = strings.TrimLeft(pieces[0].Text, " ")
	}
	out = append(out, pieces...)
	if strings.TrimSpace(text[to:]) != "" {
		out = append(out, Fragment{Text: " …"})
	}
	return join(out)
}

// join puts neighbours of one sort together.
func join(in []Fragment) []Fragment {
	var out []Fragment
	for _, f := range in {
		if f.Text == "" {
			continue
		}
		if n := len(out); n > 0 && out[n-1].Match == f.Match {
			out[n-1].Text += f.Text
			continue
		}
		out = append(out, f)
	}
	return out
}

// boundary moves a place in text to the end of the word before it (back) or
// to the beginning of the one after; at worst to the edge of a letter.
func boundary(text string, at int, back bool) int {
	if at <= 0 || at >= len(text) {
		return max(0, min(at, len(text)))
	}
	for !utf8.RuneStart(text[at]) {
		at--
	}
	const reach = 40
	if back {
		if i := strings.LastIndexFunc(text[max(0, at-reach):at], unicode.IsSpace); i >= 0 {
			return max(0, at-reach) + i
		}
		return at
	}
	if i := strings.IndexFunc(text[at:min(len(text), at+reach)], unicode.IsSpace); i >= 0 {
		return at + i + 1
	}
	return at
}

// within tells whether two words differ by d errors at most: a letter wrong,
// missing or too many.
func within(a, b string, d int) bool {
	x, y := []rune(a), []rune(b)
	if len(x)-len(y) > d || len(y)-len(x) > d {
		return false
	}
	prev, cur := make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := range x {
		cur[0] = i + 1
		best := cur[0]
		for j := range y {
			cost := 1
			if x[i] == y[j] {
				cost = 0
			}
			cur[j+1] = min(prev[j]+cost, prev[j+1]+1, cur[j]+1)
			best = min(best, cur[j+1])
		}
		if best > d {
			return false
		}
		prev, cur = cur, prev
	}
	return prev[len(y)] <= d
}

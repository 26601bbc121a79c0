package wiki

import (
	"bytes"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"

	"dealwiki/content"
	"dealwiki/wiki/repo"
)

// A thread finds its words again in two ways. The first follows the range that
// it was made on through the difference between that version and now: words
// stay found although they stand elsewhere, were edited, or stand on the page
// several times. Where that range has been deleted, or its version is unknown,
// the words are looked for with what stood around them, so that a paragraph
// that was moved takes its threads along. Otherwise they are gone.

const (
	contextRunes  = 48       // kept before and after a quote
	maxCandidates = 500      // places with the same words that are weighed
	maxRefined    = 64 << 10 // bytes of a changed stretch that are compared by words
	maxNow        = 2 * MaxQuote
	surelyUnique  = 12 // letters and digits of a quote that is recognised without what stood around it
)

// locator places threads in a text.
type locator struct {
	text   []byte
	read   func(repo.Hash) ([]byte, error)
	old    map[repo.Hash]*remap // nil for versions that cannot be used
	budget int                  // bytes of old versions that may still be compared
	loose  *loosened            // of text, once needed
}

// locate finds where a thread's words are now; at is where they were in its
// version.
func (l *locator) locate(t *Thread, at span) {
	if t.Quote == "" {
		return
	}
	near, found := -1, false
	var now span
	once := false
	if m := l.remap(t.Version); m != nil && at.End <= len(m.old) && string(m.old[at.Start:at.End]) == t.Quote {
		now, found = m.follow(at)
		near = now.Start
		once = !found && bytes.Count(m.old, []byte(t.Quote)) == 1
	}
	if !found {
		// Without the version it was made on, a quote that stands here alone is
		// taken for the one that was meant.
		lost := near < 0
		now, found = l.search(t.Quote, t.Before, t.After, near, once || lost)
	}
	if !found {
		t.Gone = true
		return
	}
	t.Start, t.End = now.Start, now.End
	t.Line = 1 + bytes.Count(l.text[:now.Start], []byte{'\n'})
	t.Now = string(l.text[now.Start:now.End])
	if len(t.Now) > maxNow {
		t.Now = strings.ToValidUTF8(t.Now[:maxNow], "") + "…"
	}
}

func (l *locator) remap(at repo.Hash) *remap {
	if at.IsZero() {
		return nil
	}
	m, known := l.old[at]
	if known {
		return m
	}
	if l.budget > 0 {
		if old, err := l.read(at); err == nil {
			l.budget -= len(old) + len(l.text)
			m = newRemap(old, l.text)
		}
	}
	l.old[at] = m
	return m
}

// search looks for words in the text, exactly or as they read when drawn. Among
// several it takes those with the most alike around them, then the nearest.
// Words with nothing alike around them count only when alone allows it, and they
// are long enough and stand there once.
func (l *locator) search(quote, before, after string, near int, alone bool) (span, bool) {
	if l.loose == nil {
		l.loose = loosen(l.text)
	}
	found := l.loose.find(quote)
	if len(found) == 0 {
		return span{}, false
	}
	want, ahead, behind := len(loosen([]byte(quote)).text), loosen([]byte(before)).text, loosen([]byte(after)).text
	best, most := l.best(found, ahead, behind, near)
	around := len(ahead) + len(behind)
	switch {
	case most*2 >= around && (most > 0 || len(found) == 1): // what stood around it is mostly there
		return best, true
	case alone && len(found) == 1 && want >= surelyUnique:
		return best, true
	}
	return span{}, false
}

// best is where most is alike around the words: of equals the nearest, else the
// first.
func (l *locator) best(found []span, ahead, behind []byte, near int) (best span, most int) {
	most = -1
	for _, s := range found {
		from, to := l.loose.at(s.Start), l.loose.at(s.End)
		score := suffix(l.loose.text[:from], ahead) + prefix(l.loose.text[to:], behind)
		if score > most || score == most && near >= 0 && far(s.Start, near) < far(best.Start, near) {
			best, most = s, score
		}
	}
	return best, most
}

func far(a, b int) int { return max(a-b, b-a) }

// prefix and suffix count the equal bytes at the beginning and the end.
func prefix(a, b []byte) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

func suffix(a, b []byte) int {
	n := 0
	for n < len(a) && n < len(b) && a[len(a)-1-n] == b[len(b)-1-n] {
		n++
	}
	return n
}

// remap follows positions of an old text into a new one.
type remap struct {
	old, new []byte
	parts    []part // cover old, in order
}

// part is a stretch of the old text and what it became.
type part struct {
	a0, a1, b0, b1 int
	same           bool
	fine           []part // of a changed stretch, by words; nil until asked for
}

func newRemap(old, text []byte) *remap {
	m := &remap{old: old, new: text}
	a, b := lineStarts(old), lineStarts(text)
	for _, o := range content.DiffLines(old, text) {
		p := part{a0: a[o.A0], a1: a[o.A1], b0: b[o.B0], b1: b[o.B1], same: o.Kind == content.Equal}
		if n := len(m.parts); n > 0 && !p.same && !m.parts[n-1].same {
			m.parts[n-1].a1, m.parts[n-1].b1 = p.a1, p.b1
			continue
		}
		m.parts = append(m.parts, p)
	}
	return m
}

// lineStarts are the offsets at which lines begin, and the end of the text.
func lineStarts(text []byte) []int {
	out := []int{0}
	at := 0
	for _, line := range content.SplitLines(text) {
		at += len(line)
		out = append(out, at)
	}
	return out
}

// follow answers what became of a range; ok is false when less than a third of
// its words are left.
func (m *remap) follow(at span) (now span, ok bool) {
	now = span{-1, -1}
	kept, all := 0, solid(m.old[at.Start:at.End])
	var walk func(parts []part)
	walk = func(parts []part) {
		i := sort.Search(len(parts), func(i int) bool { return parts[i].a1 > at.Start })
		for ; i < len(parts) && parts[i].a0 < at.End; i++ {
			p := &parts[i]
			if !p.same {
				if p.fine == nil && p.a1-p.a0 <= maxRefined && p.b1-p.b0 <= maxRefined && p.a1 > p.a0 && p.b1 > p.b0 {
					p.fine = m.refine(*p)
				}
				if p.fine != nil {
					walk(p.fine)
				} else if now.Start < 0 && now.End < 0 {
					now.End = p.b0 // where it would be, for the search
				}
				continue
			}
			from, to := max(at.Start, p.a0), min(at.End, p.a1)
			if now.Start < 0 {
				now.Start = p.b0 + from - p.a0
			}
			now.End = p.b0 + to - p.a0
			kept += solid(m.old[from:to])
		}
	}
	walk(m.parts)
	if now.Start < 0 {
		now.Start = max(now.End, 0)
		now.End = now.Start
	}
	if kept*3 < all || kept == 0 || now.End <= now.Start {
		return now, false
	}
	return m.trim(now), true
}

// refine compares a changed stretch by words.
func (m *remap) refine(p part) []part {
	fine := []part{}
	a, b := p.a0, p.b0
	for _, o := range content.DiffWords(string(m.old[p.a0:p.a1]), string(m.new[p.b0:p.b1])) {
		n := len(o.Text)
		switch o.Kind {
		case content.Equal:
			fine = append(fine, part{a0: a, a1: a + n, b0: b, b1: b + n, same: true})
			a, b = a+n, b+n
		case content.Delete:
			// An empty replacement: it is not looked into again.
			fine = append(fine, part{a0: a, a1: a + n, b0: b, b1: b})
			a += n
		default:
			b += n
		}
	}
	return fine
}

// trim takes white space off the ends of a range, which deleted words leave.
func (m *remap) trim(s span) span {
	text := m.new[s.Start:s.End]
	s.Start += len(text) - len(bytes.TrimLeftFunc(text, unicode.IsSpace))
	s.End -= len(text) - len(bytes.TrimRightFunc(text, unicode.IsSpace))
	if s.End < s.Start {
		s.End = s.Start
	}
	return s
}

// solid counts the bytes that are not white space.
func solid(b []byte) int {
	n := 0
	for _, c := range b {
		if c > ' ' {
			n++
		}
	}
	return n
}

// loosened is a text without what differs between a page's source and how it
// reads: white space, punctuation, marks of emphasis, addresses of links.
type loosened struct {
	src  []byte
	text []byte
	pos  []int32 // where each byte of text stands in src
}

func loosen(src []byte) *loosened {
	l := &loosened{src: src}
	for i := 0; i < len(src); {
		if n := l.hidden(i); n > 0 {
			i += n
			continue
		}
		r, size := utf8.DecodeRune(src[i:])
		if unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) || unicode.IsNumber(r) ||
			r >= utf8.RuneSelf && unicode.IsSymbol(r) {
			for k := range size {
				l.text = append(l.text, src[i+k])
				l.pos = append(l.pos, int32(i+k))
			}
		}
		i += size
	}
	return l
}

// hidden is the length of what stands at i in the source and is not read: the
// address of a link, the target before a link's text, a tag, a fact's mark, id
// and kind.
func (l *loosened) hidden(i int) int {
	rest := l.src[i:]
	line := rest
	if n := bytes.IndexByte(line[:min(len(line), 2000)], '\n'); n >= 0 {
		line = line[:n]
	} else {
		line = line[:min(len(line), 2000)]
	}
	upTo := func(end string) int {
		if n := bytes.Index(line, []byte(end)); n >= 0 {
			return n + len(end)
		}
		return 0
	}
	switch rest[0] {
	case ']':
		if bytes.HasPrefix(rest, []byte("](")) {
			return upTo(")")
		}
	case '[':
		switch {
		case bytes.HasPrefix(rest, []byte("[!")):
			return upTo("]")
		case bytes.HasPrefix(rest, []byte("[[")):
			end := bytes.Index(line, []byte("]]"))
			if bar := bytes.IndexByte(line, '|'); end > 0 && bar > 0 && bar < end {
				return bar + 1
			}
		}
	case '<':
		if len(line) > 1 && (line[1] == '/' || line[1] >= 'a' && line[1] <= 'z') {
			return upTo(">")
		}
	case '&':
		if n := upTo(";"); n > 2 && n <= 10 && bytes.IndexByte(line[:n], ' ') < 0 {
			return n
		}
	case '^':
		if i > 0 && l.src[i-1] == ' ' {
			n := 1
			for n < len(line) && (line[n] == '-' || line[n] >= '0' && line[n] <= '9' || line[n] >= 'a' && line[n] <= 'z') {
				n++
			}
			return n
		}
	}
	return 0
}

// at is the first place of the loosened text that stands at or behind an offset
// of the source.
func (l *loosened) at(offset int) int {
	return sort.Search(len(l.pos), func(i int) bool { return int(l.pos[i]) >= offset })
}

// source is the range of the source that a range of the loosened text, which is
// not empty, was made of.
func (l *loosened) source(from, to int) span { return span{int(l.pos[from]), int(l.pos[to-1]) + 1} }

// find answers where words stand in the source: as they are written, else as
// they read.
func (l *loosened) find(quote string) []span {
	var out []span
	q := []byte(quote)
	if len(bytes.TrimSpace(q)) == 0 {
		return nil
	}
	for from := 0; len(out) < maxCandidates; {
		i := bytes.Index(l.src[from:], q)
		if i < 0 {
			break
		}
		out = append(out, span{from + i, from + i + len(q)})
		from += i + len(q)
	}
	if len(out) > 0 {
		return out
	}
	words := loosen(q).text
	if len(words) == 0 {
		return nil
	}
	for from := 0; len(out) < maxCandidates; {
		i := bytes.Index(l.text[from:], words)
		if i < 0 {
			break
		}
		out = append(out, l.snug(l.source(from+i, from+i+len(words)), q))
		from += i + len(words)
	}
	if len(out) > 0 || len(words) < 4*endRunes {
		return out
	}
	return l.ends(words, q)
}

// endRunes is how many bytes at both ends of a quote must be found when its
// middle reads otherwise than it is written.
const endRunes = 8

// ends looks for a quote by its beginning and its end.
func (l *loosened) ends(words, quote []byte) []span {
	var out []span
	head, tail := words[:endRunes], words[len(words)-endRunes:]
	for from := 0; len(out) < maxCandidates; {
		i := bytes.Index(l.text[from:], head)
		if i < 0 {
			break
		}
		i += from
		window := l.text[i:min(len(l.text), i+2*len(words)+200)]
		if end := bytes.LastIndex(window, tail); end >= len(words)/2 {
			out = append(out, l.snug(l.source(i, i+end+len(tail)), quote))
		}
		from = i + len(head)
	}
	return out
}

// snug takes punctuation at the ends of a quote into the range that was found.
func (l *loosened) snug(s span, quote []byte) span {
	quote = bytes.TrimSpace(quote)
	loose := func(r rune) bool { return !(unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)) }
	end := quote[len(bytes.TrimRightFunc(quote, loose)):]
	if bytes.HasPrefix(l.src[s.End:], end) {
		s.End += len(end)
	}
	begin := quote[:len(quote)-len(bytes.TrimLeftFunc(quote, loose))]
	if bytes.HasSuffix(l.src[:s.Start], begin) {
		s.Start -= len(begin)
	}
	return s
}

// around is what stands just before and after a range.
func around(text []byte, at span) (before, after string) {
	from, to := at.Start, at.End
	for range contextRunes {
		_, size := utf8.DecodeLastRune(text[:from])
		from -= size
		_, size = utf8.DecodeRune(text[to:])
		to += size
	}
	return string(text[from:at.Start]), string(text[at.End:to])
}

package content

import (
	"bytes"
	"unicode"
	"unicode/utf8"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// bareLinkParser makes links of bare addresses by the rules of GitHub's
// extended autolinks. It replaces goldmark's, which leaves spaces at line ends
// and may read a long word once for each of its underscores; here an attempt
// costs at most the length of a host or local part, or of the link it makes.
type bareLinkParser struct{}

const (
	maxHost  = 255 // bytes
	maxLocal = 64  // bytes before the @ of a mail address
)

// Trigger implements [parser.InlineParser]. The space stands for any white
// space and for the beginning of a line.
func (bareLinkParser) Trigger() []byte { return []byte{' ', '*', '_', '~', '('} }

// Parse implements [parser.InlineParser].
func (bareLinkParser) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	if pc.IsInLinkLabel() {
		return nil // the address would swallow the end of the link
	}
	line, segment := block.PeekLine()
	skip := 0
	switch line[0] {
	case ' ', '\t', '*', '_', '~', '(':
		skip = 1
	default:
		// Inside a word that began before this piece of the line.
		if r := block.PrecendingCharacter(); isWordRune(r) || r == '/' || r == '.' || r == '@' || r == '-' || r == '+' {
			return nil
		}
	}
	b := line[skip:]
	kind, protocol, n := ast.AutoLinkURL, "", 0
	switch {
	case hasFold(b, "http://"), hasFold(b, "https://"), hasFold(b, "ftp://"):
		head := bytes.IndexByte(b, ':') + 3
		if host := scanHost(b[head:], true); host > 0 {
			n = trimLink(b, head+host+scanPath(b[head+host:]), head)
		}
	case hasFold(b, "www."):
		if host := scanHost(b, false); host > 0 {
			protocol = "http"
			n = trimLink(b, host+scanPath(b[host:]), 4)
		}
	case hasFold(b, "mailto:"):
		if mail := scanMail(b[7:]); mail > 0 {
			n = 7 + mail
		}
	default:
		kind = ast.AutoLinkEmail
		n = scanMail(b)
	}
	if n == 0 {
		return nil
	}
	if skip > 0 {
		ast.MergeOrAppendTextSegment(parent, segment.WithStop(segment.Start+1))
	}
	start := segment.Start + skip
	block.Advance(skip + n)
	link := ast.NewAutoLink(kind, ast.NewTextSegment(text.NewSegment(start, start+n)))
	if protocol != "" {
		link.Protocol = []byte(protocol)
	}
	link.SetPos(start)
	return link
}

func hasFold(b []byte, prefix string) bool {
	return len(b) >= len(prefix) && bytes.EqualFold(b[:len(prefix)], []byte(prefix))
}

// scanHost returns the length of the host at the beginning of b, port left
// out: letters, digits, hyphens and underscores with dots between, but no
// underscore in the last two parts. A host may be without a dot if short.
func scanHost(b []byte, short bool) int {
	end, dots, under, under1 := 0, 0, false, false
	for i := 0; i < len(b) && i < maxHost; {
		c := b[i]
		switch {
		case c == '_':
			under = true
			i++
			end = i
		case util.IsAlphaNumeric(c) || c == '-':
			i++
			end = i
		case c == '.':
			if i == 0 || i+1 >= len(b) || !(util.IsAlphaNumeric(b[i+1]) || b[i+1] == '_' || b[i+1] == '-' || b[i+1] >= utf8.RuneSelf) {
				i = len(b)
				break
			}
			under1, under = under, false
			dots++
			i++
		case c >= utf8.RuneSelf:
			r, size := utf8.DecodeRune(b[i:])
			if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.Is(unicode.M, r) {
				i = len(b)
				break
			}
			i += size
			end = i
		default:
			i = len(b)
		}
	}
	if end == 0 || under || under1 || dots == 0 && !short {
		return 0
	}
	return end
}

// scanPath returns how far an address goes on after its host: to the next
// space or “<”.
func scanPath(b []byte) int {
	for i, c := range b {
		if c == '<' || util.IsSpace(c) {
			return i
		}
	}
	return len(b)
}

// trimLink takes off what ends a sentence and not an address: punctuation, a
// closing bracket without partner, and what looks like an entity.
func trimLink(b []byte, n, least int) int {
	open, closed := bytes.Count(b[:n], []byte{'('}), bytes.Count(b[:n], []byte{')'})
	for n > least {
		switch c := b[n-1]; c {
		case '?', '!', '.', ',', ':', '*', '_', '~', '\'', '"':
			n--
		case ')':
			if closed <= open {
				return n
			}
			closed--
			n--
		case ';':
			j := n - 2
			for j > 0 && util.IsAlphaNumeric(b[j]) {
				j--
			}
			if j == n-2 || b[j] != '&' {
				return n
			}
			n = j
		default:
			return n
		}
	}
	return 0
}

// scanMail returns the length of the mail address at the beginning of b.
func scanMail(b []byte) int {
	i := 0
	for i < len(b) && i < maxLocal && (util.IsAlphaNumeric(b[i]) || b[i] == '.' || b[i] == '-' || b[i] == '_' || b[i] == '+') {
		i++
	}
	if i == 0 || i >= len(b) || b[i] != '@' || !util.IsAlphaNumeric(b[0]) {
		return 0
	}
	host, end, dots := b[i+1:], 0, 0
	for j := 0; j < len(host) && j < maxHost; j++ {
		c := host[j]
		if util.IsAlphaNumeric(c) || c == '-' || c == '_' {
			end = j + 1
		} else if c == '.' && j+1 < len(host) && util.IsAlphaNumeric(host[j+1]) && j > 0 {
			dots++
		} else {
			break
		}
	}
	if dots == 0 || end == 0 || host[end-1] == '-' || host[end-1] == '_' {
		return 0
	}
	return i + 1 + end
}

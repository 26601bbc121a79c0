package content

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

var kindMention = ast.NewNodeKind("Mention")

// mention is an “@handle”.
type mention struct {
	ast.BaseInline
	handle string // lower case, without the sign
	text   string // as written, with it
}

// Kind implements [ast.Node].
func (n *mention) Kind() ast.NodeKind { return kindMention }

// Dump implements [ast.Node].
func (n *mention) Dump(source []byte, level int) {
	ast.DumpHelper(n, source, level, map[string]string{"handle": n.handle}, nil)
}

// mentionParser reads “@handle” where it is no part of a word, an address or a
// path.
type mentionParser struct{}

const maxHandle = 200 // bytes

// Trigger implements [parser.InlineParser].
func (mentionParser) Trigger() []byte { return []byte{'@'} }

// Parse implements [parser.InlineParser].
func (mentionParser) Parse(_ ast.Node, block text.Reader, _ parser.Context) ast.Node {
	if r := block.PrecendingCharacter(); isWordRune(r) || strings.ContainsRune("@./-+=&#%\\", r) {
		return nil
	}
	line, _ := block.PeekLine()
	n := scanHandle(line[1:])
	if n == 0 {
		return nil
	}
	rest := line[1+n:]
	if len(rest) > 0 && (rest[0] == '@' || rest[0] == '/' ||
		(rest[0] == '.' || rest[0] == '_') && len(rest) > 1 && isWordRune(firstRune(rest[1:]))) {
		return nil
	}
	block.Advance(1 + n)
	written := string(line[:1+n])
	return &mention{handle: strings.ToLower(written[1:]), text: written}
}

// scanHandle returns the length of the handle at the beginning of b: letters,
// marks and digits with single hyphens inside.
func scanHandle(b []byte) int {
	end := 0
	for i := 0; i < len(b) && i < maxHandle; {
		r, size := utf8.DecodeRune(b[i:])
		switch {
		case r == utf8.RuneError && size <= 1:
			return end
		case isWordRune(r):
			i += size
			end = i
		case r == '-' && end == i && i > 0:
			i++
		default:
			return end
		}
	}
	return end
}

func firstRune(b []byte) rune {
	r, _ := utf8.DecodeRune(b)
	return r
}

func isWordRune(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.M, r)
}

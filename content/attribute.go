package content

import (
	"time"

	"github.com/yuin/goldmark/ast"
	east "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

var kindAttribute = ast.NewNodeKind("Attribute")

// attribute is a “key:value” or “^id” on the first line of a fact or task. It
// is not shown as text.
type attribute struct {
	ast.BaseInline
	key, value  string // key is “^” for an id
	start, stop int    // in the body, without the space before it
}

// Kind implements [ast.Node].
func (n *attribute) Kind() ast.NodeKind { return kindAttribute }

// Dump implements [ast.Node].
func (n *attribute) Dump(source []byte, level int) {
	ast.DumpHelper(n, source, level, map[string]string{n.key: n.value}, nil)
}

// attributeParser reads attributes where they can stand: on the first line of
// a callout or of a task.
type attributeParser struct{}

// Trigger implements [parser.InlineParser].
func (attributeParser) Trigger() []byte { return []byte{' ', '^'} }

// Parse implements [parser.InlineParser].
func (attributeParser) Parse(parent ast.Node, block text.Reader, _ parser.Context) ast.Node {
	switch first := parent.FirstChild(); {
	case parent.Kind() == kindCalloutTitle:
	case first != nil && first.Kind() == east.KindTaskCheckBox:
	default:
		return nil
	}
	line, segment := block.PeekLine()
	if segment.Start >= parent.Lines().At(0).Stop {
		return nil
	}
	i := 0
	for i < len(line) && (line[i] == ' ' || line[i] == '\t') {
		i++
	}
	if i == 0 && !util.IsSpaceRune(block.PrecendingCharacter()) && segment.Start != parent.Lines().At(0).Start {
		return nil
	}
	key, value, n := scanAttribute(line[i:])
	if n == 0 {
		return nil
	}
	start := segment.Start + i - segment.Padding
	block.Advance(i + n)
	return &attribute{key: key, value: value, start: start, stop: start + n}
}

// scanAttribute reads an attribute at the beginning of b and returns its
// length, 0 when there is none.
func scanAttribute(b []byte) (key, value string, n int) {
	if len(b) > 1 && b[0] == '^' {
		j := 1
		for j < len(b) && j <= 64 && (util.IsAlphaNumeric(b[j]) || b[j] == '-' && j > 1) {
			j++
		}
		if j > 1 && endsAttribute(b[j:]) {
			return "^", string(b[1:j]), j
		}
		return "", "", 0
	}
	j := 0
	for j < len(b) && j < 12 && b[j] >= 'a' && b[j] <= 'z' {
		j++
	}
	if j == 0 || j >= len(b) || b[j] != ':' {
		return "", "", 0
	}
	key = string(b[:j])
	j++
	k := j
	if k < len(b) && b[k] == '"' {
		for k++; k < len(b) && b[k] != '"' && b[k] != '\n'; k++ {
		}
		if k >= len(b) || b[k] != '"' || k == j+1 {
			return "", "", 0
		}
		value = string(b[j+1 : k])
		k++
	} else {
		for k < len(b) && k < j+100 && !endsAttribute(b[k:]) {
			k++
		}
		value = string(b[j:k])
	}
	if value == "" || !endsAttribute(b[k:]) || !validAttribute(key, value) {
		return "", "", 0
	}
	return key, value, k
}

// endsAttribute reports whether b begins with what may follow an attribute: a
// space, the end, or the backslash of a hard line break.
func endsAttribute(b []byte) bool {
	if len(b) == 0 || util.IsSpace(b[0]) {
		return true
	}
	return b[0] == '\\' && (len(b) == 1 || b[1] == '\n' || b[1] == '\r')
}

func validAttribute(key, value string) bool {
	switch key {
	case "due", "met":
		return isDate(value)
	case "status":
		return isStatus(value)
	case "access":
		return value == "none" || value == "via" || value == "met"
	case "by":
		return len(value) > 1 && value[0] == '@'
	case "role", "influence":
		return true
	}
	return false
}

func isDate(s string) bool {
	_, err := time.Parse(time.DateOnly, s)
	return err == nil
}

// isStatus reports whether s can stand after “status:”.
func isStatus(s string) bool {
	if s == "" || len(s) > 40 {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && c != '-' {
			return false
		}
	}
	return true
}

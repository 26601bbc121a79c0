package content

import (
	"regexp"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// calloutKind is what a callout looks like; facts are callouts with a life.
type calloutKind struct {
	label string
	fact  bool
	mark  string // first letter of its ids
}

// calloutKinds are the callouts there are. It is never changed.
var calloutKinds = map[string]calloutKind{
	"decision":    {"Decision", true, "d"},
	"commitment":  {"Commitment", true, "c"},
	"requirement": {"Requirement", true, "r"},
	"risk":        {"Risk", true, "k"},
	"question":    {"Question", true, "q"},
	"stakeholder": {"Stakeholder", true, "s"},
	"note":        {"Note", false, ""},
	"tip":         {"Tip", false, ""},
	"important":   {"Important", false, ""},
	"warning":     {"Warning", false, ""},
	"caution":     {"Caution", false, ""},
}

var kindCalloutTitle = ast.NewNodeKind("CalloutTitle")

// calloutTitle is the first line of a callout, after its kind. It is the first
// child of the quote that the callout is.
type calloutTitle struct {
	ast.BaseBlock
	kind string
	at   int // offset of the opening bracket
	stop int // offset after the last byte of the line that is no space
}

// Kind implements [ast.Node].
func (n *calloutTitle) Kind() ast.NodeKind { return kindCalloutTitle }

// Dump implements [ast.Node].
func (n *calloutTitle) Dump(source []byte, level int) {
	ast.DumpHelper(n, source, level, map[string]string{"kind": n.kind}, nil)
}

var calloutMark = regexp.MustCompile(`^[ \t]*\[!([A-Za-z]{1,20})\](?:[ \t\r\n]|$)`)

// calloutTransformer takes the first line off a quote that begins with a kind.
type calloutTransformer struct{}

// Transform implements [parser.ParagraphTransformer].
func (calloutTransformer) Transform(n *ast.Paragraph, r text.Reader, _ parser.Context) {
	quote := n.Parent()
	if quote == nil || quote.Kind() != ast.KindBlockquote || n.PreviousSibling() != nil || n.Lines().Len() == 0 {
		return
	}
	first := n.Lines().At(0)
	line := first.Value(r.Source())
	m := calloutMark.FindSubmatchIndex(line)
	if m == nil {
		return
	}
	kind := strings.ToLower(string(line[m[2]:m[3]]))
	if _, ok := calloutKinds[kind]; !ok {
		return
	}
	skip := m[3] + 1 - first.Padding
	rest := text.NewSegment(first.Start+skip, first.Stop)
	rest = rest.TrimLeftSpace(r.Source())
	rest = rest.TrimRightSpace(r.Source())
	title := &calloutTitle{kind: kind, at: first.Start + m[2] - 2 - first.Padding, stop: max(rest.Stop, first.Start+skip)}
	title.SetPos(title.at)
	if !rest.IsEmpty() {
		title.Lines().Append(rest)
	} else {
		title.stop = first.Start + skip
	}
	quote.InsertBefore(quote, n, title)
	n.Lines().SetSliced(1, n.Lines().Len())
	if n.Lines().Len() == 0 {
		quote.RemoveChild(quote, n)
	}
}

// calloutOf returns the first line of a quote that is a callout, else nil.
func calloutOf(quote ast.Node) *calloutTitle {
	t, _ := quote.FirstChild().(*calloutTitle)
	return t
}

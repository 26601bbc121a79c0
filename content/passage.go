package content

import (
	"strings"

	"github.com/yuin/goldmark/ast"
	east "github.com/yuin/goldmark/extension/ast"
)

// Passage is a piece of a page's prose and where it stands.
type Passage struct {
	Kind     PassageKind
	Text     string   // plain text
	Headings []string // those it stands under, outermost first
	Anchor   string   // the id of the innermost of them in the HTML; "" above the first
	Line     int      // 1-based
}

// PassageKind is what a passage is on its page.
type PassageKind int

// Kinds of passages.
const (
	ParagraphPassage PassageKind = iota
	ItemPassage                  // of a list
	QuotePassage                 // inside a block quote
	RowPassage                   // of a table, its cells joined by " · "
)

// Passages lists the prose of the page in order. Callouts, code and HTML are
// left out, and so are the headings themselves.
func (d *Doc) Passages() []Passage {
	if d.root == nil {
		return nil
	}
	w := &passages{doc: d, left: maxPassages}
	w.blocks(d.root, ParagraphPassage)
	return w.out
}

// maxPassages is more than a page within the limits has use for.
const maxPassages = 20_000

type passages struct {
	doc  *Doc
	over []Heading // that the next passage stands under
	out  []Passage
	left int
}

func (w *passages) blocks(n ast.Node, kind PassageKind) {
	for b := n.FirstChild(); b != nil && w.left > 0; b = b.NextSibling() {
		switch b := b.(type) {
		case *ast.Heading:
			w.heading(b)
		case *ast.Paragraph, *ast.TextBlock:
			var hidden map[ast.Node]bool
			if it := w.doc.items[b.Parent()]; it != nil && b.PreviousSibling() == nil {
				hidden = it.meta.hidden
			}
			w.add(kind, b, w.doc.plainInline(b, hidden))
		case *ast.Blockquote:
			if calloutOf(b) == nil {
				w.blocks(b, QuotePassage)
			}
		case *ast.ListItem:
			w.blocks(b, ItemPassage)
		case *east.TableRow:
			var cells []string
			for c := b.FirstChild(); c != nil; c = c.NextSibling() {
				if text := w.doc.plainInline(c, nil); text != "" {
					cells = append(cells, text)
				}
			}
			w.add(RowPassage, b, strings.Join(cells, " · "))
		case *ast.CodeBlock, *ast.FencedCodeBlock, *ast.HTMLBlock, *east.TableHeader, *east.FootnoteList:
		default:
			if b.Type() == ast.TypeBlock {
				w.blocks(b, kind)
			}
		}
	}
}

func (w *passages) heading(h *ast.Heading) {
	text := w.doc.plainInline(h, nil)
	for len(w.over) > 0 && w.over[len(w.over)-1].Level >= h.Level {
		w.over = w.over[:len(w.over)-1]
	}
	if text != "" {
		w.over = append(w.over, Heading{Level: h.Level, Text: text, ID: w.doc.ids[h]})
	}
}

func (w *passages) add(kind PassageKind, n ast.Node, text string) {
	if text == "" {
		return
	}
	w.left--
	p := Passage{Kind: kind, Text: text, Line: w.doc.line(max(n.Pos(), 0))}
	if l := n.Lines(); n.Type() == ast.TypeBlock && l.Len() > 0 {
		p.Line = w.doc.line(l.At(0).Start)
	}
	for _, h := range w.over {
		p.Headings = append(p.Headings, h.Text)
		p.Anchor = h.ID
	}
	w.out = append(w.out, p)
}

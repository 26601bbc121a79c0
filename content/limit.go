package content

import (
	"bytes"
	"fmt"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// Limits of a page that is rendered. Beyond them a page is shown as source.
const (
	maxSize    = 1 << 20   // bytes of a page
	maxLine    = 200 << 10 // bytes of one line
	maxNesting = 100       // quotes and lists inside one another
	maxColumns = 200       // columns of a table
	maxCells   = 100_000   // cells of all tables of a page
	maxDest    = 4 << 20   // bytes of all link destinations and titles, references expanded
	maxOutput  = 6 << 20   // bytes of HTML
	workBudget = 100 << 20 // steps, about a nanosecond each; see meter
)

// overLimit checks what can be checked before parsing.
func overLimit(src, body []byte) string {
	if len(src) > maxSize {
		return "This page is larger than 1 MB, so it is shown as plain text. Split it into several pages to see it formatted."
	}
	line := 1
	for rest := body; len(rest) > 0; line++ {
		var l []byte
		l, rest = cutLine(rest)
		if len(l) > maxLine {
			return fmt.Sprintf("A line of this page is longer than %d kB, so the page is shown as plain text. Break the line to see it formatted.", maxLine>>10)
		}
		if nesting(l) > maxNesting {
			return "Lists or quotes on this page are nested too deeply, so it is shown as plain text. Move some of them outwards to see it formatted."
		}
	}
	return ""
}

// nesting is an upper bound of the containers a line opens or continues: its
// quote and list markers, and the list levels its indentation could stand for.
func nesting(line []byte) int {
	column, markers, levels := 0, 0, 0
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == ' ':
			column++
		case c == '\t':
			column += 4 - column%4
		case c == '>':
			column++
			markers++
			levels = max(levels, markers)
		case c == '-' || c == '*' || c == '+':
			if i+1 < len(line) && line[i+1] != ' ' && line[i+1] != '\t' {
				return levels
			}
			column++
			markers++
			levels = max(levels, markers, column/2)
		case c >= '0' && c <= '9':
			j := i
			for j < len(line) && j < i+9 && line[j] >= '0' && line[j] <= '9' {
				j++
			}
			if j >= len(line) || line[j] != '.' && line[j] != ')' {
				return levels
			}
			column += j + 1 - i
			markers++
			levels = max(levels, markers, column/3)
			i = j
		default:
			return levels
		}
	}
	return levels
}

// meter counts the steps of one parse. Everything in the parser that can cost
// more than its own length charges the meter with an upper bound first; when
// the budget is spent, the rest is taken as plain text, which is linear, and
// the page is shown as source. The count depends on the text alone, so a page
// is either always within the limit or never.
type meter struct {
	left int
	over string

	// Of the block whose text is being read:
	block ast.Node
	size  int // bytes
	runs  int // delimiter runs so far
	opens int // opening brackets so far

	notes int // footnotes defined
	cells int // table cells
}

const tooComplex = "The formatting of this page is too complex to show, so it is shown as plain text. It usually helps to split long paragraphs."

// charge takes n steps and reports whether they may be taken.
func (m *meter) charge(n int) bool {
	if m.over != "" {
		return false
	}
	if m.left -= n; m.left < 0 {
		m.over = tooComplex
		return false
	}
	return true
}

// enter notes which block is being read.
func (m *meter) enter(block ast.Node) {
	if m.block == block {
		return
	}
	m.block, m.size, m.runs, m.opens = block, 0, 0, 0
	lines := block.Lines()
	for i := range lines.Len() {
		s := lines.At(i)
		m.size += s.Len()
	}
}

var meterKey = parser.NewContextKey()

func newContext(m *meter) parser.Context {
	pc := parser.NewContext()
	pc.Set(meterKey, m)
	return pc
}

func withContext(pc parser.Context) parser.ParseOption { return parser.WithContext(pc) }

func meterOf(pc parser.Context) *meter {
	if m, ok := pc.Get(meterKey).(*meter); ok {
		return m
	}
	m := &meter{left: workBudget}
	pc.Set(meterKey, m)
	return m
}

// metered wraps an inline parser whose work may be more than linear.
type metered struct {
	parser.InlineParser
	before func(m *meter, line []byte) bool
	after  func(m *meter, line []byte, n ast.Node) // nil when nothing is charged
}

// Parse implements [parser.InlineParser].
func (p *metered) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	m := meterOf(pc)
	m.enter(parent)
	line, _ := block.PeekLine()
	if !p.before(m, line) {
		return nil
	}
	n := p.InlineParser.Parse(parent, block, pc)
	if p.after != nil {
		p.after(m, line, n)
	}
	return n
}

// CloseBlock implements [parser.CloseBlocker].
func (p *metered) CloseBlock(parent ast.Node, block text.Reader, pc parser.Context) {
	if c, ok := p.InlineParser.(parser.CloseBlocker); ok {
		c.CloseBlock(parent, block, pc)
	}
}

// meteredDelimiters charges a run with the runs before it: a closing run is
// compared with all of them.
func meteredDelimiters(p parser.InlineParser) parser.InlineParser {
	return &metered{InlineParser: p, before: func(m *meter, _ []byte) bool {
		m.runs++
		return m.charge(8 + 6*m.runs)
	}}
}

// meteredStrikes leaves runs of three and more tildes alone, which are never a
// strike and would be read again at each of them.
func meteredStrikes(p parser.InlineParser) parser.InlineParser {
	return &metered{InlineParser: p, before: func(m *meter, line []byte) bool {
		if bytes.HasPrefix(line, []byte("~~~")) {
			return false
		}
		m.runs++
		return m.charge(8 + 6*m.runs)
	}}
}

// meteredLinks charges a closing bracket with the brackets and runs before it,
// which are walked in search of a link inside a link, and a failed attempt
// with the block, which it may have scanned to its end.
func meteredLinks(p parser.InlineParser) parser.InlineParser {
	return &metered{InlineParser: p,
		before: func(m *meter, line []byte) bool {
			if line[0] != ']' {
				m.opens++
				return m.charge(8)
			}
			return m.charge(8 + 4*m.opens + 2*m.runs)
		},
		after: func(m *meter, line []byte, n ast.Node) {
			if line[0] == ']' && n == nil && len(line) > 1 && (line[1] == '(' || line[1] == '[') {
				m.charge(4 * m.size)
			}
		},
	}
}

// meteredCode charges backticks that close nothing with the block.
func meteredCode(p parser.InlineParser) parser.InlineParser {
	return &metered{InlineParser: p,
		before: func(m *meter, _ []byte) bool { return m.charge(8) },
		after: func(m *meter, _ []byte, n ast.Node) {
			if n == nil || n.Kind() != ast.KindCodeSpan {
				m.charge(m.size)
			}
		},
	}
}

// meteredHTML charges a bracket that opens no tag with the block.
func meteredHTML(p parser.InlineParser) parser.InlineParser {
	return &metered{InlineParser: p,
		before: func(m *meter, _ []byte) bool { return m.charge(8) },
		after: func(m *meter, line []byte, n ast.Node) {
			if n == nil && len(line) > 1 && line[1] != ' ' && line[1] != '\n' {
				m.charge(8 * m.size)
			}
		},
	}
}

// meteredNotes charges a reference with the notes it is looked up in.
func meteredNotes(p parser.InlineParser) parser.InlineParser {
	return &metered{InlineParser: p, before: func(m *meter, line []byte) bool {
		if !bytes.HasPrefix(line, []byte("[^")) && !bytes.HasPrefix(line, []byte("![^")) {
			return true
		}
		return m.charge(16 + 4*m.notes)
	}}
}

// noteBlocks counts the notes that are defined; they are sorted later.
type noteBlocks struct{ parser.BlockParser }

// Close implements [parser.BlockParser].
func (p noteBlocks) Close(n ast.Node, r text.Reader, pc parser.Context) {
	m := meterOf(pc)
	m.notes++
	m.charge(4 * m.notes)
	p.BlockParser.Close(n, r, pc)
}

// boundedTables refuses tables that are too wide or too many before they are
// made: a row of one byte makes as many cells as the head has.
type boundedTables struct{ parser.ParagraphTransformer }

// Transform implements [parser.ParagraphTransformer].
func (p boundedTables) Transform(n *ast.Paragraph, r text.Reader, pc parser.Context) {
	m, lines, src := meterOf(pc), n.Lines(), r.Source()
	cells, pipes, columns := 0, 0, 0
	for i := range lines.Len() {
		s := lines.At(i)
		l := s.Value(src)
		pipes += bytes.Count(l, []byte(`\|`))
		if i > 0 && isDelimiterRow(l) {
			row := bytes.TrimSuffix(bytes.TrimPrefix(bytes.TrimSpace(l), []byte{'|'}), []byte{'|'})
			c := bytes.Count(row, []byte{'|'}) + 1
			columns = max(columns, c)
			cells = max(cells, c*(lines.Len()-i))
		}
	}
	if columns > 0 {
		if columns > maxColumns {
			m.over = fmt.Sprintf("A table on this page has more than %d columns, so the page is shown as plain text.", maxColumns)
			return
		}
		if m.cells += cells; m.cells > maxCells {
			m.over = fmt.Sprintf("The tables on this page have more than %d cells, so the page is shown as plain text. Attach a CSV file instead.", maxCells)
			return
		}
		if !m.charge(20*cells + pipes*pipes) {
			return
		}
	}
	if m.over == "" {
		p.ParagraphTransformer.Transform(n, r, pc)
	}
}

func isDelimiterRow(l []byte) bool {
	dash := false
	for _, c := range l {
		switch c {
		case '-':
			dash = true
		case ' ', '\t', '|', ':', '\r', '\n', '\v', '\f':
		default:
			return false
		}
	}
	return dash
}

// boundedReferences charges link definitions with the lines of their
// paragraph, which are moved for each of them.
type boundedReferences struct{ parser.ParagraphTransformer }

// Transform implements [parser.ParagraphTransformer].
func (p boundedReferences) Transform(n *ast.Paragraph, r text.Reader, pc parser.Context) {
	lines, defs := n.Lines(), 0
	for i := range lines.Len() {
		s := lines.At(i)
		if l := bytes.TrimLeft(s.Value(r.Source()), " "); len(l) > 0 && l[0] == '[' {
			defs++
		}
	}
	if defs > 0 && meterOf(pc).charge(defs*lines.Len()*4) {
		p.ParagraphTransformer.Transform(n, r, pc)
	}
}

// capped is a buffer that stops taking bytes when it is full. It has the
// methods goldmark's writers want.
type capped struct {
	buf  []byte
	full bool
}

func (w *capped) room(n int) bool {
	if w.full || len(w.buf)+n > maxOutput {
		w.full = true
	}
	return !w.full
}

func (w *capped) Write(p []byte) (int, error) {
	if w.room(len(p)) {
		w.buf = append(w.buf, p...)
	}
	return len(p), nil
}

func (w *capped) WriteString(s string) (int, error) {
	if w.room(len(s)) {
		w.buf = append(w.buf, s...)
	}
	return len(s), nil
}

func (w *capped) WriteByte(c byte) error {
	if w.room(1) {
		w.buf = append(w.buf, c)
	}
	return nil
}

func (w *capped) WriteRune(r rune) (int, error) { return w.WriteString(string(r)) }
func (w *capped) Available() int                { return maxOutput - len(w.buf) }
func (w *capped) Buffered() int                 { return len(w.buf) }
func (w *capped) Flush() error                  { return nil }

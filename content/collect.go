package content

import (
	"bytes"
	"html"
	"strconv"
	"strings"
	"unicode"

	"github.com/yuin/goldmark/ast"
	east "github.com/yuin/goldmark/extension/ast"
	mdhtml "github.com/yuin/goldmark/renderer/html"
)

// collector walks a parsed page once and gathers what the methods of Doc
// answer. It also finishes the tree, which is never changed afterwards.
type collector struct {
	doc   *Doc
	meter *meter
	dest  int // bytes of destinations and titles
	used  map[string]bool
	seen  map[string]bool
	out   strings.Builder
	// labels says that the lead is one of labels, until something better comes.
	labels bool
}

func (c *collector) run(root ast.Node) {
	d := c.doc
	d.ids = map[ast.Node]string{}
	d.callouts = map[ast.Node]*Fact{}
	d.items = map[ast.Node]*item{}
	c.used, c.seen = map[string]bool{}, map[string]bool{}
	if !c.fits(root) {
		return
	}
	c.gather(root)
	c.name(root)
	c.block(root)
	d.text = strings.ToValidUTF8(strings.TrimSpace(c.out.String()), "\uFFFD")
	d.words = countWords(d.text)
}

// fits adds up link destinations, which references can repeat, before any of
// them is copied, and mends spaces at line ends.
func (c *collector) fits(root ast.Node) bool {
	_ = ast.Walk(root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Link:
			c.dest += len(n.Destination) + len(n.Title)
		case *ast.Image:
			c.dest += len(n.Destination) + len(n.Title)
		case *ast.Text:
			trimBefore(n, c.doc.body)
		}
		if n.Type() != ast.TypeInline {
			n.Lines() // made on first use: made now, so that readers may share the tree
		}
		if c.dest > maxDest {
			c.meter.over = tooComplex
			return ast.WalkStop, nil
		}
		return ast.WalkContinue, nil
	})
	return c.meter.over == ""
}

// trimBefore takes spaces off the end of the text before t where t ends a
// line and is itself empty: the parser splits text at spaces, so it trims only
// the last of them.
func trimBefore(t *ast.Text, src []byte) {
	if t.IsRaw() || !t.Segment.IsEmpty() || t.NextSibling() != nil && !t.SoftLineBreak() && !t.HardLineBreak() {
		return
	}
	for p := t.PreviousSibling(); p != nil; p = p.PreviousSibling() {
		prev, ok := p.(*ast.Text)
		if !ok || prev.IsRaw() || prev.SoftLineBreak() || prev.HardLineBreak() {
			return
		}
		prev.Segment = prev.Segment.TrimRightSpace(src)
		if !prev.Segment.IsEmpty() {
			return
		}
	}
}

// gather collects facts and tasks, whose ids come before those of headings.
func (c *collector) gather(root ast.Node) {
	d := c.doc
	shift := len(d.src) - len(d.body)
	_ = ast.Walk(root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Blockquote:
			if t := calloutOf(n); t != nil {
				c.callout(n, t, shift)
			}
		case *ast.ListItem:
			if box := checkBox(n); box != nil {
				c.task(n, box, shift)
			}
		}
		return ast.WalkContinue, nil
	})
}

func (c *collector) callout(quote ast.Node, t *calloutTitle, shift int) {
	d := c.doc
	m := readMeta(t, d.body, shift)
	f := &Fact{
		ID: m.id, Kind: t.kind, Owner: m.owner, Attrs: m.attrs,
		Status: m.get("status"), Due: m.get("due"),
		Line: d.line(t.at), EndLine: d.line(max(lastOffset(quote, 0), t.at)),
		spot: spot{end: t.stop + shift, attrs: m.spans},
	}
	f.Title = d.plainInline(t, m.hidden)
	var body strings.Builder
	for b := t.NextSibling(); b != nil; b = b.NextSibling() {
		text := d.plainBlock(b)
		if f.Title == "" {
			f.Title = text
			continue
		}
		if body.Len() > 0 && text != "" {
			body.WriteByte('\n')
		}
		body.WriteString(text)
	}
	f.Body = strings.TrimSpace(body.String())
	if !c.meter.charge(4 * len(f.Body)) { // facts may stand inside one another
		return
	}
	d.callouts[quote] = f
	if c.free(f.ID) {
		c.used[f.ID] = true
		d.ids[quote] = f.ID
	}
	if calloutKinds[t.kind].fact {
		d.facts = append(d.facts, *f)
	}
}

// free reports whether an id can be the id of an element.
func (c *collector) free(id string) bool {
	return id != "" && !c.used[id] && !strings.HasPrefix(id, "fn-") && !strings.HasPrefix(id, "fnref-")
}

func (c *collector) task(li ast.Node, box *east.TaskCheckBox, shift int) {
	d := c.doc
	first := li.FirstChild()
	m := readMeta(first, d.body, shift)
	at := box.Pos()
	it := &item{meta: m, task: Task{Line: d.line(at), Done: box.IsChecked, Text: d.plainInline(first, m.hidden), at: at + 1 + shift}}
	d.tasks = append(d.tasks, it.task)
	if m.owner != "" || m.get("due") != "" {
		it.action = &Action{
			ID: m.id, Text: it.task.Text, Owner: m.owner, Due: m.get("due"), Done: box.IsChecked, Line: it.task.Line,
			spot: spot{end: lineEnd(d.body, at) + shift, attrs: m.spans},
		}
		d.actions = append(d.actions, *it.action)
	}
	d.items[li] = it
	if c.free(m.id) {
		c.used[m.id] = true
		d.ids[li] = m.id
	}
}

// lineEnd is where an attribute can be put on the line at an offset: before
// its end, the spaces there, and the backslash of a hard line break.
func lineEnd(b []byte, at int) int {
	line, _ := cutLine(b[at:])
	cut := bytes.TrimRight(line, "\r\n")
	if len(cut) < len(line) && bytes.HasSuffix(cut, []byte{'\\'}) && !bytes.HasSuffix(cut, []byte(`\\`)) {
		cut = cut[:len(cut)-1]
	}
	return at + len(bytes.TrimRight(cut, " \t"))
}

// lastOffset is the offset of the last byte that belongs to a block.
func lastOffset(n ast.Node, at int) int {
	if n.Type() == ast.TypeInline {
		return at
	}
	if l := n.Lines(); l.Len() > 0 {
		s := l.At(l.Len() - 1)
		at = max(at, s.Stop-1)
	}
	if h, ok := n.(*ast.HTMLBlock); ok && h.HasClosure() {
		at = max(at, h.ClosureLine.Stop-1)
	}
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		at = lastOffset(c, at)
	}
	return at
}

// name gives headings their ids and collects the outline.
func (c *collector) name(root ast.Node) {
	d := c.doc
	next := map[string]int{}
	_ = ast.Walk(root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		h, ok := n.(*ast.Heading)
		if !ok || !entering {
			return ast.WalkContinue, nil
		}
		text := d.plainInline(h, nil)
		base := anchor(text)
		id := base
		for c.used[id] {
			next[base]++
			id = base + "-" + strconv.Itoa(next[base])
		}
		c.used[id] = true
		d.ids[h] = id
		d.headings = append(d.headings, Heading{Level: h.Level, Text: text, ID: id, Line: d.line(max(h.Pos(), 0))})
		if h.Level == 1 && d.titleAt == nil && text != "" {
			d.title, d.titleAt = text, h
		}
		return ast.WalkSkipChildren, nil
	})
}

// anchor makes an id of a heading as GitHub does: lower case, hyphens for
// spaces, no punctuation.
func anchor(text string) string {
	var b strings.Builder
	for _, r := range clip(text, 120) {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), unicode.Is(unicode.M, r), r == '_', r == '-':
			b.WriteRune(unicode.ToLower(r))
		case unicode.IsSpace(r):
			b.WriteByte('-')
		}
	}
	id := strings.Trim(b.String(), "-")
	if id == "" {
		return "section"
	}
	if strings.HasPrefix(id, "fn-") || strings.HasPrefix(id, "fnref-") {
		return "section-" + id // the others are those of footnotes
	}
	return id
}

// block writes the plain text of a block and collects links and mentions.
func (c *collector) block(n ast.Node) {
	d := c.doc
	for b := n.FirstChild(); b != nil; b = b.NextSibling() {
		switch b := b.(type) {
		case *ast.Paragraph, *ast.TextBlock, *ast.Heading, *calloutTitle, *east.TableCell:
			var hidden map[ast.Node]bool
			if it := d.items[b.Parent()]; it != nil && b.PreviousSibling() == nil {
				hidden = it.meta.hidden
			}
			text := d.plainInline(b, hidden)
			c.inline(b)
			if text == "" {
				continue
			}
			c.lead(b, text)
			c.out.WriteString(text)
			if b.Kind() == east.KindTableCell && b.NextSibling() != nil {
				c.out.WriteByte('\t')
			} else {
				c.out.WriteByte('\n')
			}
		case *ast.CodeBlock, *ast.FencedCodeBlock, *ast.HTMLBlock:
			c.out.WriteString(d.plainBlock(b))
			c.out.WriteByte('\n')
		default:
			c.block(b)
		}
	}
}

func (c *collector) inline(b ast.Node) {
	d := c.doc
	_ = ast.Walk(b, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Link:
			dest := unescapeDest(n.Destination)
			d.links = append(d.links, Link{Kind: linkKind(dest), Dest: dest, Text: clip(d.plainInline(n, nil), 200), Line: d.line(max(n.Pos(), 0))})
		case *ast.Image:
			d.links = append(d.links, Link{Kind: Image, Dest: unescapeDest(n.Destination), Text: clip(d.plainInline(n, nil), 200), Line: d.line(max(n.Pos(), 0))})
		case *ast.AutoLink:
			d.links = append(d.links, Link{Kind: URL, Dest: autoDest(n, d.body), Text: string(n.Label(d.body)), Line: d.line(max(n.Pos(), 0))})
		case *wikiLink:
			n.link.Line = d.line(max(n.Pos(), 0))
			d.links = append(d.links, n.link)
		case *mention:
			if !c.seen[n.handle] {
				c.seen[n.handle] = true
				d.mentions = append(d.mentions, n.handle)
			}
		}
		return ast.WalkContinue, nil
	})
}

// plainBlock is the plain text of a block, one line for each block inside.
func (d *Doc) plainBlock(n ast.Node) string {
	switch n := n.(type) {
	case *ast.CodeBlock, *ast.FencedCodeBlock:
		var b strings.Builder
		for i := range n.Lines().Len() {
			s := n.Lines().At(i)
			b.Write(s.Value(d.body))
		}
		return strings.TrimRight(b.String(), "\r\n")
	case *ast.HTMLBlock:
		var b strings.Builder
		for i := range n.Lines().Len() {
			s := n.Lines().At(i)
			b.Write(s.Value(d.body))
		}
		return strings.TrimSpace(stripTags(b.String()))
	case *ast.Paragraph, *ast.TextBlock, *ast.Heading, *calloutTitle, *east.TableCell:
		return d.plainInline(n, nil)
	}
	var parts []string
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		if c.Type() == ast.TypeInline {
			continue
		}
		if s := d.plainBlock(c); s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, "\n")
}

// plainInline is the text of the inline children of n without markup and
// attributes, spaces joined.
func (d *Doc) plainInline(n ast.Node, hidden map[ast.Node]bool) string {
	var w capped
	d.writePlain(&w, n, hidden)
	return strings.ToValidUTF8(strings.Join(strings.Fields(string(w.buf)), " "), "\uFFFD")
}

func (d *Doc) writePlain(w *capped, n ast.Node, hidden map[ast.Node]bool) {
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		switch c := c.(type) {
		case *ast.Text:
			v := c.Segment.Value(d.body)
			if c.IsRaw() {
				_, _ = w.Write(v)
			} else {
				_, _ = w.WriteString(plainText(v))
			}
			if c.SoftLineBreak() || c.HardLineBreak() {
				_ = w.WriteByte(' ')
			}
		case *ast.String:
			_, _ = w.Write(c.Value)
		case *ast.AutoLink:
			_, _ = w.Write(c.Label(d.body))
		case *wikiLink:
			_, _ = w.WriteString(c.link.plain())
		case *mention:
			if !hidden[c] {
				_, _ = w.WriteString(c.text)
			}
		case *attribute, *ast.RawHTML, *east.FootnoteLink, *east.FootnoteBacklink, *east.TaskCheckBox:
		default:
			d.writePlain(w, c, hidden)
		}
	}
}

// plainText resolves backslash escapes and entities.
func plainText(v []byte) string {
	if bytes.IndexByte(v, '\\') < 0 && bytes.IndexByte(v, '&') < 0 {
		return string(v)
	}
	var w capped
	mdhtml.DefaultWriter.Write(&w, v)
	return html.UnescapeString(string(w.buf))
}

func stripTags(s string) string {
	var b strings.Builder
	for {
		i := strings.IndexByte(s, '<')
		if i < 0 {
			b.WriteString(s)
			break
		}
		b.WriteString(s[:i])
		j := strings.IndexByte(s[i:], '>')
		if j < 0 {
			break
		}
		b.WriteByte(' ')
		s = s[i+j+1:]
	}
	return html.UnescapeString(b.String())
}

package content

import (
	"bytes"
	"html"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/yuin/goldmark/ast"
	east "github.com/yuin/goldmark/extension/ast"
)

// RenderOptions say how a page is shown. The zero value is a page to read.
type RenderOptions struct {
	Tasks        bool // check boxes can be clicked; else they are disabled
	HideTitle    bool // leave out the heading that is the page's title
	RemoteImages bool // show images of other sites; else a link stands there
}

// HTML renders the page, sanitised, for use inside an element of class
// “prose”. A nil resolver knows nobody and no page. A page past a limit is
// shown as escaped source below its notice.
func (d *Doc) HTML(r Resolver, o RenderOptions) []byte {
	if r == nil {
		r = noWorld{}
	}
	if d.root == nil {
		return d.sourceHTML(d.notice)
	}
	w := &writer{doc: d, world: r, opt: o}
	w.blocks(d.root)
	w.unwind(0)
	if w.out.full {
		return d.sourceHTML(tooComplex)
	}
	clean := sanitize(bytes.ToValidUTF8(w.out.buf, []byte("\uFFFD")))
	if len(clean) > 2*maxOutput {
		return d.sourceHTML(tooComplex)
	}
	return clean
}

// sourceHTML shows the page as its source. What is larger than a page may be
// is cut there.
func (d *Doc) sourceHTML(notice string) []byte {
	src, cut := d.src, ""
	if len(src) > maxSize {
		src, cut = src[:maxSize], "\n…"
	}
	var b bytes.Buffer
	b.WriteString(`<div class="banner banner-warn" role="note"><p>`)
	b.WriteString(html.EscapeString(notice))
	b.WriteString("</p></div>\n<pre class=\"page-source\" tabindex=\"0\" role=\"region\" aria-label=\"Source\"><code>")
	b.WriteString(html.EscapeString(strings.ReplaceAll(strings.ToValidUTF8(string(src), "\uFFFD"), "\x00", "\uFFFD")))
	b.WriteString(cut)
	b.WriteString("</code></pre>\n")
	return b.Bytes()
}

// writer renders one tree. It belongs to one call of HTML.
type writer struct {
	doc    *Doc
	world  Resolver
	opt    RenderOptions
	out    capped
	raw    []string          // raw elements open, innermost last
	drop   string            // raw element whose text is being dropped
	floor  int               // raw elements that may not be closed here: they were opened outside
	link   int               // links around the current node
	lit    int               // bytes highlighted so far
	hidden map[ast.Node]bool // mentions shown beside the text
	named  map[string]int    // regions named so far, by their name
}

// region is the name of what can be scrolled, for readers who do not see it;
// each name on a page is another.
func (w *writer) region(name string) string {
	if w.named == nil {
		w.named = map[string]int{}
	}
	w.named[name]++
	if n := w.named[name]; n > 1 {
		name += " " + strconv.Itoa(n)
	}
	return html.EscapeString(name)
}

func (w *writer) s(parts ...string) {
	for _, p := range parts {
		_, _ = w.out.WriteString(p)
	}
}

func (w *writer) esc(s string) { w.s(html.EscapeString(s)) }

func (w *writer) blocks(n ast.Node) {
	for c := n.FirstChild(); c != nil && !w.out.full; c = c.NextSibling() {
		w.block(c)
	}
}

// block writes a block. Raw elements opened inside it are closed at its end.
func (w *writer) block(n ast.Node) {
	if h, ok := n.(*ast.HTMLBlock); ok {
		w.htmlBlock(h)
		return
	}
	depth, floor := len(w.raw), w.floor
	w.floor = depth
	defer func() { w.floor = floor }()
	switch n := n.(type) {
	case *ast.Paragraph:
		w.s("<p>")
		w.inlines(n)
		w.unwind(depth)
		w.s("</p>\n")
	case *ast.TextBlock:
		w.inlines(n)
		w.unwind(depth)
		if n.NextSibling() != nil {
			w.s("\n")
		}
	case *ast.Heading:
		w.heading(n, depth)
	case *ast.ThematicBreak:
		w.s("<hr>\n")
	case *ast.CodeBlock:
		w.s(`<pre tabindex="0" role="region" aria-label="`, w.region("Code"), `"><code>`, html.EscapeString(w.lines(n)), "</code></pre>\n")
	case *ast.FencedCodeBlock:
		w.fence(n)
	case *ast.Blockquote:
		if t := calloutOf(n); t != nil {
			w.callout(n, t)
			break
		}
		w.s("<blockquote>\n")
		w.blocks(n)
		w.unwind(depth)
		w.s("</blockquote>\n")
	case *ast.List:
		w.list(n, depth)
	case *ast.ListItem:
		w.listItem(n, depth)
	case *east.Table:
		w.table(n, depth)
	case *east.FootnoteList:
		w.s(`<section class="footnotes" role="doc-endnotes"><hr>`, "\n<ol>\n")
		w.blocks(n)
		w.unwind(depth)
		w.s("</ol>\n</section>\n")
	case *east.Footnote:
		w.s(`<li id="fn-`, strconv.Itoa(n.Index), `">`, "\n")
		w.blocks(n)
		w.unwind(depth)
		w.s("</li>\n")
	case *ast.LinkReferenceDefinition:
	default:
		if n.Type() == ast.TypeInline { // the way back from a note that ends in a list or code
			w.inline(n)
			w.s("\n")
			return
		}
		w.blocks(n)
		w.unwind(depth)
	}
}

func (w *writer) heading(n *ast.Heading, depth int) {
	if w.opt.HideTitle && ast.Node(n) == w.doc.titleAt {
		return
	}
	level := strconv.Itoa(n.Level)
	id := html.EscapeString(w.doc.ids[n])
	w.s("<h", level, ` id="`, id, `">`)
	w.inlines(n)
	w.unwind(depth)
	w.s(`<a class="anchor" href="#`, id, `" aria-label="Link to this section"></a></h`, level, ">\n")
}

func (w *writer) lines(n ast.Node) string {
	var b strings.Builder
	for i := range n.Lines().Len() {
		s := n.Lines().At(i)
		b.Write(s.Value(w.doc.body))
	}
	return strings.ReplaceAll(b.String(), "\x00", "\uFFFD")
}

func (w *writer) fence(n *ast.FencedCodeBlock) {
	language := ""
	if l := n.Language(w.doc.body); l != nil {
		language = plainText(l)
	}
	code := w.lines(n)
	label, class := "Code", ""
	if language != "" {
		label = language + " code"
		if utf8.RuneCountInString(language) <= 40 && !strings.ContainsAny(language, "\"'<>& \t") {
			class = ` class="language-` + language + `"`
		}
	}
	w.s(`<pre tabindex="0" role="region" aria-label="`, w.region(clip(label, 60)), `"><code`, class, ">")
	if w.lit+len(code) > maxHighlight || !highlight(&w.out, language, code) {
		w.esc(code)
	} else {
		w.lit += len(code)
	}
	w.s("</code></pre>\n")
}

// callout writes a fact or one of GitHub's notes.
func (w *writer) callout(n *ast.Blockquote, t *calloutTitle) {
	f, kind := w.doc.callouts[n], calloutKinds[t.kind]
	depth := len(w.raw)
	label := kind.label
	if t.kind == "question" && f.Open() {
		label = "Open question"
	}
	class := "callout callout-" + t.kind
	if kind.fact {
		class = "fact fact-" + t.kind
		if !f.Open() {
			class += " is-closed"
		}
	}
	w.s(`<div class="`, class, `" role="note" aria-label="`, label, `"`)
	if id := w.doc.ids[n]; id != "" {
		w.s(` id="`, html.EscapeString(id), `"`)
	}
	w.s(` data-line="`, strconv.Itoa(f.Line), `"`)
	if kind.fact && f.Status != "" {
		w.s(` data-status="`, html.EscapeString(f.Status), `"`)
	}
	w.s(`><span class="`, map[bool]string{true: "fact-tile", false: "callout-tile"}[kind.fact], `"></span>`)
	w.s(`<p class="`, map[bool]string{true: "fact-label", false: "callout-label"}[kind.fact], `">`, label)
	if kind.fact {
		w.meta(f.Owner, f.Due, f.Status, f.Attrs)
	}
	w.s("</p>")
	if t.HasChildren() {
		w.s(`<p class="`, map[bool]string{true: "fact-title", false: "callout-title"}[kind.fact], `">`)
		if kind.fact {
			w.hidden = readMeta(t, w.doc.body, 0).hidden
		}
		w.inlines(t)
		w.hidden = nil
		w.out.buf = bytes.TrimRight(w.out.buf, " ") // before what is shown beside it
		w.unwind(depth)
		w.s("</p>\n")
	} else {
		w.s("\n")
	}
	for b := t.NextSibling(); b != nil && !w.out.full; b = b.NextSibling() {
		w.block(b)
	}
	w.unwind(depth)
	w.s("</div>\n")
}

// meta writes owner, date, status and the like beside a fact or action.
func (w *writer) meta(owner, due, status string, attrs map[string]string) {
	var parts []string
	if owner != "" {
		parts = append(parts, w.person(owner, "@"+owner))
	}
	for _, key := range []string{"role", "influence", "access", "by", "met"} {
		v := attrs[key]
		if v == "" {
			continue
		}
		switch key {
		case "role":
			parts = append(parts, html.EscapeString(v))
		case "influence":
			parts = append(parts, html.EscapeString(v)+" influence")
		case "access":
			parts = append(parts, map[string]string{"none": "no access yet", "via": "access through others", "met": "we have met"}[v])
		case "by":
			parts = append(parts, "by "+w.person(strings.ToLower(v[1:]), v))
		case "met":
			parts = append(parts, "met "+html.EscapeString(Day(v)))
		}
	}
	if due != "" {
		parts = append(parts, `due <time datetime="`+html.EscapeString(due)+`">`+html.EscapeString(Day(due))+"</time>")
	}
	if status != "" {
		parts = append(parts, `<span class="fact-status">`+html.EscapeString(status)+"</span>")
	}
	if len(parts) > 0 {
		w.s(`<span class="meta">`, strings.Join(parts, " · "), "</span>")
	}
}

// person is the HTML of somebody: a link when the caller's world knows them.
func (w *writer) person(handle, written string) string {
	name, href, ok := w.world.Person(handle)
	if !ok {
		return html.EscapeString(written)
	}
	if href == "" || !safeHref(href) {
		return html.EscapeString(name)
	}
	return `<a class="person" href="` + html.EscapeString(href) + `">` + html.EscapeString(name) + "</a>"
}

func (w *writer) list(n *ast.List, depth int) {
	tag, class := "ul", ""
	if n.IsOrdered() {
		tag = "ol"
	}
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		if w.doc.items[c] != nil {
			class = ` class="task-list"`
			break
		}
	}
	start := ""
	if n.IsOrdered() && n.Start != 1 {
		start = ` start="` + strconv.Itoa(n.Start) + `"`
	}
	w.s("<", tag, start, class, ">\n")
	w.blocks(n)
	w.unwind(depth)
	w.s("</", tag, ">\n")
}

func (w *writer) listItem(n *ast.ListItem, depth int) {
	it := w.doc.items[n]
	if it == nil {
		w.s("<li>")
		if fc := n.FirstChild(); fc != nil && fc.Kind() != ast.KindTextBlock {
			w.s("\n")
		}
		w.blocks(n)
		w.unwind(depth)
		w.s("</li>\n")
		return
	}
	w.s("<li")
	if it.task.Done {
		w.s(` class="is-done"`)
	}
	if id := w.doc.ids[n]; id != "" {
		w.s(` id="`, html.EscapeString(id), `"`)
	}
	w.s(`><input type="checkbox"`)
	if it.task.Done {
		w.s(` checked=""`)
	}
	if !w.opt.Tasks {
		w.s(` disabled=""`)
	}
	w.s(` data-line="`, strconv.Itoa(it.task.Line), `" aria-label="`, html.EscapeString(clip(it.task.Text, 200)), `">`)
	tag := "span"
	first := n.FirstChild()
	if first.NextSibling() != nil || first.Kind() != ast.KindTextBlock {
		tag = "div"
	}
	w.s("<", tag, ` class="task-text">`)
	if it.action != nil {
		w.hidden = it.meta.hidden
	}
	if first.Kind() == ast.KindTextBlock {
		w.inlines(first)
		w.out.buf = bytes.TrimRight(w.out.buf, " ")
		w.unwind(depth)
		w.hidden = nil
	} else {
		w.block(first)
		w.hidden = nil
	}
	for c := first.NextSibling(); c != nil && !w.out.full; c = c.NextSibling() {
		w.block(c)
	}
	w.unwind(depth)
	w.s("</", tag, ">")
	if it.action != nil {
		w.meta(it.action.Owner, it.action.Due, "", nil)
	}
	w.s("</li>\n")
}

func (w *writer) table(n *east.Table, depth int) {
	w.s(`<div class="table-scroll" tabindex="0" role="region" aria-label="`, w.region("Table"), `"><table class="data-table">`, "\n")
	body := false
	for row := n.FirstChild(); row != nil && !w.out.full; row = row.NextSibling() {
		cell := "td"
		if row.Kind() == east.KindTableHeader {
			cell = "th"
			w.s("<thead>\n")
		} else if !body {
			body = true
			w.s("<tbody>\n")
		}
		w.s("<tr>\n")
		for c := row.FirstChild(); c != nil; c = c.NextSibling() {
			w.s("<", cell)
			if cell == "th" {
				w.s(` scope="col"`)
			}
			if tc, ok := c.(*east.TableCell); ok {
				switch tc.Alignment {
				case east.AlignLeft, east.AlignCenter, east.AlignRight:
					w.s(` align="`, tc.Alignment.String(), `"`)
				}
				if tc.Alignment == east.AlignRight {
					w.s(` class="num"`)
				}
			}
			w.s(">")
			w.inlines(c)
			w.unwind(depth)
			w.s("</", cell, ">\n")
		}
		w.s("</tr>\n")
		if cell == "th" {
			w.s("</thead>\n")
		}
	}
	if body {
		w.s("</tbody>\n")
	}
	w.s("</table></div>\n")
}

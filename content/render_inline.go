package content

import (
	"bytes"
	"html"
	"path"
	"strconv"
	"strings"

	"github.com/yuin/goldmark/ast"
	east "github.com/yuin/goldmark/extension/ast"
	mdhtml "github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/util"
)

func (w *writer) inlines(n ast.Node) {
	for c := n.FirstChild(); c != nil && !w.out.full; c = c.NextSibling() {
		w.inline(c)
	}
}

func (w *writer) inline(n ast.Node) {
	body := w.doc.body
	switch n := n.(type) {
	case *ast.Text:
		v := n.Segment.Value(body)
		if n.IsRaw() {
			mdhtml.DefaultWriter.RawWrite(&w.out, v)
		} else {
			mdhtml.DefaultWriter.Write(&w.out, v)
		}
		if n.HardLineBreak() {
			w.s("<br>\n")
		} else if n.SoftLineBreak() {
			w.s("\n")
		}
	case *ast.String:
		w.esc(string(n.Value))
	case *ast.CodeSpan:
		w.s("<code>")
		for c := n.FirstChild(); c != nil; c = c.NextSibling() {
			if t, ok := c.(*ast.Text); ok {
				v := t.Segment.Value(body)
				if bytes.HasSuffix(v, []byte{'\n'}) {
					v = bytes.TrimSuffix(v[:len(v)-1], []byte{'\r'})
					mdhtml.DefaultWriter.RawWrite(&w.out, v)
					w.s(" ")
				} else {
					mdhtml.DefaultWriter.RawWrite(&w.out, v)
				}
			}
		}
		w.s("</code>")
	case *ast.Emphasis:
		tag := "em"
		if n.Level == 2 {
			tag = "strong"
		}
		w.element(tag, n)
	case *east.Strikethrough:
		w.element("del", n)
	case *ast.Link:
		w.anchor(unescapeDest(n.Destination), string(n.Title), func() { w.inlines(n) })
	case *ast.AutoLink:
		label := string(n.Label(body))
		w.anchor(autoDest(n, body), "", func() { w.esc(label) })
	case *ast.Image:
		w.image(n)
	case *ast.RawHTML:
		var b []byte
		for i := range n.Segments.Len() {
			s := n.Segments.At(i)
			b = append(b, s.Value(body)...)
		}
		w.rawHTML(b, true)
	case *wikiLink:
		w.wiki(n.link)
	case *mention:
		w.mention(n)
	case *east.FootnoteLink:
		i := strconv.Itoa(n.Index)
		if w.link > 0 {
			w.s("<sup>", i, "</sup>")
			break
		}
		w.s(`<sup id="`, noteRef(n.Index, n.RefIndex), `"><a class="footnote-ref" role="doc-noteref" href="#fn-`, i, `">`, i, "</a></sup>")
	case *east.FootnoteBacklink:
		w.s(` <a class="footnote-backref" role="doc-backlink" aria-label="Back to the text" href="#`, noteRef(n.Index, n.RefIndex), `">↩︎</a>`)
	case *attribute, *east.TaskCheckBox:
	default:
		w.inlines(n)
	}
}

func noteRef(index, ref int) string {
	id := "fnref-" + strconv.Itoa(index)
	if ref > 0 {
		id += "-" + strconv.Itoa(ref)
	}
	return id
}

// element writes an inline element; raw elements inside it end with it.
func (w *writer) element(tag string, n ast.Node) {
	depth, floor := len(w.raw), w.floor
	w.floor = depth
	w.s("<", tag, ">")
	w.inlines(n)
	w.unwind(depth)
	w.s("</", tag, ">")
	w.floor = floor
}

// anchor writes an ordinary link. Inside another link only its text is left.
func (w *writer) anchor(dest, title string, text func()) {
	href, missing := w.resolve(dest)
	depth, floor := len(w.raw), w.floor
	w.floor = depth
	defer func() { w.floor = floor }()
	if w.link > 0 {
		text()
		w.unwind(depth)
		return
	}
	w.link++
	w.s("<a")
	if safeHref(href) {
		w.s(` href="`, html.EscapeString(string(util.URLEscape([]byte(href), false))), `"`)
	}
	if missing {
		w.s(` class="wikilink is-new" title="This page does not exist yet"`)
	} else if title != "" {
		w.s(` title="`, html.EscapeString(plainText([]byte(title))), `"`)
	}
	switch scheme(href) {
	case "http", "https", "ftp":
		w.s(` rel="noopener nofollow"`)
	}
	w.s(">")
	text()
	w.unwind(depth)
	w.s("</a>")
	w.link--
}

// resolve asks the world where an ordinary destination leads.
func (w *writer) resolve(dest string) (href string, missing bool) {
	if dest == "" || dest[0] == '#' || !safeHref(dest) {
		return dest, false
	}
	href, missing = w.world.Dest(dest)
	if first, _, _ := strings.Cut(href, "/"); scheme(href) == "" && strings.Contains(first, ":") {
		href = "./" + href // or what is before the colon would be a scheme
	}
	return href, missing
}

// safeHref reports whether an address may stand in a link.
func safeHref(href string) bool {
	switch scheme(href) {
	case "", "http", "https", "mailto", "tel", "ftp":
		return true
	}
	return false
}

func (w *writer) image(n *ast.Image) {
	dest := unescapeDest(n.Destination)
	alt := w.doc.plainInline(n, nil)
	if !safeHref(dest) {
		w.esc(alt)
		return
	}
	href, missing := w.resolve(dest)
	s := scheme(href)
	if missing || s != "" && s != "http" && s != "https" {
		w.s(`<span class="missing-image" title="This file does not exist">`, html.EscapeString(alt), "</span>")
		return
	}
	address := html.EscapeString(string(util.URLEscape([]byte(href), false)))
	title := ""
	if len(n.Title) > 0 {
		title = ` title="` + html.EscapeString(plainText(n.Title)) + `"`
	}
	if s != "" && !w.opt.RemoteImages {
		if alt == "" {
			alt = dest
		}
		if w.link > 0 {
			w.esc(alt)
			return
		}
		w.s(`<a class="remote-image" href="`, address, `"`, title, ` rel="noopener nofollow">`, html.EscapeString(alt), "</a>")
		return
	}
	switch p, _, _ := strings.Cut(strings.ToLower(dest), "?"); path.Ext(p) {
	case ".mp4", ".webm", ".ogv", ".mov":
		w.s(`<video controls="" preload="metadata" src="`, address, `"`, title, ` aria-label="`, html.EscapeString(alt), `"></video>`)
	case ".mp3", ".ogg", ".oga", ".wav", ".m4a", ".flac":
		w.s(`<audio controls="" preload="metadata" src="`, address, `"`, title, ` aria-label="`, html.EscapeString(alt), `"></audio>`)
	default:
		w.s(`<img src="`, address, `" alt="`, html.EscapeString(alt), `"`, title, ` loading="lazy">`)
	}
}

func (w *writer) wiki(l Link) {
	if w.link > 0 {
		w.esc(l.label())
		return
	}
	if l.Page == "" && l.Prospect == "" { // [[#heading]] on this page
		w.s(`<a class="wikilink" href="#`, html.EscapeString(anchor(l.Fragment)), `">`, html.EscapeString(l.label()), "</a>")
		return
	}
	t := w.world.Page(l)
	text := l.Text
	if text == "" && t.Found {
		text = t.Title
	}
	if text == "" {
		text = l.label()
	}
	href := t.Href
	if href != "" && l.Fragment != "" && t.Found {
		href, _, _ = strings.Cut(href, "#") // how headings are named is known here
		href += "#" + anchor(l.Fragment)
	}
	w.s("<a")
	if href != "" && safeHref(href) {
		w.s(` href="`, html.EscapeString(href), `"`)
	}
	if t.Found {
		w.s(` class="wikilink"`)
		if t.Section != "" {
			w.s(` data-section="`, html.EscapeString(t.Section), `"`)
		}
	} else {
		w.s(` class="wikilink is-new" title="This page does not exist yet"`)
	}
	w.s(">", html.EscapeString(text), "</a>")
}

func (w *writer) mention(n *mention) {
	if w.hidden[n] {
		return
	}
	name, href, ok := w.world.Person(n.handle)
	switch {
	case !ok:
		w.esc(n.text)
	case w.link > 0 || href == "" || !safeHref(href):
		w.s(`<span class="mention">@`, html.EscapeString(name), "</span>")
	default:
		w.s(`<a class="mention" href="`, html.EscapeString(href), `">@`, html.EscapeString(name), "</a>")
	}
}

// unescapeDest resolves backslash escapes and entities in a destination.
func unescapeDest(b []byte) string {
	return string(util.ResolveEntityNames(util.ResolveNumericReferences(util.UnescapePunctuations(b))))
}

func autoDest(n *ast.AutoLink, body []byte) string {
	u := string(n.URL(body))
	if n.AutoLinkType == ast.AutoLinkEmail && !strings.HasPrefix(strings.ToLower(u), "mailto:") {
		return "mailto:" + u
	}
	return u
}

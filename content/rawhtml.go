package content

import (
	"bytes"
	stdhtml "html"
	"slices"
	"strings"

	"github.com/yuin/goldmark/ast"
	"golang.org/x/net/html"
)

// rawTags are the raw elements that are shown, with the attributes that stay.
// Those that are blocks may only stand where blocks may.
var rawTags = map[string]struct {
	block bool
	void  bool
	attrs []string
}{
	"a": {attrs: []string{"href", "title"}}, "abbr": {attrs: []string{"title"}}, "b": {}, "br": {void: true},
	"cite": {}, "code": {}, "del": {}, "dfn": {}, "em": {}, "i": {}, "ins": {}, "kbd": {}, "mark": {}, "q": {}, "s": {},
	"samp": {}, "small": {}, "strong": {}, "sub": {}, "sup": {}, "u": {}, "var": {}, "wbr": {void: true},
	"img":        {void: true, attrs: []string{"src", "alt", "title", "width", "height"}},
	"blockquote": {block: true}, "dd": {block: true}, "details": {block: true, attrs: []string{"open"}}, "div": {block: true, attrs: []string{"align"}},
	"dl": {block: true}, "dt": {block: true}, "h1": {block: true}, "h2": {block: true}, "h3": {block: true}, "h4": {block: true},
	"h5": {block: true}, "h6": {block: true}, "hr": {block: true, void: true}, "li": {block: true}, "ol": {block: true, attrs: []string{"start"}},
	"p": {block: true, attrs: []string{"align"}}, "pre": {block: true}, "summary": {block: true}, "table": {block: true},
	"tbody": {block: true}, "td": {block: true, attrs: []string{"align", "colspan", "rowspan"}}, "tfoot": {block: true},
	"th": {block: true, attrs: []string{"align", "colspan", "rowspan"}}, "thead": {block: true}, "tr": {block: true}, "ul": {block: true},
}

// droppedText are raw elements that go with everything inside them; of others
// that are not shown the text stays.
var droppedText = []string{"script", "style"}

func (w *writer) htmlBlock(n *ast.HTMLBlock) {
	var b []byte
	for i := range n.Lines().Len() {
		s := n.Lines().At(i)
		b = append(b, s.Value(w.doc.body)...)
	}
	if n.HasClosure() {
		b = append(b, n.ClosureLine.Value(w.doc.body)...)
	}
	w.rawHTML(b, false)
	w.drop = ""
	if !bytes.HasSuffix(b, []byte{'\n'}) {
		w.s("\n")
	}
}

// rawHTML writes what the allow-list leaves of raw HTML. An element that is
// closed but not open is left out, so raw HTML never ends an element of ours;
// one left open is closed where the element around it ends.
func (w *writer) rawHTML(b []byte, inline bool) {
	z := html.NewTokenizer(bytes.NewReader(b))
	for !w.out.full {
		switch z.Next() {
		case html.ErrorToken:
			return
		case html.TextToken:
			if w.drop == "" {
				w.esc(stdhtml.UnescapeString(string(z.Text())))
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			w.rawOpen(z.Token(), inline)
		case html.EndTagToken:
			w.rawClose(z.Token().Data)
		}
	}
}

func (w *writer) rawOpen(t html.Token, inline bool) {
	if w.drop != "" {
		return
	}
	if slices.Contains(droppedText, t.Data) {
		if !inline {
			w.drop = t.Data
		}
		return
	}
	tag, ok := rawTags[t.Data]
	if !ok || inline && tag.block || t.Data == "a" && w.link > 0 || len(w.raw) >= maxNesting {
		return
	}
	if t.Data == "a" && slices.Contains(w.raw, "a") {
		return
	}
	var attrs strings.Builder
	for _, a := range t.Attr {
		if !slices.Contains(tag.attrs, a.Key) {
			continue
		}
		v := a.Val
		switch a.Key {
		case "href", "src":
			if !safeHref(v) {
				continue
			}
			href, missing := w.resolve(v)
			if missing || !safeHref(href) {
				continue
			}
			v = href
			switch s := scheme(href); {
			case a.Key == "src" && s != "" && !w.opt.RemoteImages:
				continue
			case a.Key == "href" && s != "":
				attrs.WriteString(` rel="noopener nofollow"`)
			}
		case "align":
			v = strings.ToLower(v)
			if v != "left" && v != "right" && v != "center" {
				continue
			}
		case "width", "height", "start", "colspan", "rowspan":
			if v == "" || len(v) > 4 || strings.Trim(v, "0123456789") != "" {
				continue
			}
		case "open":
			v = ""
		}
		attrs.WriteString(" " + a.Key + `="` + stdhtml.EscapeString(v) + `"`)
	}
	if t.Data == "img" {
		if !strings.Contains(attrs.String(), " alt=") {
			attrs.WriteString(` alt=""`)
		}
		attrs.WriteString(` loading="lazy"`)
	}
	w.s("<", t.Data, attrs.String(), ">")
	if !tag.void {
		w.raw = append(w.raw, t.Data)
		if t.Data == "a" {
			w.link++
		}
	}
}

func (w *writer) rawClose(name string) {
	if w.drop != "" {
		if w.drop == name {
			w.drop = ""
		}
		return
	}
	for i := len(w.raw) - 1; i >= w.floor; i-- {
		if w.raw[i] == name {
			w.unwind(i)
			return
		}
	}
}

// unwind closes raw elements until depth of them are open.
func (w *writer) unwind(depth int) {
	for len(w.raw) > depth {
		last := w.raw[len(w.raw)-1]
		w.raw = w.raw[:len(w.raw)-1]
		if last == "a" {
			w.link--
		}
		w.s("</", last, ">")
	}
}

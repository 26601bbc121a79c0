package content

import (
	"bytes"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// LinkKind says how a link is written.
type LinkKind int

const (
	// Wiki is a link in double square brackets.
	Wiki LinkKind = iota
	// Relative is an ordinary link without a scheme.
	Relative
	// URL is an ordinary or bare link with a scheme.
	URL
	// Image is an image, wherever it is.
	Image
)

// Link is a link or image of a page.
type Link struct {
	Kind     LinkKind
	Dest     string // as written, references resolved
	Text     string // plain text; for wiki links only what follows the bar
	Prospect string // wiki links: before the colon, else empty
	Page     string // wiki links: “stage/page” or “page”
	Fragment string // wiki links: after the #
	Line     int    // 1-based line in the source
}

// Target is what a [Resolver] answers for a wiki link.
type Target struct {
	Href    string // may be set for a missing page too: where it can be made
	Title   string // shown when the link has no text of its own
	Section string // “internal” or “external”, for the tooltip; may be empty
	Found   bool
}

// Resolver is what rendering needs to know of the world. The caller decides
// what may be seen: a page that may not be seen is answered as a missing one.
type Resolver interface {
	// Page answers where a wiki link leads.
	Page(l Link) Target
	// Dest answers the address for the destination of an ordinary link or
	// image. Relative ones are resolved; URLs are returned as they are.
	Dest(dest string) (href string, missing bool)
	// Person answers who a handle is.
	Person(handle string) (name, href string, ok bool)
}

// noWorld resolves nothing and leaves ordinary links as they are.
type noWorld struct{}

func (noWorld) Page(Link) Target                     { return Target{} }
func (noWorld) Dest(d string) (string, bool)         { return d, false }
func (noWorld) Person(string) (string, string, bool) { return "", "", false }

var kindWikiLink = ast.NewNodeKind("WikiLink")

// wikiLink is a “[[page]]”.
type wikiLink struct {
	ast.BaseInline
	link Link
}

// Kind implements [ast.Node].
func (n *wikiLink) Kind() ast.NodeKind { return kindWikiLink }

// Dump implements [ast.Node].
func (n *wikiLink) Dump(source []byte, level int) {
	ast.DumpHelper(n, source, level, map[string]string{"dest": n.link.Dest}, nil)
}

// label is what a wiki link shows when nobody knows its title.
func (l Link) label() string {
	if l.Text != "" {
		return l.Text
	}
	if l.Page == "" && l.Fragment != "" {
		return "#" + l.Fragment
	}
	return l.Dest
}

// plain is what a wiki link is in plain text, where it leads nowhere: its words,
// or the page's name alone. Of the place nothing is told: the same text is shown
// to readers who know of no stages, and whether the page is there or not.
func (l Link) plain() string {
	if l.Text != "" || l.Page == "" {
		return l.label()
	}
	return strings.ReplaceAll(l.Page[strings.LastIndexByte(l.Page, '/')+1:], "-", " ")
}

// wikiLinkParser reads “[[stage/page]]”, “[[page|text]]” and
// “[[prospect:stage/page#heading]]”.
type wikiLinkParser struct{}

const maxWikiLink = 600 // bytes between the brackets

// Trigger implements [parser.InlineParser].
func (wikiLinkParser) Trigger() []byte { return []byte{'['} }

// Parse implements [parser.InlineParser].
func (wikiLinkParser) Parse(_ ast.Node, block text.Reader, _ parser.Context) ast.Node {
	line, _ := block.PeekLine()
	if !bytes.HasPrefix(line, []byte("[[")) {
		return nil
	}
	inner := line[2:min(len(line), 2+maxWikiLink)]
	end := bytes.IndexAny(inner, "[]\n")
	if end <= 0 || !bytes.HasPrefix(inner[end:], []byte("]]")) {
		return nil
	}
	l, ok := parseWikiLink(string(inner[:end]))
	if !ok {
		return nil
	}
	block.Advance(2 + end + 2)
	return &wikiLink{link: l}
}

func parseWikiLink(s string) (Link, bool) {
	l := Link{Kind: Wiki}
	// In a table the bar is escaped.
	dest, text, _ := strings.Cut(strings.Replace(s, `\|`, "|", 1), "|")
	l.Dest, l.Text = strings.TrimSpace(dest), strings.TrimSpace(text)
	rest, fragment, _ := strings.Cut(l.Dest, "#")
	l.Fragment = strings.TrimSpace(fragment)
	if prospect, page, ok := strings.Cut(rest, ":"); ok {
		l.Prospect, rest = strings.TrimSpace(prospect), page
	}
	l.Page = strings.TrimSuffix(strings.Trim(strings.TrimSpace(rest), "/"), ".md")
	return l, l.Page != "" || l.Fragment != "" && l.Prospect == ""
}

// scheme returns the scheme of an address in lower case, "" when it has none.
// An address that begins with two slashes has the scheme of its page, and
// counts as "https". What browsers skip inside a scheme is skipped here.
func scheme(dest string) string {
	var b strings.Builder
	for i := range len(dest) {
		switch c := dest[i]; {
		case c <= ' ' || c == 0x7f:
		case c == ':':
			if b.Len() == 0 {
				return "?"
			}
			return b.String()
		case c >= 'A' && c <= 'Z':
			b.WriteByte(c + 'a' - 'A')
		case c >= 'a' && c <= 'z', b.Len() > 0 && (c >= '0' && c <= '9' || c == '+' || c == '-' || c == '.'):
			b.WriteByte(c)
		case (c == '/' || c == '\\') && b.Len() == 0:
			if i+1 < len(dest) && (dest[i+1] == '/' || dest[i+1] == '\\') {
				return "https"
			}
			return ""
		default:
			return ""
		}
	}
	return ""
}

func linkKind(dest string) LinkKind {
	if scheme(dest) != "" {
		return URL
	}
	return Relative
}

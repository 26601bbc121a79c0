package content

import (
	"regexp"

	"github.com/microcosm-cc/bluemonday"
)

// policy is the second fence: whatever the writer makes, only this leaves. It
// is never changed after it was made.
var policy = newPolicy()

func newPolicy() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("abbr", "b", "blockquote", "br", "cite", "code", "dd", "del", "dfn", "div", "dl", "dt", "em", "h1", "h2", "h3",
		"h4", "h5", "h6", "hr", "i", "ins", "kbd", "li", "mark", "ol", "p", "pre", "q", "s", "samp", "section", "small", "span",
		"strong", "sub", "summary", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "time", "tr", "u", "ul", "var", "wbr",
		"a", "img", "details", "input", "audio", "video")
	p.AllowNoAttrs().OnElements("a", "span", "details")

	number := regexp.MustCompile(`^[0-9]{1,9}$`)
	p.AllowAttrs("href").OnElements("a")
	p.AllowAttrs("rel").Matching(regexp.MustCompile(`^noopener nofollow$`)).OnElements("a")
	p.AllowAttrs("src").OnElements("img", "audio", "video")
	p.AllowAttrs("alt").OnElements("img")
	p.AllowAttrs("loading").Matching(regexp.MustCompile(`^lazy$`)).OnElements("img")
	p.AllowAttrs("width", "height").Matching(number).OnElements("img")
	p.AllowAttrs("controls").Matching(regexp.MustCompile(`^$`)).OnElements("audio", "video")
	p.AllowAttrs("preload").Matching(regexp.MustCompile(`^metadata$`)).OnElements("audio", "video")
	p.AllowAttrs("title").OnElements("a", "abbr", "img", "span", "audio", "video")
	p.AllowAttrs("type").Matching(regexp.MustCompile(`^checkbox$`)).OnElements("input")
	p.AllowAttrs("checked", "disabled").Matching(regexp.MustCompile(`^$`)).OnElements("input")
	p.AllowAttrs("open").Matching(regexp.MustCompile(`^$`)).OnElements("details")
	p.AllowAttrs("align").Matching(regexp.MustCompile(`^(left|right|center)$`)).OnElements("td", "th", "div", "p")
	p.AllowAttrs("colspan", "rowspan").Matching(number).OnElements("td", "th")
	p.AllowAttrs("scope").Matching(regexp.MustCompile(`^col$`)).OnElements("th")
	p.AllowAttrs("start").Matching(number).OnElements("ol")
	p.AllowAttrs("datetime").Matching(regexp.MustCompile(`^[0-9-]{10}$`)).OnElements("time")
	p.AllowAttrs("tabindex").Matching(regexp.MustCompile(`^0$`)).OnElements("div", "pre")
	p.AllowAttrs("role").Matching(regexp.MustCompile(`^(note|region|doc-noteref|doc-backlink|doc-endnotes)$`)).OnElements("div", "pre", "a", "section")
	p.AllowAttrs("aria-label").OnElements("div", "pre", "a", "input", "audio", "video")
	p.AllowAttrs("id").Matching(regexp.MustCompile(`^[\pL\pM\pN_-]{1,500}$`)).OnElements("h1", "h2", "h3", "h4", "h5", "h6", "div", "li", "sup")
	p.AllowAttrs("data-line").Matching(number).OnElements("div", "input")
	p.AllowAttrs("data-status").Matching(regexp.MustCompile(`^[a-z-]{1,40}$`)).OnElements("div")
	p.AllowAttrs("data-section").Matching(regexp.MustCompile(`^(internal|external)$`)).OnElements("a")
	p.AllowAttrs("class").Matching(regexp.MustCompile(`^[a-z0-9 -]{1,80}$|^language-[^\s"'<>&]{1,40}$`)).Globally()

	p.AllowURLSchemes("http", "https", "mailto", "tel", "ftp")
	p.AllowRelativeURLs(true)
	p.RequireParseableURLs(true)
	return p
}

func sanitize(b []byte) []byte { return policy.SanitizeBytes(b) }

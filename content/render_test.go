package content_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"dealwiki/content"
)

func TestRenderOptions(t *testing.T) {
	page := "# Plan\n\n- [ ] a @sam\n- [x] b\n\n![far](https://example.com/x.png) <img src=\"https://example.com/y.png\" alt=\"raw\">\n\n# Second\n"
	d := content.Parse([]byte(page))
	plain := string(d.HTML(world{}, content.RenderOptions{}))
	assert.Equal(t, 2, strings.Count(plain, `disabled=""`))
	assert.Contains(t, plain, `<h1 id="plan">`)
	assert.Contains(t, plain, `<a class="remote-image" href="https://example.com/x.png" rel="noopener nofollow">far</a>`)
	assert.NotContains(t, plain, "y.png")
	all := string(d.HTML(world{}, content.RenderOptions{Tasks: true, HideTitle: true, RemoteImages: true}))
	assert.NotContains(t, all, "disabled")
	assert.Contains(t, all, `<input type="checkbox" checked="" data-line="4" aria-label="b">`)
	assert.NotContains(t, all, `id="plan"`)
	assert.Contains(t, all, `<h1 id="second">`)
	assert.Contains(t, all, `<img src="https://example.com/x.png" alt="far" loading="lazy">`)
	assert.Contains(t, all, "y.png")

	// A title in the front matter hides a heading that says the same, no other.
	for page, hidden := range map[string]bool{"---\ntitle: Plan\n---\n# Plan\n": true, "---\ntitle: Close plan\n---\n# Plan\n": false} {
		out := string(content.Parse([]byte(page)).HTML(nil, content.RenderOptions{HideTitle: true}))
		assert.Equal(t, hidden, !strings.Contains(out, "<h1"), page)
	}
}

// Spaces at the end of a line are not shown, whatever stands before them.
func TestTrailingSpaces(t *testing.T) {
	for in, want := range map[string]string{
		"aaa     \nbbb     \n":    "<p>aaa<br>\nbbb</p>\n",
		"foo       \nbaz":         "<p>foo<br>\nbaz</p>\n",
		"foo \n baz":              "<p>foo\nbaz</p>\n",
		"### foo     \n":          "", // only that it has no trailing space, below
		"foo  ":                   "<p>foo</p>\n",
		"*foo*   \nbar":           "<p><em>foo</em><br>\nbar</p>\n",
		"`code `   \nbar":         "<p><code>code </code><br>\nbar</p>\n",
		"https://a.example   \nb": "<p><a href=\"https://a.example\" rel=\"noopener nofollow\">https://a.example</a><br>\nb</p>\n",
		"a   \r\nb\r\n":           "<p>a<br>\nb</p>\n",
		"a\\\nb":                  "<p>a<br>\nb</p>\n",
	} {
		out := string(content.Parse([]byte(in)).HTML(nil, content.RenderOptions{}))
		if want != "" {
			assert.Equal(t, want, out, "%q", in)
		}
		assert.NotContains(t, out, " \n", "%q", in)
		assert.NotContains(t, out, " <br>", "%q", in)
		assert.NotContains(t, out, "foo ", "%q", in)
	}
}

// Every byte that comes in goes out again.
func TestSourceIsKept(t *testing.T) {
	for _, in := range []string{"", "\n", "a", "a\r", "\xef\xbb\xbf# a\r\n", "\xef\xbb\xbf", "a\x00b\xff\n\n\n", "---\na: b\n---", "\t \t", strings.Repeat("x", 2<<20)} {
		assert.Equal(t, in, string(content.Parse([]byte(in)).Source()))
	}
}

func TestBadUTF8(t *testing.T) {
	d := content.Parse([]byte("# \xff\n\n> [!risk] \xc3( @\xff due:2027-01-01\n\n[[\xfe]] [a](\xff.md) `\xc0\xaf` @s\xffam\n\n| \xff |\n|--|\n\n```\xff\n\xff\n```\n"))
	harmless(t, "bad UTF-8", string(d.HTML(world{}, content.RenderOptions{})))
	assert.Len(t, d.Facts(), 1)
	assert.Equal(t, "\uFFFD", d.Title())
}

package ui_test

import (
	"bytes"
	"html/template"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"dealwiki/web"
	"dealwiki/web/ui"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
)

func templates(t testing.TB) (*ui.Assets, *ui.Templates) {
	t.Helper()
	assets, err := ui.NewAssets()
	require.NoError(t, err)
	screens, err := ui.NewTemplates(assets)
	require.NoError(t, err)
	return assets, screens
}

func draw(t testing.TB, screens *ui.Templates, e example) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, screens.Execute(&b, e.template, e.view), e.name)
	return b.Bytes()
}

// Every screen is drawn, and follows the rules that a content security policy
// and a screen reader need.
func TestEveryScreen(t *testing.T) {
	assets, screens := templates(t)
	drawn := map[string]bool{}
	for _, e := range examples() {
		drawn[e.template] = true
		t.Run(e.name, func(t *testing.T) {
			page := draw(t, screens, e)
			assert.NotContains(t, string(page), "ZgotmplZ", "a value was refused by its place")
			doc, err := html.Parse(bytes.NewReader(page))
			require.NoError(t, err)
			checkDocument(t, assets, doc)
		})
	}
	for _, name := range screens.Names() {
		assert.True(t, drawn[name], "template %s has no example", name)
	}
}

func checkDocument(t *testing.T, assets *ui.Assets, doc *html.Node) {
	ids := map[string]bool{}
	var refs, labels []string
	controls := map[string]bool{}
	mains, h1s := 0, 0
	for _, n := range slices.Collect(doc.Descendants()) {
		if n.Type != html.ElementNode {
			continue
		}
		attr := map[string]string{}
		for _, a := range n.Attr {
			attr[a.Key] = a.Val
			assert.False(t, a.Key == "style" || strings.HasPrefix(a.Key, "on"), "<%s %s> is refused by the policy", n.Data, a.Key)
		}
		if id, ok := attr["id"]; ok {
			assert.False(t, ids[id], "id %s stands twice", id)
			ids[id] = true
		}
		for _, key := range []string{"aria-labelledby", "aria-describedby", "aria-controls", "popovertarget", "form"} {
			if v := attr[key]; v != "" {
				refs = append(refs, strings.Fields(v)...)
			}
		}
		switch n.Data {
		case "main":
			mains++
		case "h1":
			h1s++
		case "style":
			t.Error("a style element is refused by the policy")
		case "script":
			if attr["type"] != "application/json" { // data, not a script
				assert.NotEmpty(t, attr["src"], "an inline script is refused by the policy")
			}
		case "label":
			labels = append(labels, attr["for"])
		case "img":
			assert.Contains(t, attr, "alt")
		case "a":
			assert.NotEmpty(t, attr["href"], "link without address: %s", text(n))
			assert.NotEmpty(t, text(n)+attr["aria-label"], "link without a name")
		case "button":
			assert.NotEmpty(t, text(n)+attr["aria-label"], "button without a name")
		case "use":
			_, name, _ := strings.Cut(attr["href"], "#")
			assert.Contains(t, sprite(t, assets), `id="`+name+`"`, "icon %s", name)
		case "input", "select", "textarea":
			if attr["type"] != "hidden" && attr["aria-label"] == "" && attr["aria-hidden"] == "" && !inLabel(n) {
				assert.NotEmpty(t, attr["id"], "<%s name=%s> has no label", n.Data, attr["name"])
				controls[attr["id"]] = true
			}
		}
	}
	assert.Equal(t, 1, mains, "one main")
	assert.Equal(t, 1, h1s, "one h1")
	for _, ref := range refs {
		assert.True(t, ids[ref], "nothing has the id %s", ref)
	}
	for _, l := range labels {
		delete(controls, l)
	}
	assert.Empty(t, controls, "fields without a label")
}

func inLabel(n *html.Node) bool {
	for p := n.Parent; p != nil; p = p.Parent {
		if p.Data == "label" {
			return true
		}
	}
	return false
}

func text(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return strings.TrimSpace(b.String())
}

func sprite(t *testing.T, assets *ui.Assets) string {
	t.Helper()
	w := httptest.NewRecorder()
	assets.ServeHTTP(w, httptest.NewRequest(http.MethodGet, assets.URL("icons.svg"), nil))
	return w.Body.String()
}

// Text of people is text on every screen.
func TestValuesAreEscaped(t *testing.T) {
	_, screens := templates(t)
	const evil = `"><script>alert(1)</script>`
	view := web.PageView{Shell: space(evil, web.AudienceInternal), Page: head(web.AudienceInternal)}
	view.Space.Name, view.Page.Title, view.Flash = evil, evil, &web.Flash{Kind: "ok", Text: evil, Href: "javascript:alert(1)", Label: evil}
	page := draw(t, screens, example{"evil", "page", view})
	assert.NotContains(t, string(page), "<script>alert")
	assert.NotContains(t, string(page), `href="javascript:`)
}

func TestUnknownScreen(t *testing.T) {
	_, screens := templates(t)
	var b bytes.Buffer
	require.ErrorIs(t, screens.Execute(&b, "nothing", nil), ui.ErrNoTemplate)
	require.Error(t, screens.Execute(&b, "board", struct{}{}))
	assert.Zero(t, b.Len(), "a screen that fails sends nothing")
}

// The title of a document starts with its audience.
func TestTitleNamesTheAudience(t *testing.T) {
	_, screens := templates(t)
	page := draw(t, screens, example{"page", "page", web.PageView{Shell: space("Close plan", web.AudienceExternal), Page: head(web.AudienceExternal), Body: template.HTML("<p>x</p>")}})
	assert.Regexp(t, regexp.MustCompile(`<title>External · Close plan · Northwind Rail · dealwiki</title>`), string(page))
}

// TestDrawScreens writes every example and the assets into the folder that
// DEALWIKI_SCREENS names, for looking at them in a browser.
func TestDrawScreens(t *testing.T) {
	dir := os.Getenv("DEALWIKI_SCREENS")
	if dir == "" {
		t.Skip("set DEALWIKI_SCREENS to a folder to have every screen written there")
	}
	assets, screens := templates(t)
	for _, e := range examples() {
		require.NoError(t, os.WriteFile(filepath.Join(dir, e.name+".html"), draw(t, screens, e), 0o644))
	}
	for _, name := range assets.Names() {
		w := httptest.NewRecorder()
		assets.ServeHTTP(w, httptest.NewRequest(http.MethodGet, assets.URL(name), nil))
		to := filepath.Join(dir, filepath.FromSlash(assets.URL(name)))
		require.NoError(t, os.MkdirAll(filepath.Dir(to), 0o755))
		require.NoError(t, os.WriteFile(to, w.Body.Bytes(), 0o644))
	}
}

func BenchmarkPage(b *testing.B) {
	_, screens := templates(b)
	var view any
	for _, e := range examples() {
		if e.name == "page" {
			view = e.view
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := screens.Execute(discard{}, "page", view); err != nil {
			b.Fatal(err)
		}
	}
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

package ui_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"dealwiki/web/ui"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// policy is what the server sends with every page.
const policy = "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-n0nce'; img-src 'self' data:; font-src 'self'; connect-src 'self'; media-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// needs finds a program or file that some tests need; without it they skip, but
// fail where CI is set.
func needs(t *testing.T, what string, found bool) {
	t.Helper()
	if found {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is missing", what)
	}
	t.Skipf("%s is missing", what)
}

// Every screen opens in a real browser under the policy without a complaint,
// fits a phone, and passes the accessibility rules.
func TestScreensInABrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("a browser takes long")
	}
	chromium := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			chromium = path
			break
		}
	}
	needs(t, "chromium", chromium != "")
	axe, err := os.ReadFile("node_modules/axe-core/axe.min.js")
	needs(t, "axe-core (npm ci in web/ui)", err == nil)

	assets, screens := templates(t)
	mux := http.NewServeMux()
	mux.Handle(ui.AssetPath, assets)
	for _, e := range examples() {
		body := draw(t, screens, e)
		mux.HandleFunc("/screens/"+e.name, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Security-Policy", policy)
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = w.Write(body)
		})
	}
	// What the scripts ask for by themselves.
	mux.HandleFunc("POST /api/v1/render", func(w http.ResponseWriter, r *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]string{"html": string(prose)})
	})
	// The live editor waits for a server that does not answer.
	mux.HandleFunc("/live/", func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	// Pictures and sounds of the examples.
	mux.HandleFunc("/x", func(w http.ResponseWriter, r *http.Request) { http.ServeFileFS(w, r, os.DirFS("icons"), "favicon.svg") })
	server := httptest.NewServer(mux)
	defer server.Close()

	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium), chromedp.NoSandbox, chromedp.DisableGPU)
	allocator, stop := chromedp.NewExecAllocator(t.Context(), options...)
	defer stop()
	browser, cancel := chromedp.NewContext(allocator)
	defer cancel()
	require.NoError(t, chromedp.Run(browser))

	var mu sync.Mutex
	var complaints []string
	complain := func(text string) {
		mu.Lock()
		defer mu.Unlock()
		complaints = append(complaints, text)
	}
	chromedp.ListenTarget(browser, func(event any) {
		switch e := event.(type) {
		case *runtime.EventExceptionThrown:
			complain(e.ExceptionDetails.Error())
		case *log.EventEntryAdded:
			if strings.Contains(e.Entry.Text, "beforeunload") {
				return // the editor asks before text is lost, and nobody is here to answer
			}
			if e.Entry.Source == log.SourceSecurity || e.Entry.Level == log.LevelError {
				complain(e.Entry.Text + " " + e.Entry.URL)
			}
		}
	})
	for _, size := range []struct {
		name          string
		width, height int64
		theme         string
	}{{"desktop-light", 1440, 900, "light"}, {"phone-dark", 390, 4000, "dark"}} {
		t.Run(size.name, func(t *testing.T) {
			for _, e := range examples() {
				ctx, done := context.WithTimeout(browser, 2*time.Minute)
				var wide int64
				var broken string
				err := chromedp.Run(ctx,
					emulation.SetDeviceMetricsOverride(size.width, size.height, 1, false),
					emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: size.theme}, {Name: "prefers-reduced-motion", Value: "reduce"}}),
					chromedp.Navigate(server.URL+"/screens/"+e.name),
					chromedp.Evaluate(`document.documentElement.scrollWidth - innerWidth`, &wide),
					chromedp.ActionFunc(func(ctx context.Context) error {
						// The checker comes in through the debugger, past the policy.
						return page.SetBypassCSP(true).Do(ctx)
					}),
					chromedp.Evaluate(string(axe)+";0", nil),
					chromedp.Evaluate(`axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}).then(r => r.violations.map(v => v.id + ": " + v.nodes.map(n => n.html.slice(0, 200)).join(" | ")).join("\n"))`,
						&broken, func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }),
					page.SetBypassCSP(false),
				)
				done()
				require.NoError(t, err, e.name)
				assert.LessOrEqual(t, wide, int64(0), "%s is wider than the window", e.name)
				assert.Empty(t, broken, e.name)
				mu.Lock()
				assert.Empty(t, strings.Join(complaints, "\n"), e.name)
				complaints = nil
				mu.Unlock()
			}
		})
	}
}

package ui_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"

	"dealwiki/internal/chrome"
	"dealwiki/web"
	"dealwiki/web/ui"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
)

// policy is what the server sends with every page.
const policy = "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-n0nce'; img-src 'self' data:; font-src 'self'; connect-src 'self'; media-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// Every screen opens in a real browser under the policy without a complaint,
// fits a phone, and passes the accessibility rules.
func TestScreensInABrowser(t *testing.T) {
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
	mux.HandleFunc("GET /-/shared/{prospect}/present", func(w http.ResponseWriter, r *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string][]web.Present{"people": {{Name: "Ingrid Solberg", Initials: "IS", Color: 7, Guest: true, Editing: true, Title: "Mutual action plan", Href: "#"}, {Name: "Dana Reyes", Initials: "DR", Color: 1, Me: true, Href: "#"}}})
	})
	// The live editor waits for a server that does not answer.
	mux.HandleFunc("/live/", func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	// Pictures and sounds of the examples.
	mux.HandleFunc("/x", func(w http.ResponseWriter, r *http.Request) { http.ServeFileFS(w, r, os.DirFS("icons"), "favicon.svg") })
	server := httptest.NewServer(mux)
	defer server.Close()

	for _, size := range []struct {
		name          string
		width, height int64
		theme         string
	}{{"desktop-light", 1440, 900, "light"}, {"phone-dark", 390, 4000, "dark"}} {
		t.Run(size.name, func(t *testing.T) {
			window := chrome.Open(t)
			var mu sync.Mutex
			var failed []string // requests
			chromedp.ListenTarget(window.Ctx, func(event any) {
				if e, ok := event.(*log.EventEntryAdded); ok && e.Entry.Source == log.SourceNetwork && e.Entry.Level == log.LevelError {
					mu.Lock()
					defer mu.Unlock()
					failed = append(failed, e.Entry.Text+" "+e.Entry.URL)
				}
			})
			for _, e := range examples() {
				var wide int64
				var broken string
				window.Do(e.name,
					emulation.SetDeviceMetricsOverride(size.width, size.height, 1, false),
					emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: size.theme}, {Name: "prefers-reduced-motion", Value: "reduce"}}),
					chromedp.Navigate(server.URL+"/screens/"+e.name),
					chromedp.Evaluate(`document.documentElement.scrollWidth - innerWidth`, &wide),
					chrome.Axe(t, &broken),
				)
				assert.LessOrEqual(t, wide, int64(0), "%s is wider than the window", e.name)
				assert.Empty(t, broken, e.name)
				window.Quiet(e.name)
				mu.Lock()
				assert.Empty(t, strings.Join(failed, "\n"), e.name)
				failed = nil
				mu.Unlock()
			}
		})
	}
}

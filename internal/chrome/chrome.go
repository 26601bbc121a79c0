// Package chrome opens a real browser for tests. It listens for what the
// browser complains about: exceptions, errors of scripts, what the page's policy
// forbids.
package chrome

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/internal/need"
)

// patience is how long one browser may be used.
const patience = 5 * time.Minute

// Browser is a window 1440 by 900 that is closed with the test.
type Browser struct {
	t testing.TB
	// Ctx is for chromedp's own calls.
	Ctx context.Context

	mu         sync.Mutex
	complaints []string
}

// Open starts one. Without Chromium the test is skipped, in CI it fails.
func Open(t testing.TB) *Browser {
	t.Helper()
	if testing.Short() {
		t.Skip("a browser takes long")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(need.Program(t, "chromium", "chromium-browser", "google-chrome")),
		chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true), chromedp.WindowSize(1440, 900), chromedp.WSURLReadTimeout(2*time.Minute))
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	b := &Browser{t: t}
	chromedp.ListenTarget(ctx, b.hear)
	// Started before it gets a deadline, which is for what is done with it.
	require.NoError(t, chromedp.Run(ctx, emulation.SetFocusEmulationEnabled(true)))
	b.Ctx, cancel = context.WithTimeout(ctx, patience)
	t.Cleanup(cancel)
	return b
}

func (b *Browser) hear(event any) {
	text := ""
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		text = e.ExceptionDetails.Error()
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.APITypeError { // what a plugin of an editor throws is logged so
			var words []string
			for _, a := range e.Args {
				words = append(words, a.Description+string(a.Value))
			}
			text = "console: " + strings.Join(words, " ")
		}
	case *log.EventEntryAdded:
		if e.Entry.Source == log.SourceSecurity || e.Entry.Level == log.LevelError && e.Entry.Source != log.SourceNetwork {
			text = e.Entry.Text + " " + e.Entry.URL
		}
	}
	// A page may ask before text is lost; nobody is here to answer.
	if text != "" && !strings.Contains(text, "beforeunload") {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.complaints = append(b.complaints, text)
	}
}

// Do does things one after the other.
func (b *Browser) Do(what string, actions ...chromedp.Action) {
	b.t.Helper()
	require.NoError(b.t, chromedp.Run(b.Ctx, actions...), what)
}

// Size makes the window so many pixels wide and high.
func (b *Browser) Size(width, height int64) {
	b.t.Helper()
	b.Do("changing the size", emulation.SetDeviceMetricsOverride(width, height, 1, false))
}

// Eval evaluates an expression, waits for it if it is a promise, and reads what
// it answers.
func (b *Browser) Eval(expression string, into any) {
	b.t.Helper()
	b.Do(expression, Await(expression, into))
}

// Quiet fails when the browser has complained since it was last asked.
func (b *Browser) Quiet(where ...any) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	assert.Empty(b.t, strings.Join(b.complaints, "\n"), where...)
	b.complaints = nil
}

// Await evaluates a promise and reads what it answers.
func Await(expression string, into any) chromedp.Action {
	return chromedp.Evaluate(expression, into, func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) })
}

// Axe holds the page against the rules of WCAG 2.2 AA and good practice, and
// answers what breaks them, a line each, but for rules that are named: a reason
// belongs beside. The checker comes in past the policy.
func Axe(t testing.TB, broken *string, but ...string) chromedp.Action {
	t.Helper()
	rules := map[string]any{}
	for _, rule := range but {
		rules[rule] = map[string]bool{"enabled": false}
	}
	except, err := json.Marshal(rules)
	require.NoError(t, err)
	axe := need.File(t, filepath.Join(root(t), "web", "ui", "node_modules", "axe-core", "axe.min.js"), "npm ci in web/ui")
	return chromedp.Tasks{
		chromedp.ActionFunc(func(ctx context.Context) error { return page.SetBypassCSP(true).Do(ctx) }),
		chromedp.Evaluate(string(axe)+";0", nil),
		Await(`axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"], rules: `+string(except)+`}).then(r => r.violations.map(v => v.id + ": " + v.nodes.map(n => n.html.slice(0, 200)).join(" | ")).join("\n"))`, broken),
		chromedp.ActionFunc(func(ctx context.Context) error { return page.SetBypassCSP(false).Do(ctx) }),
	}
}

// root is the folder of the module.
func root(t testing.TB) string {
	dir, err := os.Getwd()
	require.NoError(t, err)
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		require.NotEqual(t, dir, up, fmt.Sprint("no go.mod above ", dir))
		dir = up
	}
}

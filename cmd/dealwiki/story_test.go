package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki/people"
)

// actor is a person at a browser of their own.
type actor struct {
	t     *testing.T
	s     *server
	who   people.Person
	ctx   context.Context
	token string
}

// enter opens the product in a browser and signs in.
func enter(t *testing.T, s *server, name, email string, job people.Job) *actor {
	t.Helper()
	p, err := s.people.Add(t.Context(), cli, people.NewPerson{Name: name, Email: email, Role: people.Member, Job: job})
	require.NoError(t, err)
	token, _, err := s.people.NewToken(t.Context(), cli, p.ID, "test", people.AllScopes, time.Time{})
	require.NoError(t, err)
	ctx := browse(t)
	chromedp.ListenTarget(ctx, func(ev any) {
		if _, ok := ev.(*page.EventJavascriptDialogOpening); ok {
			go chromedp.Run(ctx, page.HandleJavaScriptDialog(true))
		}
	})
	a := &actor{t: t, s: s, who: p, ctx: ctx, token: token}
	link, err := s.people.NewLoginLink(t.Context(), cli, p.ID, time.Hour)
	require.NoError(t, err)
	a.open("/login/" + link)
	a.press("form button")
	return a
}

func (a *actor) do(what string, actions ...chromedp.Action) {
	a.t.Helper()
	require.NoError(a.t, chromedp.Run(a.ctx, actions...), "%s: %s", a.who.Name, what)
}

func (a *actor) open(path string) {
	a.t.Helper()
	a.do("opening "+path, chromedp.Navigate(a.s.url+path), chromedp.WaitReady("body", chromedp.ByQuery))
}

// ask evaluates what answers a text.
func (a *actor) ask(js string) string {
	a.t.Helper()
	var s string
	a.do("asking "+js, chromedp.Evaluate(js, &s))
	return s
}

func (a *actor) main() string {
	a.t.Helper()
	return a.ask(`document.querySelector("main").innerText`)
}

// press presses a button that leads to another page, and waits for it.
func (a *actor) press(selector string) {
	a.t.Helper()
	a.leave(selector, chromedp.Click(selector, chromedp.ByQuery, chromedp.NodeVisible))
}

// leave does what leads to another page, and waits for it.
func (a *actor) leave(what string, action chromedp.Action) {
	a.t.Helper()
	a.do("looking at "+what, chromedp.Evaluate(`window.leaving = true`, nil))
	a.do("pressing "+what, action)
	require.Eventually(a.t, func() bool {
		var there bool
		err := chromedp.Run(a.ctx, chromedp.Evaluate(`!window.leaving && document.readyState === "complete"`, &there))
		return err == nil && there
	}, time.Minute, 20*time.Millisecond, "%s: %s leads nowhere", a.who.Name, what)
}

// fill types into the fields of a form, by selector.
func (a *actor) fill(fields ...string) {
	a.t.Helper()
	for i := 0; i < len(fields); i += 2 {
		a.do("filling in "+fields[i], chromedp.SetValue(fields[i], fields[i+1], chromedp.ByQuery))
	}
}

// write makes or changes a page by the form.
func (a *actor) write(place, text string) {
	a.t.Helper()
	a.open("/p/northwind-rail/" + place + "?edit=form")
	a.fill("#text", text)
	a.press(`button[name="do"][value="save"]`)
	require.NotContains(a.t, a.ask("location.search"), "edit", a.main())
}

// moveOn hands the deal to its next stage, to oneself: one key.
func (a *actor) moveOn() {
	a.t.Helper()
	a.open("/p/northwind-rail/handoff")
	a.do("the button has the focus", chromedp.WaitReady(`button[value="alone"]:focus`, chromedp.ByQuery))
	a.leave("Enter", chromedp.KeyEvent(kb.Enter))
	require.Equal(a.t, "/p/northwind-rail", a.ask("location.pathname"), a.main())
}

// carriedFact is a fact as the brief's data tells it.
type carriedFact struct {
	ID, Kind, Title, Place, Page, Owner, Due string
	Line                                     int
	Life                                     []struct {
		Stage string
		By    struct{ Name string }
	}
}

// brief is what the API tells of the deal, by kind.
func (a *actor) brief() map[string][]carriedFact {
	a.t.Helper()
	api := &client{url: a.s.url, token: a.token, http: http.DefaultClient}
	res, err := api.do("GET", "/api/v1/prospects/northwind-rail/brief", "", nil)
	require.NoError(a.t, err)
	require.Equal(a.t, http.StatusOK, res.status, "%s", res.body)
	var b struct {
		Facts []struct {
			Kind  string
			Facts []carriedFact
		}
	}
	require.NoError(a.t, json.Unmarshal(res.body, &b))
	out := map[string][]carriedFact{}
	for _, g := range b.Facts {
		out[g.Kind] = g.Facts
	}
	return out
}

// wallClock is a clock for a story: it goes on by itself, and whole days on
// request.
type wallClock struct {
	start time.Time
	begun time.Time
	days  atomic.Int64
}

// newWallClock begins at noon, so that a story keeps to its days.
func newWallClock() *wallClock {
	return &wallClock{start: time.Now().UTC().Truncate(24 * time.Hour).Add(12 * time.Hour), begun: time.Now()}
}

func (c *wallClock) now() time.Time {
	return c.start.Add(time.Since(c.begun)).AddDate(0, 0, int(c.days.Load()))
}

func (c *wallClock) day() string { return c.now().Format(time.DateOnly) }

// later answers the day so many days from now.
func (c *wallClock) later(days int) string { return c.now().AddDate(0, 0, days).Format(time.DateOnly) }

// TestADealIsCarriedForward tells the story that the product is for: a deal is
// sold stage by stage, won, handed to delivery, sent back, and taken over with
// every promise in hand.
func TestADealIsCarriedForward(t *testing.T) {
	clock := newWallClock()
	data := t.TempDir()
	s, err := start(context.Background(), options{data: data, addr: "127.0.0.1:0", log: slog.New(slog.DiscardHandler), cost: cheap, now: clock.now, idle: time.Second})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.close(context.Background())) })
	dana := enter(t, s, "Dana Reyes", "dana@example.com", "sales")
	tom := enter(t, s, "Tom Okafor", "tom@example.com", "delivery")

	// A deal that is lost, to have something to compare with.
	dana.open("/new")
	dana.fill("#name", "Southline", "#value", "60000")
	dana.press(`main form button[type="submit"]`)
	clock.days.Add(1)
	dana.open("/p/southline/outcome")
	dana.fill("#outcome", "lost", "#reason", "Outsold")
	dana.press("main form .btn-primary")

	// Prospecting to Closing, with a fact or two in each stage.
	dana.open("/new")
	dana.fill("#name", "Northwind Rail", "#value", "20000", "#close", clock.later(14))
	dana.press(`main form button[type="submit"]`)
	require.Equal(t, "/p/northwind-rail", dana.ask("location.pathname"), dana.main())
	dana.write("internal/prospecting/first-call", `# First call

Trains wait too long in the depot, says Ingrid.

> [!stakeholder] Ingrid Solberg, head of planning role:champion
`)
	clock.days.Add(2)
	dana.moveOn()
	dana.write("internal/qualifying/qualification", `# Qualification

> [!question] Who releases the money? @dana
`)
	clock.days.Add(2)
	dana.moveOn()
	// The question is answered from the register.
	dana.open("/p/northwind-rail/facts?kind=question")
	require.Contains(t, dana.main(), "Who releases the money?")
	dana.press(`main button[aria-label*="nswered"][aria-label*="Who releases the money?"]`)
	dana.write("internal/pricing/price-model", `# Price model

> [!decision] Twenty thousand for three years
`)
	clock.days.Add(2)
	dana.moveOn()
	dana.write("external/proposing/proposal", `# Proposal

We plan your depots.

> [!commitment] Tablets work offline for a whole shift @tom
`)
	clock.days.Add(2)
	dana.moveOn()
	dana.write("internal/negotiating/negotiated-terms", `# Negotiated terms

> [!commitment] Training for forty people in spring @dana due:`+clock.later(120)+`

> [!commitment] A report each Monday @dana
`)
	clock.days.Add(2)
	dana.moveOn()
	assert.Contains(t, dana.main(), "Closing")

	// A promise is written in the live editor.
	dana.write("internal/closing/close-plan", "# Close plan\n\nWe sign this week.\n")
	dana.open("/p/northwind-rail/internal/closing/close-plan")
	dana.do("writing without drawing", chromedp.Evaluate(`localStorage.setItem("dealwiki:source", "on")`, nil))
	dana.open("/p/northwind-rail/internal/closing/close-plan?edit")
	goLive := clock.later(90)
	dana.do("writing live", chromedp.WaitVisible(`.live .cm-content[contenteditable="true"]`, chromedp.ByQuery),
		chromedp.Focus(".live .cm-content", chromedp.ByQuery), press(kb.End),
		input.InsertText("\n> [!commitment] Go-live in Lillestrand @tom due:"+goLive+"\n\n> [!risk] The export account has no owner @dana\n"),
		press("s"))
	var status string
	saved := assert.Eventually(t, func() bool {
		_ = chromedp.Run(dana.ctx, chromedp.Evaluate(`document.querySelector(".editor-status [data-live-text]").textContent`, &status))
		return strings.HasPrefix(status, "Saved") && strings.Contains(dana.main(), "^c-") // it has its id
	}, time.Minute, 50*time.Millisecond)
	require.True(t, saved, "the page says %q: %s", status, dana.main())
	dana.leave("done", chromedp.Click("[data-live-done]", chromedp.ByQuery))

	// Delivery was warned when the deal came to Negotiating and Closing.
	tom.open("/incoming")
	assert.Contains(t, tom.main(), "Northwind Rail")

	// Won, and offered to delivery; one promise was not sold after all.
	clock.days.Add(2)
	dana.open("/p/northwind-rail/outcome")
	dana.fill("#outcome", "won", "#date", clock.day())
	dana.press("main form .btn-primary")
	facts := map[string]string{}
	for _, f := range dana.brief()["commitment"] {
		facts[f.Title] = f.ID
	}
	require.Len(t, facts, 4, "%v", facts)
	report := facts["A report each Monday"]
	dana.open("/p/northwind-rail/handoff")
	dana.fill("#note", "Ingrid decides fast. Show her a board, not a slide.", "#why", "Trains wait too long in the depot.",
		`[name="evidence-signed"]`, "Signed by Lars Nyberg", `[name="doc-external/proposing/proposal"]`, "agreed", "#receiver", tom.who.ID)
	dana.do("not sold", chromedp.Evaluate(fmt.Sprintf(`{const f = document.querySelector('select[name="fact-%[1]s"]'); if (f) f.value = "not-sold"; else document.querySelector('input[name="fact-%[1]s"][value="not-sold"]').click()}`, report), nil))
	dana.press(`button[value="offer"]`)
	require.Equal(t, "/p/northwind-rail/handoffs/6", dana.ask("location.pathname"), dana.main())

	// Tom sends it back.
	tom.open("/p/northwind-rail/handoffs/6")
	assert.Contains(t, tom.main(), "Show her a board, not a slide.")
	tom.fill("#missing", "Nobody owns the export account.")
	tom.press("#return .btn")
	assert.Contains(t, tom.main(), "Nobody owns the export account.")

	// Dana mends it and offers again; what was said before is filled in.
	clock.days.Add(1)
	dana.open("/p/northwind-rail/facts?kind=risk")
	dana.press(`main .fact-ways button[aria-label*="The export account has no owner"]`)
	dana.open("/p/northwind-rail/handoff")
	assert.Contains(t, dana.main(), "Nobody owns the export account.")
	assert.Contains(t, dana.ask(`document.querySelector("#note").value`), "Ingrid decides fast.")
	dana.fill("#note", "Henrik Dahl owns the export account.", "#receiver", tom.who.ID)
	dana.press(`button[value="offer"]`)
	require.Equal(t, "/p/northwind-rail/handoffs/7", dana.ask("location.pathname"), dana.main())

	// The delivery lead's brief lists every open commitment, and where it is from.
	clock.days.Add(1)
	tom.open("/p/northwind-rail/brief")
	type provenance struct{ place, page, by, stage, owner, due string }
	want := map[string]provenance{
		"Tablets work offline for a whole shift": {"external/proposing/proposal", "Proposal", "Dana Reyes", "proposing", "tom", ""},
		"Go-live in Lillestrand":                 {"internal/closing/close-plan", "Close plan", "Dana Reyes", "closing", "tom", goLive},
		"Training for forty people in spring":    {"internal/negotiating/negotiated-terms", "Negotiated terms", "Dana Reyes", "negotiating", "dana", ""},
	}
	lines := map[string]string{"external/proposing/proposal": "5", "internal/closing/close-plan": "4", "internal/negotiating/negotiated-terms": "3"}
	brief := tom.brief()
	got := map[string]bool{}
	for _, f := range brief["commitment"] {
		got[f.Title] = true
		w, ok := want[f.Title]
		if f.ID == report {
			continue // it goes with the acceptance
		}
		if !assert.True(t, ok, "%s was not promised", f.Title) {
			continue
		}
		assert.Equal(t, w.place, f.Place, f.Title)
		assert.Equal(t, w.page, f.Page, f.Title)
		assert.Equal(t, lines[w.place], fmt.Sprint(f.Line), f.Title)
		assert.Equal(t, w.owner, f.Owner, f.Title)
		if w.due != "" {
			assert.Equal(t, w.due, f.Due, f.Title)
		}
		require.NotEmpty(t, f.Life, f.Title)
		assert.Equal(t, w.stage, f.Life[0].Stage, f.Title)
		assert.Equal(t, w.by, f.Life[0].By.Name, f.Title)
		shown := tom.ask(fmt.Sprintf(`[...document.querySelectorAll("#facts-commitment .fact-row")].find(r => r.textContent.includes(%q))?.innerText ?? ""`, f.Title))
		for _, has := range []string{w.page, w.by, strings.ToUpper(w.stage[:1]) + w.stage[1:]} {
			assert.Contains(t, shown, has, f.Title)
		}
		href := tom.ask(fmt.Sprintf(`[...document.querySelectorAll("#facts-commitment .fact-row")].find(r => r.textContent.includes(%q))?.querySelector(".provenance a")?.getAttribute("href") ?? ""`, f.Title))
		assert.Equal(t, "/p/northwind-rail/"+w.place+"#"+f.ID, href, f.Title)
	}
	for title := range want {
		assert.True(t, got[title], "%s is missing from the brief", title)
	}
	assert.Empty(t, brief["question"], "it was answered")
	assert.Len(t, brief["stakeholder"], 1)
	assert.Len(t, brief["decision"], 1)

	// He acknowledges each, rates and takes it over.
	tom.open("/p/northwind-rail/handoffs/7")
	tom.do("acknowledging", chromedp.Evaluate(`for (const b of document.querySelectorAll('#accept input[name^="ack-"]')) b.click()`, nil),
		chromedp.Evaluate(`for (const r of ["content:5", "collaboration:4", "communication:3"]) { const [n, v] = r.split(":"); document.querySelector('#accept input[name="' + n + '"][value="' + v + '"]').click() }`, nil))
	tom.fill("#accept-note", "I know what to do on day one.")
	tom.press("#accept .btn-primary")
	e, err := s.wiki.Prospect(t.Context(), people.Caller{Person: tom.who, Scopes: people.AllScopes}, "northwind-rail")
	require.NoError(t, err)
	assert.Equal(t, "delivering", e.Stage)
	assert.Equal(t, "won", e.Outcome)
	access, err := s.people.Access(t.Context(), "northwind-rail")
	require.NoError(t, err)
	assert.Equal(t, tom.who.ID, access.Owner)
	left := map[string]bool{}
	for _, f := range tom.brief()["commitment"] {
		left[f.Title] = true
	}
	assert.Equal(t, map[string]bool{"Tablets work offline for a whole shift": true, "Go-live in Lillestrand": true, "Training for forty people in spring": true}, left, "the report was not sold")

	// The space is still there as it was handed over, and what changed is said.
	clock.days.Add(1)
	plan := dana.source("internal/closing/close-plan")
	moved := clock.later(120)
	dana.write("internal/closing/close-plan", strings.Replace(plan, goLive, moved, 1))
	tom.open("/p/northwind-rail/handoffs/7/as-it-was?q=lillestrand")
	assert.Contains(t, tom.main(), "1 page holds")
	tom.open("/p/northwind-rail/handoffs/7/as-it-was/internal/closing/close-plan")
	was := tom.ask(`document.querySelector("article .prose").textContent`)
	assert.Contains(t, was, "Go-live in Lillestrand")
	assert.Contains(t, tom.ask(`document.querySelector("article").innerHTML`), goLive)
	assert.NotContains(t, tom.ask(`document.querySelector("article").innerHTML`), moved)
	tom.open("/p/northwind-rail/handoffs")
	assert.Contains(t, tom.main(), "Acknowledge 1 change")
	assert.Contains(t, tom.main(), "Offered again after handoff 6")

	// The figures: one deal of two won, a quarter of the value, after twelve days.
	tom.open("/pipeline")
	figures := tom.figures()
	assert.Equal(t, "50 %", figures["Unit win rate"])
	assert.Equal(t, "25 %", figures["Value win rate"])
	assert.Equal(t, "12 days", figures["Sales cycle"])
	ratings := tom.ask(`[...document.querySelectorAll("#ratings tbody tr")].map(r => [...r.cells].map(c => c.textContent.trim()).join("|")).join("\n")`)
	assert.Equal(t, "Closing|1|5.00|4.00|3.00", ratings)
	fsck(t, data)
}

// source is the text of a page as the form shows it.
func (a *actor) source(place string) string {
	a.t.Helper()
	a.open("/p/northwind-rail/" + place + "?edit=form")
	return a.ask(`document.querySelector("#text").value`)
}

// figures are the numbers of the page of figures, by name.
func (a *actor) figures() map[string]string {
	a.t.Helper()
	out := map[string]string{}
	for line := range strings.SplitSeq(a.ask(`[...document.querySelectorAll(".key-figures > div")].map(d => d.querySelector("dt").textContent + "|" + d.querySelector("dd").textContent).join("\n")`), "\n") {
		if name, value, ok := strings.Cut(line, "|"); ok {
			out[name] = value
		}
	}
	return out
}

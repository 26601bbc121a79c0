package web

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/realtime"
	"dealwiki/realtime/journal"
	"dealwiki/realtime/load"
	"dealwiki/realtime/yjs"
	"dealwiki/search"
	"dealwiki/web/notify"
	"dealwiki/wiki"
	"dealwiki/wiki/brief"
	"dealwiki/wiki/credit"
	"dealwiki/wiki/handoff"
	"dealwiki/wiki/maillog"
	"dealwiki/wiki/people"
	facts "dealwiki/wiki/register" // register is a function here
)

// twinCanary stands in everything internal and of other prospects, and in
// nothing that the customer has.
const twinCanary = "quetzalcoatlus"

// twinTime is when everything happens in both worlds.
var twinTime = time.Date(2026, 11, 16, 10, 0, 0, 0, time.UTC)

// twinRandom answers the same bytes in both worlds to what both have in common:
// what only one of them has is made of another sequence.
type twinRandom struct {
	mu          sync.Mutex
	common, own *rand.ChaCha8
	inside      bool
}

func newTwinRandom() *twinRandom {
	return &twinRandom{common: rand.NewChaCha8([32]byte{1}), own: rand.NewChaCha8([32]byte{2})}
}

func (r *twinRandom) Read(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.inside {
		return r.own.Read(b)
	}
	return r.common.Read(b)
}

// world is one of the twins.
type world struct {
	*site
	random *twinRandom
	later  atomic.Int64 // nanoseconds after twinTime
	out    *outbox
	center *notify.Center
	inside bool // it holds what nobody outside may learn of
	guests []*twinGuest
	lines  []twinLine
}

type twinGuest struct {
	name    string
	invited string // the invitation's token
	own     *browser
}

// twinLine is one thing that was asked for, and all that came.
type twinLine struct {
	what, got string
	echoes    bool // what was asked for has the canary and may stand in the answer
}

const twinHost = "wiki.example"

func newWorld(t *testing.T, inside bool) *world {
	t.Helper()
	ctx := context.Background()
	w := &world{inside: inside, site: &site{t: t, dir: t.TempDir(), log: &bytes.Buffer{}}, random: newTwinRandom(), out: &outbox{}}
	now := func() time.Time { return twinTime.Add(time.Duration(w.later.Load())) }
	var err error
	w.people, err = people.Open(filepath.Join(w.dir, "dealwiki.db"), people.Options{Cost: people.Cost{Memory: 8, Iterations: 1}, Now: now, Random: w.random})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.people.Close()) })
	w.wiki, err = wiki.Open(ctx, wiki.Config{Dir: w.dir, People: w.people, Company: "Fairlead", MaxFile: 1 << 20, Git: "-", Now: now, Random: w.random})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.wiki.Close()) })
	source := search.NewSource(w.wiki)
	w.search, err = search.Open(filepath.Join(w.dir, "index"), source, search.Options{Gather: 5 * time.Millisecond})
	require.NoError(t, err)
	register, err := facts.Open(ctx, w.wiki, nil)
	require.NoError(t, err)
	book := handoff.New(w.wiki, register)
	helped, err := credit.Open(ctx, w.wiki, register, book)
	require.NoError(t, err)
	j, err := journal.Open(filepath.Join(w.dir, "journal.db"), journal.Options{})
	require.NoError(t, err)
	hub, err := realtime.New(realtime.Config{Wiki: w.wiki, Journal: j, People: w.people, Idle: time.Hour, Steady: time.Hour, Now: now, Random: w.random})
	require.NoError(t, err)
	w.wiki.SetRooms(hub)
	w.center = notify.New(notify.Config{Wiki: w.wiki, People: w.people, Mail: &notify.Mail{From: mail.Address{Address: "wiki@fairlead.example"}, Sender: w.out, URL: "http://" + twinHost}})
	w.web, err = New(Config{Wiki: w.wiki, People: w.people, Search: w.search, Live: hub, Register: register, Brief: brief.New(w.wiki, register), Handoffs: book, Credit: helped,
		Notices: w.center, Now: now, URL: "http://" + twinHost, Version: "test"})
	require.NoError(t, err)
	w.server = httptest.NewServer(w.web.Handler())
	running, stop := context.WithCancel(ctx)
	var parts sync.WaitGroup
	parts.Go(func() { w.search.Run(running) })
	parts.Go(func() { hub.Run(running) })
	t.Cleanup(func() {
		w.server.Close()
		require.NoError(t, hub.Close(ctx))
		require.NoError(t, w.web.Close())
		w.center.Close()
		stop()
		parts.Wait()
		source.Stop()
		require.NoError(t, w.search.Close())
		require.NoError(t, register.Close())
		require.NoError(t, j.Close())
	})
	w.fill(inside)
	return w
}

// fill makes what both worlds have, and in between, in one of them, what nobody
// outside may learn of.
func (w *world) fill(inside bool) {
	t, ctx := w.t, context.Background()
	add := func(name string, role people.Role) people.Person {
		p, err := w.people.Add(ctx, people.System("test"), people.NewPerson{Email: strings.ToLower(name) + "@fairlead.example", Name: name + " Test", Role: role, Job: people.Sales, Password: password})
		require.NoError(t, err)
		return p
	}
	within := func(f func()) {
		if inside {
			w.random.inside = true
			f()
			w.random.inside = false
		}
	}
	w.ada, w.dana, w.mara = add("Ada", people.Admin), add("Dana", people.Member), add("Mara", people.Member)
	dana := w.as(w.dana)
	within(func() { w.others("earlier") })
	space := func(slug string) *wiki.Space {
		sp, err := w.wiki.Space(ctx, dana, slug)
		require.NoError(t, err)
		return sp
	}
	within(func() { w.write("playbook", "internal/account/battlecard", "# Battlecard "+twinCanary+"\n") })
	northwind := wiki.Prospect{Title: "Northwind Rail", Slug: "northwind", Stage: "prospecting"}
	if inside {
		northwind.Stage, northwind.Value, northwind.Currency, northwind.Tags, northwind.ExternalID = "closing", 840000, "EUR", []string{twinCanary}, twinCanary
	}
	_, err := w.wiki.Create(ctx, dana, wiki.NewProspect{Prospect: northwind})
	require.NoError(t, err)
	require.NoError(t, space("northwind").Sides()[1].SetInfo(ctx, dana, func(i *wiki.SpaceInfo) {
		i.Title, i.Customer, i.Company, i.Goal = "Northwind and Fairlead", "Northwind Rail", "Fairlead", "2027-03-01"
	}))
	within(func() {
		w.write("northwind", "internal/account/readme", "# Secrets "+twinCanary+"\n\n> [!risk] They are broke "+twinCanary+" @dana ^r-7f3a\n\n- [ ] Hide it @dana ^t-7f3b\n")
		w.write("northwind", "internal/closing/close-plan", "# Close plan\n\nSee [[closing/terms]] and [[plan]].\n\n> [!commitment] "+twinCanary+" @dana due:2027-03-01 ^c-7f3a\n")
		w.write("northwind", "internal/pricing/offer", "# Offer\n\nThe floor is "+twinCanary+".\n") // before it is shared
	})
	clean := "# Offer\n\nTwelve months, paid yearly.\n\n> [!decision] Twelve months @dana ^d-1111\n"
	w.write("northwind", "internal/pricing/offer", clean)
	_, err = space("northwind").Cross(ctx, dana, place(t, "internal/pricing/offer"), place(t, "external/pricing/offer"), "")
	var ask *wiki.Unconfirmed
	require.ErrorAs(t, err, &ask)
	_, err = space("northwind").Cross(ctx, dana, place(t, "internal/pricing/offer"), place(t, "external/pricing/offer"), ask.Crossing.Digest)
	require.NoError(t, err)
	w.write("northwind", "external/closing/terms", "# Terms\n\nPaid in thirty days, says @dana, not @zed.\n\nSee [[closing/close-plan]], [[close-plan]], [[account/readme|that]], [[secretco:account/overview]], [[offer]], [x](../../p/northwind/internal/account/readme), ![p](files/a.png), ![q](files/b.png), [[not-there]] and [y](/shared/harbour/agreement).\n")
	w.write("northwind", "external/closing/terms", "# Terms\n\nPaid in thirty days, says @dana, not @zed.\n\nSee [[closing/close-plan]], [[close-plan]], [[account/readme|that]], [[secretco:account/overview]], [[offer]], [x](../../p/northwind/internal/account/readme), ![p](files/a.png), ![q](files/b.png), [[not-there]] and [y](/shared/harbour/agreement).\n\n> [!question] Which court? @dana ^q-2222\n")
	w.write("northwind", "external/closing/plan", "# Mutual action plan\n\n- [ ] Send the redlines @dana due:2026-12-01 ^t-3333\n- [ ] Name the lawyer due:2026-12-05 ^t-4444\n")
	out := space("northwind").Sides()[1]
	_, err = out.PutFile(ctx, dana, wiki.File{Section: wiki.External, Stage: "closing", Name: "b.png"}, []byte("\x89PNG shared"), false)
	require.NoError(t, err)
	_, err = out.StartThread(ctx, dana, place(t, "external/closing/terms"), wiki.NewThread{Quote: "thirty days", Text: "Fine with you?"})
	require.NoError(t, err)
	within(func() {
		in := space("northwind").Internal()
		_, err := in.PutFile(ctx, dana, wiki.File{Section: wiki.Internal, Stage: "closing", Name: "a.png"}, []byte("\x89PNG "+twinCanary), false)
		require.NoError(t, err)
		_, err = in.PutFile(ctx, dana, wiki.File{Section: wiki.Internal, Stage: "closing", Name: twinCanary + ".txt"}, []byte("\x89PNG shared"), false)
		require.NoError(t, err)
		_, err = in.StartThread(ctx, dana, place(t, "internal/closing/close-plan"), wiki.NewThread{Text: "Between us: " + twinCanary})
		require.NoError(t, err)
		_, err = maillog.New(maillog.Config{Wiki: w.wiki}).Add(ctx, dana, space("northwind"), maillog.NewEntry{Section: wiki.Internal, Kind: "call", Title: "A call on " + twinCanary, Text: "They " + twinCanary})
		require.NoError(t, err)
		_, err = w.web.book.Offer(ctx, dana, space("northwind"), handoff.Offer{To: "delivering", Receiver: w.mara.ID, Note: twinCanary})
		require.NoError(t, err)
		w.others("later")
		inside := w.signedIn(w.mara)
		inside.editor("/live/northwind/internal/closing/close-plan")
		inside.ok("/p/northwind/internal/closing/close-plan")
	})
	for _, role := range []people.GuestRole{people.GuestViewer, people.GuestCommenter, people.GuestEditor} {
		_, token, err := w.people.InviteGuest(ctx, dana, people.NewGuest{Prospect: "northwind", Name: "Guest " + string(role), Email: string(role) + "@northwind.example", Role: role})
		require.NoError(t, err)
		w.guests = append(w.guests, &twinGuest{name: string(role), invited: token, own: w.browser()})
	}
}

// others are prospects that one of the worlds has, with their customers.
func (w *world) others(when string) {
	t, ctx, dana := w.t, context.Background(), w.as(w.dana)
	for slug, restricted := range map[string]bool{"secretco": true, "harbour": false} {
		if when != "earlier" {
			slug += "-" + wiki.Slug(when)
		}
		_, err := w.wiki.Create(ctx, dana, wiki.NewProspect{Prospect: wiki.Prospect{Title: strings.ToUpper(slug) + " " + twinCanary, Slug: slug, Stage: "closing", Tags: []string{twinCanary}}, Restricted: restricted})
		require.NoError(t, err)
		w.write(slug, "external/closing/agreement", "# Agreement "+twinCanary+"\n\nThirty days. [[terms]] plan offer\n")
		w.write(slug, "external/closing/terms", "# Terms "+twinCanary+"\n")
		w.write(slug, "internal/account/overview", "# Overview "+twinCanary+"\n\n> [!risk] "+twinCanary+" ^r-9999\n")
		_, token, err := w.people.InviteGuest(ctx, dana, people.NewGuest{Prospect: slug, Name: "Zed " + twinCanary, Email: "zed@" + slug + ".example", Role: people.GuestEditor})
		require.NoError(t, err)
		_, _, err = w.people.JoinAsGuest(ctx, people.Caller{}, token, "")
		require.NoError(t, err)
	}
}

var varies = regexp.MustCompile(`nonce-[A-Za-z0-9+/=_-]+|"?nonce"?[:=] ?"[^"]*"|nonce&#34;:&#34;.*?&#34;`)

// say notes what came.
func (w *world) say(what, got string) {
	w.lines = append(w.lines, twinLine{what, varies.ReplaceAllString(got, "nonce"), strings.Contains(what, twinCanary[:4])})
}

// ask sends a request in a guest's name and notes every byte of the answer.
func (w *world) ask(g *twinGuest, method, path, body string, header ...string) answer {
	w.t.Helper()
	r, err := http.NewRequest(method, w.server.URL+path, strings.NewReader(body))
	require.NoError(w.t, err, path)
	r.Host = twinHost
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if body != "" && strings.HasPrefix(path, apiPrefix) {
		r.Header.Set("Content-Type", "application/json")
	} else if method != http.MethodGet {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	a := g.own.do(r)
	h := a.header.Clone()
	for _, k := range []string{"Date", "X-Request-Id"} {
		h.Del(k)
	}
	if strings.Contains(a.body, "nonce") {
		h.Del("Content-Length")
	}
	var b strings.Builder
	fmt.Fprintln(&b, a.status)
	_ = h.Write(&b) // a builder takes everything
	b.WriteString(a.body)
	w.say(g.name+": "+method+" "+path+" "+body, b.String())
	return a
}

// twinAddresses are all that a guest may think of to put into a door's pattern.
func twinAddresses(pattern string) []string {
	out := []string{strings.ReplaceAll(pattern, "{$}", "")}
	for name, values := range map[string][]string{
		"{prospect}": {"northwind", "secretco", "harbour", "playbook", "not-there"},
		"{page}":     {"terms", "offer", "plan", "close-plan", "readme", "overview", "agreement", "closing", "not-there"},
		"{name}":     {"b.png", "a.png", twinCanary + ".txt", "not-there.png"},
		"{rest...}":  {"history", "compare", "comments", "blame", "not-there"},
		"{section}":  {"internal"}, "{stage}": {"closing", "account"}, "{file}": {"northwind.atom", "secretco.atom", "all.atom", "not-there.atom"},
		"{token}": {"x"}, "{id}": {"x"}, "{handle}": {"dana", "zed"}, "{what}": {"role"}, "{number}": {"1"}, "{key}": {"r-7f3a"}, "{fact}": {"r-7f3a"},
		"{person}": {"zed"}, "{guest}": {"x"}, "{link}": {"x"}, "{webhook}": {"1"}, "{notice}": {"1"}, "{token...}": {"x"}, "{session}": {"x"},
	} {
		var next []string
		for _, o := range out {
			if !strings.Contains(o, name) {
				next = append(next, o)
				continue
			}
			for _, v := range values {
				next = append(next, strings.ReplaceAll(o, name, v))
			}
		}
		out = next
	}
	slices.Sort(out)
	return out
}

// visit is all that the guests do.
func (w *world) visit() {
	for _, g := range w.guests {
		w.ask(g, "GET", "/join/"+g.invited, "")
		w.ask(g, "POST", "/join/"+g.invited, "name=")
		w.ask(g, "GET", "/join/"+g.invited, "")
	}
	for _, g := range w.guests {
		for _, d := range w.web.Doors() {
			method, pattern, ok := strings.Cut(d.Pattern, " ")
			if !ok {
				method, pattern = http.MethodGet, d.Pattern
			}
			if method != http.MethodGet || pattern == "/-/healthz" || pattern == "/-/readyz" || d.Audience == Live {
				continue
			}
			if d.Audience != Shared && d.Audience != Anonymous && g.name != "editor" {
				continue // the same for all guests, as the matrix shows
			}
			for _, path := range twinAddresses(pattern) {
				w.ask(g, method, path, "")
			}
		}
		w.questions(g)
		w.sockets(g)
	}
	for _, g := range w.guests {
		w.changes(g)
	}
	for _, g := range w.guests {
		w.questions(g)
		w.sockets(g)
	}
	w.typing(w.guests[2])
	w.letters()
}

// questions are searches, completions, versions and ranges.
func (w *world) questions(g *twinGuest) {
	const home, calls = "/shared/northwind", apiPrefix + "/shared/northwind"
	for _, q := range []string{"terms", "thirty", "thitry", "broke", "floor", "close plan", "agreement", "kind:risk", "kind:question", "by:dana", "by:zed", "tag:x", "stage:closing", "in:internal", "section:internal", "prospect:secretco",
		"-terms", "te*", "\"thirty days\"", "secretco", "a.png", "b.png", twinCanary, twinCanary[:5] + "*", twinCanary[:len(twinCanary)-1], "offer OR " + twinCanary} {
		w.ask(g, "GET", home+"/search?q="+url.QueryEscape(q), "")
		w.ask(g, "GET", calls+"/search?q="+url.QueryEscape(q), "")
		w.ask(g, "GET", "/-/shared/northwind/complete?kind=page&q="+url.QueryEscape(q), "")
	}
	for _, q := range []string{"", "d", "z", "m", "a"} {
		w.ask(g, "GET", "/-/shared/northwind/complete?kind=person&q="+q, "")
		w.ask(g, "GET", "/-/shared/northwind/complete?kind=template&q="+q, "")
	}
	var pages Listing[apiSharedPage]
	a := w.ask(g, "GET", calls+"/pages?limit=2", "")
	require.NoError(w.t, json.Unmarshal([]byte(a.body), &pages), a.body)
	for _, p := range pages.Items {
		var past Listing[apiSharedVersion]
		a := w.ask(g, "GET", calls+"/pages/"+p.Page+"/history", "")
		require.NoError(w.t, json.Unmarshal([]byte(a.body), &past), a.body)
		for _, v := range past.Items {
			w.ask(g, "GET", home+"/"+p.Page+"?at="+v.Version, "")
			w.ask(g, "GET", calls+"/pages/"+p.Page+"?at="+v.Version, "")
			w.ask(g, "GET", calls+"/pages/close-plan?at="+v.Version, "")
			w.ask(g, "GET", home+"/"+p.Page+"/compare?from="+v.Version+"&to="+past.Items[0].Version, "")
			w.ask(g, "GET", calls+"/pages/"+p.Page+"/compare?from="+v.Version+"&to="+past.Items[0].Version, "")
		}
	}
	w.ask(g, "GET", home+"/terms?edit", "")
	w.ask(g, "GET", home+"/terms?edit=form", "")
	w.ask(g, "GET", home+"/close-plan?edit", "")
	w.ask(g, "GET", home+"/new?name=close-plan", "")
	w.ask(g, "GET", home+"/files/b.png", "", "Range", "bytes=0-2")
	w.ask(g, "GET", home+"/files/a.png", "", "Range", "bytes=0-2")
	w.ask(g, "GET", home+"/files/a.png", "", "If-None-Match", "*")
	w.ask(g, "GET", "/feeds/shared/northwind.atom", "")
	w.ask(g, "GET", "/feeds/shared/harbour.atom", "")
	w.ask(g, "GET", "/-/shared/northwind/present?at=terms", "")
	w.ask(g, "GET", "/-/shared/northwind/present?at=close-plan", "")
	w.ask(g, "POST", apiPrefix+"/render", `{"text":"[[close-plan]] [[secretco:account/overview]] [[account/readme]] @zed @dana"}`)
}

// changes are what guests write, as far as they may.
func (w *world) changes(g *twinGuest) {
	const home, calls = "/shared/northwind", apiPrefix + "/shared/northwind"
	w.ask(g, "POST", calls+"/pages/terms/comments", `{"text":"Is @zed or @dana in? See [[close-plan]].","quote":"thirty days"}`)
	w.ask(g, "POST", calls+"/pages/close-plan/comments", `{"text":"Hello"}`)
	for _, page := range []string{"close-plan", "overview", "agreement"} { // as if they were free
		w.ask(g, "PUT", calls+"/pages/"+page, `{"text":"# Ours\n\n> [!decision] We go\n\n[[readme]] @zed\n","message":"By `+g.name+`"}`, "If-None-Match", "*")
		w.ask(g, "GET", home+"/"+page, "")
		w.ask(g, "GET", calls+"/pages/"+page+"/history", "")
	}
	w.ask(g, "PUT", calls+"/pages/readme", `{"text":"x"}`, "If-Match", `"`+strings.Repeat("a", 40)+`"`)
	w.ask(g, "PUT", calls+"/pages/search", `{"text":"x"}`, "If-None-Match", "*")
	w.ask(g, "PUT", calls+"/files/a.png", "\x89PNG "+twinCanary) // the same bytes lie inside
	w.ask(g, "PUT", calls+"/files/zz.txt", "\x89PNG shared")
	w.ask(g, "POST", home+"/terms", url.Values{"text": {"# Terms\n"}, "base": {strings.Repeat("0", 40)}}.Encode())
	w.ask(g, "POST", home+"/new", url.Values{"title": {"Overview"}}.Encode())
	w.ask(g, "POST", home+"/new", url.Values{"title": {"A new one"}}.Encode())
	w.ask(g, "GET", home+"/brief", "")
	w.ask(g, "GET", home, "")
}

// sockets opens every socket that a guest may think of, and decodes what comes.
func (w *world) sockets(g *twinGuest) {
	for _, path := range append(twinAddresses("/live/shared/{prospect}/{page}"), "/live/northwind/internal/closing/close-plan", "/live/northwind/internal/closing/not-there", "/live/northwind/external/closing/terms", "/live/secretco/internal/account/overview") {
		if strings.HasPrefix(path, "/live/shared/") && !strings.Contains(path, "/northwind/") && !strings.HasSuffix(path, "/terms") && !strings.HasSuffix(path, "/agreement") {
			continue // each takes its time
		}
		if os.Getenv("DEALWIKI_SOAK") == "" && g.name != "editor" && !strings.HasSuffix(path, "/northwind/terms") && !strings.HasSuffix(path, "/close-plan") {
			continue
		}
		var heard strings.Builder
		ws, res, err := websocket.DefaultDialer.DialContext(soon(w.t), w.socket(path), w.twinHeader(g))
		require.NotNil(w.t, res, "%v", err)
		fmt.Fprintln(&heard, res.StatusCode)
		if err == nil {
			_ = ws.WriteMessage(websocket.BinaryMessage, framed(yjs.StateVector{}.Encode(), realtime.MessageSync, 0)) // may be closed already
			var frames []string
			_ = ws.SetReadDeadline(time.Now().Add(20 * time.Second)) // an error shows in the reading
			for err == nil {
				var m []byte
				if _, m, err = ws.ReadMessage(); err != nil {
					break
				}
				frames = append(frames, fmt.Sprintf("%q", m))
				if len(m) > 1 && m[0] == realtime.MessageSync && m[1] == 1 {
					_ = ws.WriteMessage(websocket.BinaryMessage, []byte{realtime.MessageQueryAwareness}) // an error shows in the reading
				}
				if m[0] == realtime.MessageAwareness {
					break // the answer to that
				}
			}
			slices.Sort(frames) // of several kinds, in the order in which the disk and the room answer
			fmt.Fprintln(&heard, frames, err)
			_ = ws.Close() // it may have ended
		}
		w.say(g.name+": socket "+path, heard.String())
	}
}

func (w *world) twinHeader(g *twinGuest) http.Header {
	h := g.own.header()
	h.Set("Origin", "http://"+twinHost)
	return h
}

// typing is live editing: texts, versions and notices as an editor gets them.
func (w *world) typing(g *twinGuest) {
	e := load.NewEditor(4711)
	require.NoError(w.t, e.Connect(soon(w.t), w.socket("/live/shared/northwind/terms"), w.twinHeader(g)))
	defer e.Disconnect()
	typed(w.t, e, "# Terms", "# Terms of ours [[close-plan]]")
	require.NoError(w.t, e.Checkpoint("Typed"))
	require.True(w.t, soonTrue(func() bool { return len(e.Commits()) > 0 }))
	w.say(g.name+": typing", fmt.Sprint(e.Text(), e.Commits(), e.Notices()))
	w.ask(g, "GET", "/shared/northwind/terms/history", "")
}

// letters are what is mailed to guests and to strangers.
func (w *world) letters() {
	stranger := &twinGuest{name: "stranger", own: w.browser()}
	for i, address := range []string{"viewer@northwind.example", "zed@harbour.example", "nobody@northwind.example", "dana@fairlead.example"} {
		w.ask(stranger, "POST", "/sign-in/link", url.Values{"email": {address}}.Encode())
		if i == 0 {
			require.True(w.t, soonTrue(func() bool {
				require.NoError(w.t, w.center.Deliver(w.t.Context()))
				return len(w.out.letters) > 0
			}))
		}
	}
	w.digests()
	for _, m := range w.out.letters {
		if to := m.GetToString(); len(to) == 1 && strings.Contains(to[0], "@northwind.example") {
			var raw strings.Builder
			_, err := m.WriteTo(&raw)
			require.NoError(w.t, err)
			parsed, err := mail.ReadMessage(strings.NewReader(raw.String()))
			require.NoError(w.t, err)
			body, err := io.ReadAll(parsed.Body)
			require.NoError(w.t, err)
			for _, k := range []string{"Date", "Message-Id", "Content-Type"} { // the boundary of parts
				delete(parsed.Header, k)
			}
			// Whose it is stands in it; what signs it is made by chance.
			parsed.Header["List-Unsubscribe"] = nil
			plain := signature.ReplaceAllString(strings.ReplaceAll(string(body), "=\r\n", ""), "$1")
			w.say("letter", fmt.Sprint(parsed.Header, boundary.ReplaceAllString(plain, "")))
		}
	}
}

// digests are what guests who want it are mailed of a week: a page has changed
// that they see, and, in one of the worlds, much that they do not.
func (w *world) digests() {
	for _, g := range w.guests {
		w.ask(g, "POST", "/shared/northwind/new", "do=mail")
	}
	w.later.Store(int64(3 * 24 * time.Hour))
	w.write("northwind", "external/closing/terms", "# Terms\n\nPaid in sixty days. [[close-plan]]\n")
	if w.inside {
		w.random.inside = true
		w.write("northwind", "internal/account/later", "# Later "+twinCanary+"\n")
		w.others("in the digest")
		w.random.inside = false
	}
	w.later.Store(int64(10 * 24 * time.Hour))
	before := len(w.out.letters)
	require.NoError(w.t, w.center.Deliver(w.t.Context()))
	got := 0
	for _, m := range w.out.letters[before:] {
		if strings.Contains(m.GetToString()[0], "@northwind.example") {
			got++
		}
	}
	require.Equal(w.t, len(w.guests), got)
}

var signature = regexp.MustCompile(`(/unsubscribe/[a-z0-9]+)\.[A-Za-z0-9_-]+`)

var boundary = regexp.MustCompile(`[0-9a-f]{40,}`)

var quotedBase64 = regexp.MustCompile(`[A-Za-z0-9+/_-]{16,}={0,2}`)

// plain is a text with all that is said in it in other words.
func plain(s string) string {
	out := []string{s, html.UnescapeString(s)}
	if u, err := url.QueryUnescape(s); err == nil {
		out = append(out, u)
	}
	for _, m := range quotedBase64.FindAllString(s, -1) {
		for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
			if b, err := enc.DecodeString(m); err == nil {
				out = append(out, string(b))
			}
		}
	}
	return strings.ToLower(strings.Join(out, "\n"))
}

// TestTwinWorlds makes two companies that are alike but for what is internal and
// for all other prospects. Whatever their guests ask for, what they get is the
// same to the byte.
func TestTwinWorlds(t *testing.T) {
	a, b := newWorld(t, true), newWorld(t, false)
	a.visit()
	b.visit()
	require.Greater(t, len(a.lines), 1000)
	wrong := 0
	require.Equal(t, len(a.lines), len(b.lines))
	for i := range a.lines {
		x, y := a.lines[i], b.lines[i]
		require.Equal(t, y.what, x.what)
		if x.got != y.got {
			if wrong++; wrong <= 12 {
				t.Errorf("%s differs:\n%s", x.what, difference(x.got, y.got))
			}
		}
		if !x.echoes {
			assert.NotContains(t, plain(x.got), twinCanary, x.what)
		}
	}
	t.Logf("%d answers, %d differ", len(a.lines), wrong)
}

// difference is where two texts part.
func difference(a, b string) string {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	part := func(s string) string { return s[max(0, i-150):min(len(s), i+200)] }
	return "with:    " + part(a) + "\nwithout: " + part(b)
}

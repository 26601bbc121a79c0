package web

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/web/notify"
	"dealwiki/web/outbound"
	"dealwiki/web/webhook"
	"dealwiki/wiki"
	"dealwiki/wiki/handoff"
	"dealwiki/wiki/maillog"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
	"dealwiki/wiki/source"
)

// canary stands in everything that no guest may see, and in every address of
// people whose address nobody outside may know.
const canary = "xyzzy"

// wall is a company with two customers' guests in every state that access knows,
// and every caller that the doors are tried with.
type wall struct {
	*site
	callers []*wallCaller
	guest   string // the id of one
}

// wallCaller is one of those who come to the doors.
type wallCaller struct {
	name   string
	guest  bool
	admin  bool
	scopes people.Scope
	token  string // empty: a browser
	nobody bool
	own    *browser
	caller people.Caller
	// What they may do at northwind, which is open, and at secretco, which only
	// Dana sees; shared says what they may on the customer's side of northwind.
	open, restricted, shared people.Level
	comment                  bool
}

func newWall(t testing.TB) *wall {
	w := &wall{site: newLiveSite(t, func(cfg *Config) {
		out := outbound.New(outbound.Config{})
		cfg.Webhooks = webhook.New(webhook.Config{People: cfg.People, Client: out})
		cfg.Notices = notify.New(notify.Config{Wiki: cfg.Wiki, People: cfg.People, Webhooks: cfg.Webhooks})
		cfg.Sources = source.New(source.Config{Wiki: cfg.Wiki, People: cfg.People, Log: maillog.New(maillog.Config{Wiki: cfg.Wiki}), Client: out})
		t.Cleanup(cfg.Notices.Close)
	})}
	ctx, dana := context.Background(), w.as(w.dana)
	w.write("northwind", "internal/account/readme", "# Secrets "+canary+"\n\n> [!risk] They are broke "+canary+" @dana ^r-7f3a\n")
	_, err := w.wiki.Create(ctx, dana, wiki.NewProspect{Prospect: wiki.Prospect{Title: "Harbour " + canary, Slug: "harbour", Stage: "closing", Tags: []string{canary}}})
	require.NoError(t, err)
	w.write("harbour", "external/closing/agreement", "# Their agreement\n\nFor the harbour alone.\n")
	w.write("northwind", "external/closing/taken-back", "# Taken back\n")
	space, err := w.wiki.Space(ctx, dana, "northwind")
	require.NoError(t, err)
	once, err := space.Sides()[1].Lookup(ctx, dana, place(t, "external/closing/taken-back"))
	require.NoError(t, err)
	require.NoError(t, space.Sides()[1].DeletePage(ctx, dana, once.Place, once.Version))
	for _, prospect := range []string{"northwind", "secretco"} {
		w.write(prospect, "internal/closing/close-plan", "# Close plan\n\n> [!commitment] Go-live on 1 March 2027 @dana ^c-7f3a\n")
		w.write(prospect, "external/closing/terms", "# Terms\n\nPaid in thirty days.\n")
		space, err := w.wiki.Space(ctx, dana, prospect)
		require.NoError(t, err)
		for _, side := range space.Sides() {
			_, err := side.PutFile(ctx, dana, wiki.File{Section: side.Section(), Stage: "closing", Name: map[wiki.Section]string{wiki.Internal: "a.png", wiki.External: "b.png"}[side.Section()]}, []byte("\x89PNG "+string(side.Section())), false)
			require.NoError(t, err)
		}
		_, err = w.web.book.Offer(ctx, dana, space, handoff.Offer{To: "delivering", Receiver: w.dana.ID})
		require.NoError(t, err)
	}
	staff := func(name string, p people.Person, open, restricted people.Level) {
		w.callers = append(w.callers, &wallCaller{name: name, admin: p.Role == people.Admin, scopes: people.AllScopes, own: w.signedIn(p), caller: w.as(p), open: open, restricted: restricted, shared: open, comment: true})
	}
	staff("owner", w.dana, people.Owner, people.Owner)
	staff("editor", w.mara, people.Editor, people.None)
	staff("viewer", w.vera, people.Viewer, people.None)
	staff("administrator", w.ada, people.Editor, people.None)
	w.callers = append(w.callers, &wallCaller{name: "nobody", nobody: true, own: w.browser()})
	for _, scope := range []people.Scope{people.Read, people.Write | people.Read, people.Git, people.Feed, people.Administer} {
		level := people.None
		switch {
		case scope&people.Write != 0:
			level = people.Owner
		case scope&people.Read != 0:
			level = people.Viewer
		}
		w.callers = append(w.callers, &wallCaller{name: "token " + scope.String(), scopes: scope, token: w.program(w.dana, scope).token, own: w.browser(), caller: people.Caller{Person: w.dana, Scopes: scope, Via: "token"},
			open: level, restricted: level, shared: level, comment: scope&people.Write != 0})
	}
	guest := func(name, prospect string, role people.GuestRole, until time.Time) people.Person {
		id, token, err := w.people.InviteGuest(ctx, dana, people.NewGuest{Prospect: prospect, Name: name, Email: strings.ReplaceAll(name, " ", "-") + "@customer.example", Role: role, Until: until})
		require.NoError(t, err)
		p, _, err := w.people.JoinAsGuest(ctx, people.Caller{}, token, "")
		require.NoError(t, err)
		require.Equal(t, id, p.ID)
		secret, _, err := w.people.StartSession(ctx, p.ID, "127.0.0.1", "test")
		require.NoError(t, err)
		b := w.browser()
		b.jar[cookiePlain] = &http.Cookie{Name: cookiePlain, Value: secret}
		c := &wallCaller{name: "guest " + name, guest: true, scopes: people.AllScopes, own: b, caller: people.Caller{Person: p, Scopes: people.AllScopes, Via: "session"}}
		if prospect == "northwind" && !strings.Contains(name, " ") {
			switch role {
			case people.GuestViewer:
				c.shared = people.Viewer
			case people.GuestCommenter:
				c.shared, c.comment = people.Viewer, true
			case people.GuestEditor:
				c.shared, c.comment = people.Editor, true
			}
		}
		w.callers = append(w.callers, c)
		return p
	}
	w.guest = guest("viewer", "northwind", people.GuestViewer, time.Time{}).ID
	guest("commenter", "northwind", people.GuestCommenter, time.Time{})
	guest("editor", "northwind", people.GuestEditor, time.Time{})
	guest("of another", "harbour", people.GuestEditor, time.Time{})
	guest("whose time is over", "northwind", people.GuestEditor, time.Now().Add(2*time.Second))
	gone := guest("sent away", "northwind", people.GuestEditor, time.Time{})
	require.NoError(t, w.people.RevokeGuest(ctx, dana, "northwind", gone.ID))
	off := guest("who is disabled", "northwind", people.GuestEditor, time.Time{})
	require.NoError(t, w.people.Disable(ctx, people.System("test"), off.ID))
	time.Sleep(2100 * time.Millisecond) // until the one's time is over
	return w
}

// need is what a door asks of those who come through it.
type need int

const (
	needNothing need = iota // anybody; says nothing of any prospect without a secret in the address
	needStaff               // any member of staff
	needAdmin
	needSelf // Vera, whose the address is, or an administrator
	needRead // of the prospect
	needWrite
	needOwner
	needManage // who may do what: the owner's, and administrators', on record, also where they do not read
	needShared // the customer's side
	needSharedComment
	needSharedWrite
)

// exceptions are the doors that ask for something else than their audience and
// method say.
var exceptions = map[string]need{
	"POST /p/{prospect}/shared-space":                        needOwner,
	"GET /api/v1/people/{person}/sessions":                   needSelf,
	"GET /api/v1/people/{person}/tokens":                     needSelf,
	"GET /api/v1/people/{person}/two-step":                   needSelf,
	"GET /api/v1/people/{person}/passkeys":                   needSelf,
	"PATCH /api/v1/people/{person}":                          needAdmin,
	"POST /p/{prospect}/brief/read":                          needRead,
	"POST /p/{prospect}/settings":                            needWrite,
	"POST /p/{prospect}/settings/revoke":                     needManage,
	"GET /p/{prospect}/handoff":                              needWrite,
	"GET /p/{prospect}/new":                                  needWrite,
	"GET /p/{prospect}/outcome":                              needOwner,
	"POST /p/{prospect}/outcome":                             needOwner,
	"GET /p/{prospect}/delete":                               needOwner,
	"POST /p/{prospect}/delete":                              needOwner,
	"POST /p/{prospect}/guests":                              needOwner,
	"POST /p/{prospect}/guests/{id}/{what}":                  needOwner,
	"POST /p/{prospect}/guest-links":                         needOwner,
	"POST /p/{prospect}/guest-links/{id}/end":                needOwner,
	"GET /p/{prospect}/files/internal/{stage}/{name}/delete": needWrite,
	"GET /p/{prospect}/files/external/{stage}/{name}/delete": needWrite,
	"GET /p/{prospect}/internal/{stage}/{page}/move":         needWrite,
	"GET /p/{prospect}/external/{stage}/{page}/move":         needWrite,
	"GET /p/{prospect}/internal/{stage}/{page}/delete":       needWrite,
	"GET /p/{prospect}/external/{stage}/{page}/delete":       needWrite,
	"GET /api/v1/audit":                                      needAdmin,
	"POST /api/v1/import/csv":                                needAdmin,
	"GET /api/v1/webhooks":                                   needAdmin,
	"POST /api/v1/webhooks":                                  needAdmin,
	"POST /api/v1/webhooks/{webhook}/test":                   needAdmin,
	"GET /api/v1/webhooks/{webhook}/deliveries":              needAdmin,
	"DELETE /api/v1/prospects/{prospect}/access/{person}":    needManage,
}

// needOf says what a door asks for.
func needOf(d Door) need {
	if n, ok := exceptions[d.Pattern]; ok {
		return n
	}
	method, path, _ := strings.Cut(d.Pattern, " ")
	reads := method == http.MethodGet
	switch {
	case d.Audience == Anonymous:
		return needNothing
	case d.Audience == Administrators:
		return needAdmin
	case d.Audience == Shared && reads:
		return needShared
	case d.Audience == Shared:
		return needSharedWrite
	case !strings.Contains(path, "{prospect}"):
		return needStaff
	case reads || d.Audience == Live:
		return needRead
	case strings.Contains(path, "/settings"):
		return needOwner
	}
	return needWrite
}

// verdict is what a caller is told at a door.
type verdict string

const (
	comesIn  verdict = "comes in"
	mayNot   verdict = "may not"  // knows that it is there
	hidden   verdict = "hidden"   // as if it were not there
	stranger verdict = "stranger" // is asked to sign in
)

// expected is the verdict by who may do what.
func expected(n need, c *wallCaller, prospect string, d Door) verdict {
	api := strings.Contains(d.Pattern, " "+apiPrefix)
	level := c.open
	if prospect == "secretco" {
		level = c.restricted
	}
	switch {
	case n == needNothing:
		return comesIn
	case c.nobody, c.token != "" && !api: // pages take no tokens
		return stranger
	case strings.HasPrefix(c.name, "guest who is disabled"):
		return stranger // their sessions have ended
	case c.token != "" && c.scopes&people.Read == 0:
		return mayNot
	case c.token != "" && c.scopes&people.Write == 0 && !strings.HasPrefix(d.Pattern, "GET ") && !strings.HasSuffix(d.Pattern, "/render"):
		return mayNot
	}
	switch n {
	case needShared, needSharedComment, needSharedWrite:
		shared := c.shared
		if prospect == "secretco" {
			shared = c.restricted
		}
		switch {
		case !strings.Contains(d.Pattern, "{prospect}"):
			return comesIn
		case shared < people.Viewer:
			return hidden
		case n == needSharedComment && !c.comment, n == needSharedWrite && shared < people.Editor:
			return mayNot
		}
		return comesIn
	}
	if c.guest {
		return hidden
	}
	switch n {
	case needAdmin:
		if c.admin {
			return comesIn
		}
		return mayNot
	case needStaff:
		return comesIn
	case needSelf:
		if c.admin || c.name == "viewer" {
			return comesIn
		}
		return hidden
	}
	switch {
	case n == needManage && c.admin:
		return comesIn
	case level < people.Viewer:
		return hidden
	case (n == needOwner || n == needManage) && level < people.Owner, n == needWrite && level < people.Editor:
		return mayNot
	}
	return comesIn
}

// addresses answers a door's address at a prospect and the same one of a prospect
// that is not there.
func (w *wall) address(d Door, prospect string) (method, path string) {
	method, path, ok := strings.Cut(d.Pattern, " ")
	if !ok {
		method, path = http.MethodGet, d.Pattern
	}
	page, file := "close-plan", "a.png"
	if d.Audience == Shared || strings.Contains(path, "/external/") {
		page, file = "terms", "b.png"
	}
	return method, strings.NewReplacer("{$}", "", "{prospect}", prospect, "{section}", "internal", "{stage}", "closing", "{page}", page, "{handle}", "dana",
		"{name}", file, "{fact}", "c-7f3a", "{person}", w.vera.ID, "{guest}", w.guest, "{link}", "x", "{webhook}", "1", "{notice}", "1", "{token}", "x", "{id}", w.dana.ID, "{what}", "role", "{number}", "1", "{file}", prospect+".atom", "{key}", "c-7f3a", "{rest...}", "history").Replace(path)
}

// told is what a caller was told.
func (w *wall) told(c *wallCaller, method, path string) (verdict, answer) {
	r := c.own.request(method, path, strings.NewReader(""))
	switch {
	case strings.HasPrefix(path, apiPrefix) && method != http.MethodGet:
		r = c.own.request(method, path, strings.NewReader("{}"))
		r.Header.Set("Content-Type", "application/json")
	case method != http.MethodGet:
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	jar := make(map[string]*http.Cookie, len(c.own.jar))
	for k, v := range c.own.jar {
		jar[k] = v
	}
	a := c.own.do(r)
	c.own.jar = jar // signing out is tried too
	switch {
	case a.status == http.StatusUnauthorized, a.status == http.StatusSeeOther && strings.HasPrefix(a.location(), "/sign-in"):
		return stranger, a
	case a.status == http.StatusNotFound:
		return hidden, a
	case a.status == http.StatusForbidden:
		return mayNot, a
	}
	return comesIn, a
}

// deviations tries every door with every caller and answers where they are told
// something else than who may do what says, a line each; with a number above 0 it
// stops after so many.
func (w *wall) deviations(most int) []string {
	out := w.handles()
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	for _, d := range w.web.Doors() {
		if most > 0 && len(out) >= most {
			break
		}
		n := needOf(d)
		if d.Audience == Live || strings.Contains(d.Pattern, "/git/") {
			continue // sockets and git have matrices of their own
		}
		for _, prospect := range []string{"northwind", "secretco"} {
			method, path := w.address(d, prospect)
			if prospect == "secretco" && !strings.Contains(d.Pattern, "{prospect}") {
				continue
			}
			if path == "/sign-out" {
				continue
			}
			_, nowhere := w.address(d, "not-there")
			for _, c := range w.callers {
				want := expected(n, c, prospect, d)
				if want == comesIn && (method == http.MethodDelete || destroys[d.Pattern]) {
					continue // it would take away what the next ones look for
				}
				before := ""
				if want == mayNot {
					before = w.everything()
				}
				got, a := w.told(c, method, path)
				at := fmt.Sprintf("%s %s, %s", method, path, c.name)
				if a.status >= 500 {
					say("%s: %d", at, a.status)
				}
				if (c.guest || c.nobody || want == hidden) && strings.Contains(a.body+fmt.Sprint(a.header), canary) {
					say("%s: is shown what is not theirs", at)
				}
				switch {
				case got == want, n == needNothing:
				case want == comesIn && got == hidden && method != http.MethodGet: // what the form is about is not there
				case want == comesIn && got == hidden && missing[d.Pattern]:
				case want == mayNot && a.status >= 400 && method != http.MethodGet, want == mayNot && got == comesIn && before == w.everything(): // it looked at the form first, and did nothing
				case want == hidden && a.status >= 400 && strings.Contains(d.Pattern, "{prospect}"): // so it does where there is nothing, which is seen to below
				case c.guest && d.Pattern == "GET /{$}" && a.location() == "/shared":
				default:
					say("%s: %s, not %s (%d)", at, got, want, a.status)
				}
				if want == hidden && strings.Contains(d.Pattern, "{prospect}") {
					_, other := w.told(c, method, nowhere)
					if one, two := bare(a, prospect), bare(other, "not-there"); one != two {
						say("%s: not the same answer as for a prospect that is not there", at)
					}
				}
			}
		}
	}
	return out
}

// handles asks the parts behind the doors themselves: what somebody's level is,
// what may be opened, and what a side that was opened for somebody else shows.
func (w *wall) handles() []string {
	ctx := context.Background()
	var out []string
	say := func(c *wallCaller, format string, args ...any) {
		out = append(out, c.name+" "+fmt.Sprintf(format, args...))
	}
	for _, c := range w.callers {
		if c.nobody {
			continue
		}
		caller := c.caller
		for prospect, want := range map[string]people.Level{"northwind": c.open, "secretco": c.restricted} {
			if got := w.people.LevelOn(ctx, caller, prospect); got != want {
				say(c, "is %s on %s, not %s", got, prospect, want)
			}
			if _, err := w.wiki.Space(ctx, caller, prospect); (err == nil) != (want >= people.Viewer) {
				say(c, "opens %s: %v", prospect, err)
			}
			shared, comment := want, want >= people.Viewer && c.scopes&people.Write != 0
			if prospect == "northwind" {
				shared, comment = c.shared, c.comment
			}
			if got, may := w.people.SharedLevel(ctx, caller, prospect); got != shared || may != comment {
				say(c, "is %s (comments: %t) on the shared side of %s, not %s (%t)", got, may, prospect, shared, comment)
			}
			if _, err := w.wiki.Shared(ctx, caller, prospect); (err == nil) != (shared >= people.Viewer) {
				say(c, "opens the shared side of %s: %v", prospect, err)
			}
			space, err := w.wiki.Space(ctx, people.System("test"), prospect)
			require.NoError(w.t, err)
			for _, side := range space.Sides() {
				level := want
				if side.Section() == wiki.External {
					level = shared
				}
				_, err := side.Pages(ctx, caller)
				if (err == nil) != (level >= people.Viewer) {
					say(c, "lists the %s pages of %s by a side of somebody else's: %v", side.Section(), prospect, err)
				}
				_, err = side.Recent(ctx, caller, 1, repo.Zero)
				if (err == nil) != (level >= people.Viewer && !c.guest) {
					say(c, "lists the %s changes of %s: %v", side.Section(), prospect, err)
				}
				if side.Section() == wiki.External {
					_, err = side.History(ctx, caller, place(w.t, "external/closing/taken-back"), 0, repo.Zero)
					if prospect == "northwind" && (err == nil) != (level >= people.Viewer && !c.guest) {
						say(c, "sees the past of a page that is no longer shared: %v", err)
					}
				}
			}
		}
	}
	return out
}

// everything tells of all that lies in the repositories and is on record.
func (w *wall) everything() string {
	var b strings.Builder
	for _, prospect := range []string{"northwind", "secretco", "harbour"} {
		space, err := w.wiki.Space(context.Background(), people.System("test"), prospect)
		if err != nil {
			fmt.Fprintln(&b, prospect, err)
			continue
		}
		for _, side := range space.Sides() {
			recent, err := side.Recent(context.Background(), people.System("test"), 1, repo.Zero)
			fmt.Fprintln(&b, recent, err)
		}
	}
	log, _, err := w.people.Audit(context.Background(), people.System("test"), people.AuditFilter{}, 1, 0)
	require.NoError(w.t, err)
	fmt.Fprintln(&b, log)
	return b.String()
}

// bare is an answer without what differs with every request: the address that
// was asked for, and the request's number.
func bare(a answer, prospect string) string {
	h := a.header.Clone()
	for _, k := range []string{"Date", "X-Request-Id", "Content-Length"} {
		h.Del(k)
	}
	csp := nonce.ReplaceAllString(fmt.Sprint(a.status, h, a.body), "")
	return strings.ReplaceAll(csp, prospect, "")
}

// TestMatrix holds every door against who may do what.
func TestMatrix(t *testing.T) {
	w := newWall(t)
	doors := w.web.Doors()
	require.Greater(t, len(doors), 150)
	for pattern := range exceptions {
		assert.True(t, slices.ContainsFunc(doors, func(d Door) bool { return d.Pattern == pattern }), "there is no door %s", pattern)
	}
	for _, line := range w.deviations(0) {
		t.Error(line)
	}
}

var nonce = regexp.MustCompile(`nonce-[A-Za-z0-9_-]+|nonce="[^"]*"`)

// destroys are the doors that take something away when they are sent nothing.
var destroys = map[string]bool{
	"POST /p/{prospect}/internal/{stage}/{page}/delete": true,
	"POST /p/{prospect}/external/{stage}/{page}/delete": true,
}

// missing are the doors whose thing is not there in this company.
var missing = map[string]bool{
	"GET /-/complete": true, // of nothing
	"GET /api/v1/prospects/{prospect}/guests/{guest}":                               true, // of secretco
	"GET /api/v1/webhooks/{webhook}/deliveries":                                     true,
	"GET /api/v1/prospects/{prospect}/pages/{section}/{stage}/{page}/comments/{id}": true,
	"GET /api/v1/shared/{prospect}/pages/{page}/comments/{id}":                      true,
}

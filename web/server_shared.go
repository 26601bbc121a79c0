package web

import (
	"context"
	"net/http"

	"dealwiki/content"
	"dealwiki/search"
	"dealwiki/wiki"
	"dealwiki/wiki/brief"
	"dealwiki/wiki/people"
	facts "dealwiki/wiki/register" // register is a function here
)

// newPortal hands the customer's screens what they may have, and nothing else.
// This is the one place where the server and the portal meet.
func (s *Server) newPortal() *portal {
	p := &portal{
		open:  s.wiki.Shared,
		mine:  s.people.GuestProspects,
		level: s.people.SharedLevel,
		guests: func(ctx context.Context, prospect string) []people.Person {
			return s.guestsOf(ctx, prospect)
		},
		finder: search.NewShared(),
		who:    s.people, marks: s.people, keys: s.people, rooms: s.rooms, pages: s, log: s.log, now: s.now, maxFile: s.wiki.MaxFile(),
		docs:   newLRU[docKey, *content.Doc](cachedDocs, cachedBytes),
		voices: newLRU[voiceKey, map[string]bool](cachedDocs, 0),
	}
	if s.briefs != nil {
		p.briefs = func(ctx context.Context, c people.Caller, side *wiki.Side) (*brief.GuestBrief, error) {
			return s.briefs.ForGuest(ctx, c, side)
		}
	}
	if s.facts != nil {
		p.facts = func(ctx context.Context, c people.Caller, side *wiki.Side) ([]facts.Fact, error) {
			return s.facts.Side(ctx, c, side)
		}
	}
	if s.notices != nil && s.notices.Mails() {
		p.digests = s.notices
		s.notices.ShowGuests(p)
	}
	return p
}

// sharedRoutes registers every door of the customer's screens.
func (s *Server) sharedRoutes() {
	p := s.newPortal()
	s.shared = p
	s.handle("GET /shared", Shared, p.spaces)
	s.handle("GET /account", Shared, p.account)
	s.handle("POST /account", Shared, p.postAccount)
	s.handle("GET /shared/{prospect}", Shared, s.opened(p.overview))
	s.handle("GET /shared/{prospect}/files", Shared, p.files)
	s.handle("POST /shared/{prospect}/files", Shared, p.postFiles)
	s.handle("GET /shared/{prospect}/search", Shared, p.search)
	s.handle("GET /shared/{prospect}/brief", Shared, p.brief)
	s.handle("GET /shared/{prospect}/new", Shared, p.news)
	s.handle("POST /shared/{prospect}/new", Shared, p.postNew)
	s.handle("GET /shared/{prospect}/{page}", Shared, s.opened(p.page))
	s.handle("POST /shared/{prospect}/{page}", Shared, p.postPage)
	s.handle("GET /shared/{prospect}/{page}/{rest...}", Shared, s.opened(p.below))
	s.handle("POST /shared/{prospect}/{page}/{rest...}", Shared, p.below)
	s.handle("GET /p/{prospect}/shared-space", Staff, s.sharedSettings)
	s.handle("POST /p/{prospect}/shared-space", Staff, s.postSharedSettings)
	s.handle("GET /-/shared/{prospect}/present", Shared, p.present)
	s.handle("GET /-/shared/{prospect}/complete", Shared, p.complete)
	s.handle("GET /live/shared/{prospect}/{page}", Live, p.live)
	s.handle("GET /feeds/shared/{file}", Anonymous, p.feed)
}

// guestsOf lists the guests who may come to a prospect now.
func (s *Server) guestsOf(ctx context.Context, prospect string) []people.Person {
	all, err := s.people.List(ctx)
	if err != nil {
		return nil
	}
	var out []people.Person
	for _, p := range all {
		if !p.Guest {
			continue
		}
		if level, _ := s.people.SharedLevel(ctx, people.Caller{Person: p, Scopes: people.AllScopes}, prospect); level >= people.Viewer {
			out = append(out, p)
		}
	}
	return out
}

// sharedShell is the shell of a screen that guests see: without the staff's bars.
func (s *Server) sharedShell(r *http.Request, c people.Caller, title string) Shell {
	sh := Shell{Title: title, Path: r.URL.RequestURI(), KeysOff: !c.Person.Settings.Shortcuts && c.Person.ID != ""}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		sh.Path = r.URL.Path
	}
	if t := c.Person.Settings.Theme; t == "light" || t == "dark" {
		sh.Theme = t
	}
	return sh
}

// tokenCaller is whom a token speaks for, nobody when it is none or may not read.
func (s *Server) tokenCaller(r *http.Request, token string) people.Caller {
	c, err := s.people.Token(r.Context(), token, s.clientIP(r))
	if err != nil {
		return people.Caller{}
	}
	return c
}

// failShared says to a guest, and to whoever is among the shared screens, what
// went wrong. The page says nothing of what was asked for: what is not there and
// what is not theirs look the same.
func (s *Server) failShared(w http.ResponseWriter, r *http.Request, c people.Caller, status int, title, detail string) {
	v := &SharedErrorView{Shell: s.sharedShell(r, c, title), Heading: title, Text: detail}
	v.Path = "/shared"
	switch {
	case status == http.StatusNotFound:
		v.Text = "There is nothing here, or it is not shared with you. Check the address, or begin at the overview."
	case status == http.StatusForbidden:
		v.Text = "You can read this, but not change it. Ask whoever invited you."
	case status >= 500:
		v.Text, v.Request = "This is our mistake, not yours. Nothing that was saved is lost. Try again in a moment.", requestID(r)
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead && status != http.StatusNotFound {
		v.Safe = "What you typed is still in your browser: go back to get it."
	}
	s.render(w, r, status, "shared_error", v)
}

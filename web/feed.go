package web

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"dealwiki/search"
	"dealwiki/search/query"
	"dealwiki/wiki"
	"dealwiki/wiki/guard"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// Limits of a feed.
const (
	feedEntries   = 50
	feedProspects = 50 // the latest changed, in the feed over all
)

// atomFeed is a feed as RFC 4287 has it.
type atomFeed struct {
	XMLName xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
	ID      string      `xml:"id"`
	Title   string      `xml:"title"`
	Updated string      `xml:"updated"`
	Links   []atomLink  `xml:"link"`
	Entries []atomEntry `xml:"entry"`
}

type atomLink struct {
	Rel  string `xml:"rel,attr"`
	Href string `xml:"href,attr"`
}

type atomEntry struct {
	ID       string   `xml:"id"`
	Title    string   `xml:"title"`
	Updated  string   `xml:"updated"`
	Author   string   `xml:"author>name"`
	Link     atomLink `xml:"link"`
	Category struct {
		Term string `xml:"term,attr"`
	} `xml:"category"`
	Summary string `xml:"summary,omitempty"`

	at time.Time
}

// feed answers changes of a prospect, of all prospects, or what a search finds,
// for a feed reader: by ?token= of the scope feed, or by a session.
func (s *Server) feed(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	q := r.URL.Query()
	if q.Has("token") {
		var err error
		if c, err = s.people.Token(r.Context(), q.Get("token"), s.clientIP(r)); err != nil || guard.FeedToken.Stops(!c.Can(people.Feed)) {
			c = people.Caller{}
		}
		// What a feed shows is read here; the token itself reads nothing else.
		c.Scopes = people.Read
	}
	if c.Person.ID == "" || c.Person.Guest {
		return refuse(http.StatusUnauthorized, "This feed needs a token", "Make a token with the scope feed under Settings, and add it to the address as ?token=.")
	}
	name, ok := strings.CutSuffix(r.PathValue("file"), ".atom")
	if !ok {
		return notFound()
	}
	f := &atomFeed{ID: s.address(r, "/feeds/"+url.PathEscape(name)+".atom"), Title: "Changes"}
	var err error
	home := "/"
	switch name {
	case "all":
		entries := s.wiki.Prospects(r.Context(), c)
		slices.SortStableFunc(entries, func(a, b wiki.Entry) int { return b.Updated.Compare(a.Updated) })
		for _, e := range entries[:min(len(entries), feedProspects)] {
			if err = s.feedChanges(r, c, e.Slug, e.Title+": ", f); err != nil && !errors.Is(err, wiki.ErrNotFound) {
				return err
			}
		}
	case "search":
		home = "/search?" + url.Values{"q": {q.Get("q")}}.Encode()
		f.ID += "?" + url.Values{"q": {q.Get("q")}}.Encode()
		f.Title = "Search: " + clip(q.Get("q"), 100)
		if err = s.feedSearch(r, c, q.Get("q"), f); err != nil {
			return err
		}
	default:
		e, err := s.wiki.Prospect(r.Context(), c, name)
		if err != nil {
			return err
		}
		home, f.Title = spacePath(name), e.Title
		if err := s.feedChanges(r, c, name, "", f); err != nil {
			return err
		}
	}
	f.Links = []atomLink{{"alternate", s.address(r, home)}, {"self", f.ID}}
	return s.sendFeed(w, r, f)
}

// sendFeed writes a feed, or that it is as it was.
func (s *Server) sendFeed(w http.ResponseWriter, r *http.Request, f *atomFeed) error {
	slices.SortStableFunc(f.Entries, func(a, b atomEntry) int { return b.at.Compare(a.at) })
	f.Entries = f.Entries[:min(len(f.Entries), feedEntries)]
	f.Updated = time.Unix(0, 0).UTC().Format(time.RFC3339) // of one without entries
	if len(f.Entries) > 0 {
		f.Updated = f.Entries[0].Updated
	}
	body, err := xml.Marshal(f)
	if err != nil {
		return err
	}
	body = append([]byte(xml.Header), body...)
	sum := sha256.Sum256(body)
	h := w.Header()
	h.Set("ETag", `"`+base64.RawURLEncoding.EncodeToString(sum[:12])+`"`)
	h.Set("Content-Type", "application/atom+xml; charset=utf-8")
	h.Set("Cache-Control", "private, no-cache")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
	return nil
}

// feedChanges adds the newest versions of a prospect's pages.
func (s *Server) feedChanges(r *http.Request, c people.Caller, prospect, before string, f *atomFeed) error {
	ctx := r.Context()
	sp, err := s.wiki.Space(ctx, c, prospect)
	if err != nil {
		return err
	}
	for _, side := range sp.Sides() {
		versions, err := side.Recent(ctx, c, feedEntries, repo.Zero)
		if err != nil {
			return err
		}
		for i := range versions {
			v := &versions[i]
			place, ok := wiki.PlaceOf(side.Section(), v.Path)
			if !ok {
				continue
			}
			e := atomEntry{Title: before + s.feedTitle(ctx, c, side, place), Author: s.author(ctx, v.Author).Name, Summary: v.Subject, at: v.When}
			e.ID = s.address(r, pagePath(prospect, place)) + "?at=" + v.Commit.String()
			e.Link = atomLink{"alternate", s.address(r, pagePath(prospect, place))}
			if v.Deleted {
				e.Title += " (deleted)"
			}
			e.Category.Term = string(side.Section())
			f.add(e)
		}
	}
	return nil
}

func (s *Server) feedTitle(ctx context.Context, c people.Caller, side *wiki.Side, place wiki.Place) string {
	if info, err := side.Lookup(ctx, c, place); err == nil {
		return info.Title
	}
	return upperFirst(place.Page)
}

// feedSearch adds what a search finds, the newest first.
func (s *Server) feedSearch(r *http.Request, c people.Caller, text string, f *atomFeed) error {
	if s.search == nil {
		return refuse(http.StatusServiceUnavailable, "Search is not available", "Try again later.")
	}
	ctx := r.Context()
	q, err := query.Parse(text)
	var wrong *query.Error
	if errors.As(err, &wrong) {
		return badRequest("The query cannot be understood: " + wrong.Msg)
	}
	if err != nil {
		return err
	}
	level := s.people.Visible(ctx, c)
	found, err := s.search.Search(ctx, search.Request{Query: q, Access: search.Tokens(ctx, s.wiki, c), Limit: feedEntries, Sort: "newest"},
		func(prospect string) bool { return level(prospect) >= people.Viewer })
	if err != nil {
		return err
	}
	for i := range found.Hits {
		h := &found.Hits[i]
		place, ok := wiki.PlaceOf(wiki.Section(h.Section), h.Path)
		if !ok {
			continue
		}
		e := atomEntry{Title: h.ProspectTitle + ": " + h.Title, Author: h.Author, at: h.Updated}
		link := pagePath(h.Prospect, place)
		if h.FactID != "" {
			link += "#" + url.PathEscape(h.FactID)
		}
		e.Link = atomLink{"alternate", s.address(r, link)}
		e.ID = e.Link.Href
		e.Category.Term = h.Section
		for _, part := range h.Fragments {
			e.Summary += part.Text
		}
		f.add(e)
	}
	return nil
}

func (f *atomFeed) add(e atomEntry) {
	e.Updated = e.at.UTC().Format(time.RFC3339)
	if e.Author == "" {
		e.Author = "dealwiki"
	}
	f.Entries = append(f.Entries, e)
}

package web

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"dealwiki/realtime"
	"dealwiki/wiki"
	"dealwiki/wiki/people"
)

// refusedAfter is when a socket to a page that is not there, or not for the
// caller, is told so: later than looking takes, so that the time tells nothing.
const refusedAfter = 50 * time.Millisecond

// live is the door of websockets: who may come in becomes a visitor of the
// page's room. Nobody else hears more than a close code.
func (s *Server) live(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	if s.rooms == nil {
		return notFound()
	}
	if !upgrades(r) {
		return refuse(http.StatusUpgradeRequired, "This address is for websockets", "Open the page itself in your browser; its editor comes here by itself.")
	}
	q := r.URL.Query()
	if err := s.checkOrigin(r, q.Has("token")); err != nil {
		return err
	}
	began := time.Now()
	if q.Has("token") {
		var err error
		if c, err = s.people.Token(r.Context(), q.Get("token"), s.clientIP(r)); err != nil || !c.Can(people.Read) {
			c = people.Caller{}
		}
	}
	if c.Person.ID == "" {
		s.rooms.Refuse(w, r, realtime.CodeSignedOut, "sign in")
		return errAnswered
	}
	place := wiki.Place{Section: wiki.Section(r.PathValue("section")), Stage: r.PathValue("stage"), Page: r.PathValue("page")}
	v, code, reason := s.visitor(r, c, r.PathValue("prospect"), place)
	if code != 0 {
		if code == realtime.CodeNotFound {
			select {
			case <-time.After(time.Until(began.Add(refusedAfter))):
			case <-r.Context().Done():
			}
		}
		s.rooms.Refuse(w, r, code, reason)
		return errAnswered
	}
	v.Epoch, v.HasEpoch = q.Get("epoch"), q.Has("epoch")
	s.rooms.Serve(w, r, *v)
	return errAnswered
}

// upgrades reports that a request asks for a websocket.
func upgrades(r *http.Request) bool {
	return r.Method == http.MethodGet && hasWord(r.Header, "Connection", "upgrade") && hasWord(r.Header, "Upgrade", "websocket")
}

func hasWord(h http.Header, key, word string) bool {
	return slices.ContainsFunc(strings.Split(strings.Join(h.Values(key), ","), ","), func(s string) bool {
		return strings.EqualFold(strings.TrimSpace(s), word)
	})
}

// checkOrigin lets sockets in from our own pages, and from programs, which send
// no Origin and bring a token. A browser sends cookies whoever asks it to.
func (s *Server) checkOrigin(r *http.Request, token bool) error {
	foreign := refuse(http.StatusForbidden, "This comes from another site", "For your safety pages are edited from the wiki's own pages only.")
	origins := r.Header.Values("Origin")
	if len(origins) == 0 {
		if !token {
			return foreign
		}
		return nil
	}
	if len(origins) > 1 {
		return foreign
	}
	// Sec-Fetch-Site is not asked: for ws: and http: browsers disagree on it.
	if s.url != "" && origins[0] == s.url {
		return nil
	}
	u, err := url.Parse(origins[0])
	if err != nil || u.Host == "" || u.Host != r.Host || u.Scheme != "https" && (u.Scheme != "http" || s.secure) {
		return foreign
	}
	return nil
}

// visitor is the caller at a page, or the code and reason to close with.
func (s *Server) visitor(r *http.Request, c people.Caller, prospect string, place wiki.Place) (v *realtime.Visitor, code int, reason string) {
	ctx := r.Context()
	side, err := s.liveSide(ctx, c, prospect, place)
	if err != nil {
		return nil, realtime.CodeNotFound, "not found"
	}
	if _, err := side.Lookup(ctx, c, place); err != nil {
		if to, err := side.MovedTo(ctx, c, place); err == nil {
			return nil, realtime.CodeMoved, realtime.MovedReason(to, c.Person.Guest)
		}
		return nil, realtime.CodeNotFound, "not found"
	}
	me := livePerson(c.Person)
	return &realtime.Visitor{
		Caller: c, Side: side, Place: place, Name: me.Name, Color: me.Color, Guest: me.Guest,
		Write: s.people.LevelOn(ctx, c, prospect) >= people.Editor,
		Check: func(ctx context.Context) (bool, error) {
			now, err := s.people.Refresh(ctx, c)
			if err != nil {
				return false, err
			}
			level := s.people.LevelOn(ctx, now, prospect)
			if level < people.Viewer {
				return false, wiki.ErrNotFound
			}
			return level >= people.Editor, nil
		},
	}, 0, ""
}

func (s *Server) liveSide(ctx context.Context, c people.Caller, prospect string, place wiki.Place) (*wiki.Side, error) {
	if err := place.Check(); err != nil {
		return nil, wiki.ErrNotFound
	}
	space, err := s.wiki.Space(ctx, c, prospect)
	if err != nil {
		return nil, err
	}
	return space.Side(place.Section)
}

// livePath is the address of a page's socket.
func livePath(prospect string, place wiki.Place) string {
	return "/live/" + url.PathEscape(prospect) + "/" + string(place.Section) + "/" + url.PathEscape(place.Stage) + "/" + url.PathEscape(place.Page)
}

// liveEditor shows the live editor of a page. Who may not write sees the page as
// it is written.
func (s *Server) liveEditor(w http.ResponseWriter, r *http.Request, f *frame, side *wiki.Side, info *wiki.PageInfo) error {
	ctx := r.Context()
	epoch, err := s.rooms.Epoch(ctx, side, info.Place)
	if err != nil {
		return err
	}
	var raw [16]byte
	rand.Read(raw[:]) // never fails
	nonce := base64.StdEncoding.EncodeToString(raw[:])
	head := f.pageHead(ctx, info)
	v := &LiveView{Shell: f.shellOf(r, "Editing "+info.Title, info.Place, ""), Page: head, Place: info.Place.String(), Write: f.canWrite(), MaxFile: sizeOf(s.wiki.MaxFile())}
	v.Audience = string(info.Section)
	v.Crumbs = f.pageCrumbs(info, "") // a phone shows the last one alone
	v.Flash = s.flash(w, r)
	v.Keys.Leave = head.Href
	if info.Section == wiki.External {
		v.Readers = f.entry.Title
	}
	if v.Write {
		v.Form = head.Href + "?edit=form"
		v.Upload = f.base() + "/files/" + string(info.Section) + "?stage=" + url.QueryEscape(info.Stage) + "&page=" + url.QueryEscape(info.Page)
	} else {
		v.Title = "Reading along: " + info.Title
	}
	pages := apiPrefix + "/prospects/" + url.PathEscape(f.slug())
	v.Config = LiveConfig{
		Socket: livePath(f.slug(), info.Place), Epoch: epoch, Place: v.Place, Prospect: f.slug(), Section: string(info.Section), Stage: info.Stage,
		Title: info.Title, Readers: v.Readers, Write: v.Write, Me: *livePerson(f.c.Person), Version: info.Version.String(), Number: info.Number,
		Files: f.filesAPI(info.Place), MaxFile: s.wiki.MaxFile(), Complete: "/-/complete",
		Comments: pages + "/pages/" + string(info.Section) + "/" + url.PathEscape(info.Stage) + "/" + url.PathEscape(info.Page) + "/comments",
		Present:  f.presentHref(info.Place), Page: head.Href, Form: v.Form, Leave: head.Href, Nonce: nonce,
	}
	s.markRead(ctx, f.c, f.slug(), info.Place, info.Version)
	w.Header().Set("Content-Security-Policy", strings.Replace(policy, "style-src 'self'", "style-src 'self' 'nonce-"+nonce+"'", 1))
	s.render(w, r, http.StatusOK, "live", v)
	return nil
}

// filesAPI is where an editor of a page puts its attachments, by name.
func (f *frame) filesAPI(place wiki.Place) string {
	return apiPrefix + "/prospects/" + url.PathEscape(f.slug()) + "/files/" + string(place.Section) + "/" + url.PathEscape(place.Stage) + "/"
}

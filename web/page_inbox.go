package web

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"dealwiki/web/notify"
	"dealwiki/wiki"
	"dealwiki/wiki/people"
)

// How much of an inbox is shown: on the page of what is meant for its reader and
// of changes each, and by the API.
const (
	maxInbox     = 200
	maxInboxCall = 2000
)

// inboxIcons draw the kinds of notices.
var inboxIcons = map[string]string{
	notify.KindMention: "message-square", notify.KindAssigned: "list-checks", notify.KindComment: "message-square",
	notify.KindHandoff: "handshake", notify.KindWarning: "bell", notify.KindPage: "file-pen", notify.KindMany: "files", notify.KindAsked: "circle-help", notify.KindFlag: "hourglass",
}

// inboxCount is how much the caller has not read. Failing at it is no reason not
// to show a page.
func (s *Server) inboxCount(ctx context.Context, c people.Caller) int {
	if s.notices == nil || c.Person.ID == "" || c.Person.Guest {
		return 0
	}
	n, err := s.notices.Unseen(ctx, c)
	if err != nil && ctx.Err() == nil {
		s.log.Warn("counting what is unread", "err", err)
	}
	return n
}

// inbox lists what concerns the caller.
func (s *Server) inbox(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	if s.notices == nil {
		return notFound()
	}
	ctx := r.Context()
	all := r.URL.Query().Get("show") == "all"
	list, err := s.notices.Inbox(ctx, c, !all, maxInboxCall)
	if err != nil {
		return err
	}
	v := &InboxView{Shell: s.shell(r, c, "Inbox"), See: "/inbox/seen", SeeAll: "/inbox/seen-all"}
	v.Nav, v.Flash, v.Unseen = "inbox", s.flash(w, r), v.Inbox
	v.Filters = []Choice{{Label: "Unread", Href: "/inbox", On: !all, Count: v.Unseen}, {Label: "Everything", Href: "/inbox?show=all", On: all}}
	quiet := 0
	for i := range list {
		n := &list[i]
		switch v.New = v.New || !n.Seen; {
		case !n.Quiet() && len(v.Items) < maxInbox:
			v.Items = append(v.Items, s.inboxItem(ctx, c, n))
		case n.Quiet() && quiet < maxInbox:
			quiet++
			v.group(n, s.inboxItem(ctx, c, n), dayLabel(n.At, s.now()))
		default:
			continue // the ids above are not shown, so they are not marked either
		}
		v.Upto = max(v.Upto, n.ID)
	}
	for i := range v.Changes {
		v.Changes[i].finish()
	}
	private(w)
	s.render(w, r, http.StatusOK, "inbox", v)
	return nil
}

func (s *Server) inboxItem(ctx context.Context, c people.Caller, n *notify.Notice) InboxItem {
	item := InboxItem{ID: n.ID, Kind: n.Kind, Icon: inboxIcons[n.Kind], Title: n.Title, Prospect: n.Prospect, At: n.At, Times: n.Times, Seen: n.Seen,
		Audience: string(n.Section), Href: n.Href()}
	item.Says, item.Text = n.Says()
	if e, err := s.wiki.Prospect(ctx, c, n.Prospect); err == nil {
		item.Prospect = e.Title
	}
	if item.By = n.Name != ""; item.By {
		item.Who = PersonOf(n.Actor, n.Name, false)
		if p, err := s.people.Get(ctx, n.Actor); err == nil {
			item.Who = personView(p)
		}
	}
	return item
}

// group puts a change with those of its prospect and day.
func (v *InboxView) group(n *notify.Notice, item InboxItem, day string) {
	at := spacePath(n.Prospect)
	i := slices.IndexFunc(v.Changes, func(g InboxGroup) bool { return g.Href == at && g.Day == day })
	if i < 0 {
		i = len(v.Changes)
		v.Changes = append(v.Changes, InboxGroup{Prospect: item.Prospect, Href: at, Day: day, Seen: true})
	}
	g := &v.Changes[i]
	g.Seen = g.Seen && item.Seen
	g.Items = append(g.Items, item)
}

// namedIn is how many people a line of changes names.
const namedIn = 3

// finish says what a group holds.
func (g *InboxGroup) finish() {
	pages, many := map[string]bool{}, ""
	var who, ids []string
	for _, item := range g.Items {
		ids = append(ids, strconv.FormatInt(item.ID, 10))
		if item.Kind == notify.KindMany {
			many = item.Title
		} else {
			pages[item.Href] = true
		}
		if item.By && !slices.Contains(who, item.Who.Name) {
			who = append(who, item.Who.Name)
		}
	}
	switch {
	case len(pages) == 0:
		g.What = many
	case len(pages) == 1:
		g.What = g.Items[0].Title
	default:
		g.What = strconv.Itoa(len(pages)) + " pages"
	}
	if more := len(who) - namedIn; more > 0 {
		who = append(who[:namedIn:namedIn], strconv.Itoa(more)+" more")
	}
	g.Who, g.IDs = strings.Join(who, ", "), strings.Join(ids, " ")
}

// postSeen marks notices as read or unread.
func (s *Server) postSeen(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	form, err := s.form(r)
	if err != nil {
		return err
	}
	ids := strings.Fields(form.Get("id"))
	if len(ids) == 0 || len(ids) > maxInbox || s.notices == nil {
		return notFound()
	}
	for _, text := range ids {
		id, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return notFound()
		}
		if err := s.notices.See(r.Context(), c, id, form.Get("seen") != "no"); err != nil {
			return err
		}
	}
	return goTo(w, r, "/inbox")
}

// postSeenAll marks everything as read that the caller was shown.
func (s *Server) postSeenAll(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	form, err := s.form(r)
	if err != nil {
		return err
	}
	upto, err := strconv.ParseInt(form.Get("upto"), 10, 64)
	if err != nil || s.notices == nil {
		return notFound()
	}
	if err := s.notices.SeeAll(r.Context(), c, upto); err != nil {
		return err
	}
	return s.done(w, r, "/inbox", "Everything is marked as read.")
}

// postWatch begins or ends that the caller is told of changes of a prospect.
func (s *Server) postWatch(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	f, err := s.open(r, c)
	if err != nil {
		return err
	}
	form, err := s.form(r)
	if err != nil {
		return err
	}
	if s.notices == nil {
		return notFound()
	}
	watch := form.Get("watch") != "no"
	if err := s.notices.Watch(r.Context(), c, f.slug(), watch); err != nil {
		return err
	}
	text := "You are told of changes in your inbox."
	if !watch {
		text = "You are told no more of changes here; only of what is meant for you."
	}
	return s.done(w, r, f.href(), text)
}

// seePage marks what the caller was told of a page as read. Failing at it is no
// reason not to show the page.
func (s *Server) seePage(ctx context.Context, c people.Caller, prospect string, place wiki.Place) {
	if s.notices == nil || c.Person.ID == "" || c.Person.Guest {
		return
	}
	if err := s.notices.SeePage(ctx, c, prospect, place); err != nil && ctx.Err() == nil {
		s.log.Warn("marking notices as read", "prospect", prospect, "err", err)
	}
}

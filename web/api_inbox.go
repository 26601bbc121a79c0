package web

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"dealwiki/web/notify"
	"dealwiki/wiki"
	"dealwiki/wiki/people"
)

// apiNotice is something in an inbox.
type apiNotice struct {
	ID       int64     `json:"id"`
	Kind     string    `json:"kind" doc:"mention, asked, assigned, comment, handoff, warning, flag, page or many; more may come"`
	Prospect string    `json:"prospect"`
	Section  string    `json:"section"`
	URL      string    `json:"url" doc:"Where it leads, below the wiki's address"`
	By       APIPerson `json:"by" doc:"Without a name: the wiki itself"`
	Did      string    `json:"did" doc:"What they did, to be read before the title"`
	Title    string    `json:"title"`
	Text     string    `json:"text,omitempty"`
	At       time.Time `json:"at" doc:"The last time"`
	Times    int       `json:"times"`
	Seen     bool      `json:"seen"`
}

func noticeOf(n *notify.Notice) apiNotice {
	did, text := n.Says()
	return apiNotice{ID: n.ID, Kind: n.Kind, Prospect: n.Prospect, Section: string(n.Section), URL: n.Href(), By: APIPerson{ID: n.Actor, Name: n.Name}, Did: did, Title: n.Title, Text: text, At: n.At, Times: n.Times, Seen: n.Seen}
}

func (a *api) installInbox() {
	register(a, op("list-inbox", http.MethodGet, "/inbox", "What concerns you, the newest first"), a.listInbox)
	register(a, op("see-notice", http.MethodPatch, "/inbox/{notice}", "Mark something in your inbox as read or unread"), a.seeNotice)
	register(a, op("see-inbox", http.MethodPost, "/inbox/seen", "Mark all in your inbox as read, up to what you have seen"), a.seeInbox)
}

type inboxInput struct {
	ListInput
	Unread bool `query:"unread" doc:"Only what is not read yet"`
}

func (a *api) listInbox(ctx context.Context, c people.Caller, in *inboxInput) (*listOutput[apiNotice], error) {
	if a.s.notices == nil {
		return nil, wiki.ErrNotFound
	}
	all, err := a.s.notices.Inbox(ctx, c, in.Unread, maxInboxCall)
	if err != nil {
		return nil, err
	}
	out := make([]apiNotice, len(all))
	for i := range all {
		out[i] = noticeOf(&all[i])
	}
	return piece(out, in.ListInput, func(n apiNotice) string { return strconv.FormatInt(n.ID, 10) })
}

type seeInput struct {
	Notice int64 `path:"notice" minimum:"1"`
	Body   struct {
		Seen bool `json:"seen"`
	}
}

func (a *api) seeNotice(ctx context.Context, c people.Caller, in *seeInput) (*struct{}, error) {
	if a.s.notices == nil {
		return nil, wiki.ErrNotFound
	}
	return nil, a.s.notices.See(ctx, c, in.Notice, in.Body.Seen)
}

type seeAllInput struct {
	Body struct {
		Upto int64 `json:"upto" minimum:"1" doc:"The highest id that you have seen"`
	}
}

func (a *api) seeInbox(ctx context.Context, c people.Caller, in *seeAllInput) (*struct{}, error) {
	if a.s.notices == nil {
		return nil, wiki.ErrNotFound
	}
	return nil, a.s.notices.SeeAll(ctx, c, in.Body.Upto)
}

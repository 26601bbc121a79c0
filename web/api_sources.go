package web

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/source"
)

// APISourceItem is something that an outside source tells of a prospect.
type APISourceItem struct {
	ID     string     `json:"id"`
	Source string     `json:"source" doc:"The key of its source"`
	Title  string     `json:"title"`
	Link   string     `json:"link,omitempty"`
	Text   string     `json:"text" doc:"Plain text"`
	At     time.Time  `json:"at"`
	State  string     `json:"state" enum:"new,kept,dismissed"`
	Unread bool       `json:"unread" doc:"You have not looked at it"`
	Place  string     `json:"place,omitempty" doc:"SECTION/STAGE/PAGE of what was kept"`
	By     *APIPerson `json:"by,omitempty" doc:"Who kept or dismissed it"`
}

// APISource is an outside source and how asking it goes.
type APISource struct {
	Key     string     `json:"key"`
	Name    string     `json:"name"`
	Paused  bool       `json:"paused"`
	Asked   *time.Time `json:"asked" doc:"Answered last"`
	Problem string     `json:"problem,omitempty" doc:"Why it fails"`
	Since   *time.Time `json:"since,omitempty" doc:"Failing since"`
}

var sourceStateNames = map[source.State]string{source.Undecided: "new", source.Kept: "kept", source.Dismissed: "dismissed"}

func (a *api) sourceItem(ctx context.Context, i *source.Item) APISourceItem {
	out := APISourceItem{ID: strconv.FormatInt(i.ID, 10), Source: i.Source, Title: i.Title, Link: i.Link, Text: i.Text, At: i.At, State: sourceStateNames[i.State], Unread: i.New, Place: i.Page}
	if p, err := a.s.people.Get(ctx, i.Person); i.Person != "" && err == nil {
		out.By = &APIPerson{ID: p.ID, Handle: p.Handle, Name: p.Name}
	}
	return out
}

func (a *api) installSources() {
	register(a, op("list-sources-items", http.MethodGet, "/prospects/{prospect}/sources", "What outside sources tell of the prospect, the newest first"), a.listSourcesItems)
	register(a, op("list-sources", http.MethodGet, "/prospects/{prospect}/sources/health", "The outside sources, and how asking them goes"), a.listSources)
	register(a, op("keep-source-item", http.MethodPost, "/prospects/{prospect}/sources/{id}/keep", "Make an entry of the internal log of an item"), a.keepSourceItem)
	register(a, op("dismiss-source-item", http.MethodPost, "/prospects/{prospect}/sources/{id}/dismiss", "Take an item out of the inbox, for everybody"), a.dismissSourceItem)
}

type sourcesInput struct {
	ProspectInput
	ListInput
	Source string `query:"source" maxLength:"200" doc:"Only of this source, by its key"`
	State  string `query:"state" enum:"new,kept,dismissed" default:"new"`
}

func (a *api) listSourcesItems(ctx context.Context, c people.Caller, in *sourcesInput) (*listOutput[APISourceItem], error) {
	if a.s.sources == nil {
		return nil, wiki.ErrNotFound
	}
	state := source.Undecided
	for s, name := range sourceStateNames {
		if name == in.State {
			state = s
		}
	}
	var all []APISourceItem
	for more := true; more; {
		var items []source.Item
		var err error
		if items, more, err = a.s.sources.Inbox(ctx, c, in.Prospect, source.Filter{Source: in.Source, State: state, Limit: 500, From: len(all)}); err != nil {
			return nil, err
		}
		for i := range items {
			all = append(all, a.sourceItem(ctx, &items[i]))
		}
	}
	return piece(all, in.ListInput, func(i APISourceItem) string { return i.ID })
}

func (a *api) listSources(ctx context.Context, c people.Caller, in *ProspectInput) (*listOutput[APISource], error) {
	if a.s.sources == nil {
		return nil, wiki.ErrNotFound
	}
	health, err := a.s.sources.Health(ctx, c, in.Prospect)
	if err != nil {
		return nil, err
	}
	moment := func(t time.Time) *time.Time {
		if t.IsZero() {
			return nil
		}
		return &t
	}
	all := []APISource{}
	for _, h := range health {
		all = append(all, APISource{Key: h.Source.Key, Name: h.Source.Name, Paused: h.Source.Paused, Asked: moment(h.Asked), Problem: h.Problem, Since: moment(h.Since)})
	}
	return &listOutput[APISource]{Body: Listing[APISource]{Items: all}}, nil
}

type sourceItemInput struct {
	ProspectInput
	ID int64 `path:"id" minimum:"1"`
}

type keptOutput struct {
	Status int
	Body   APIEntry
}

func (a *api) keepSourceItem(ctx context.Context, c people.Caller, in *sourceItemInput) (*keptOutput, error) {
	if a.s.sources == nil {
		return nil, wiki.ErrNotFound
	}
	e, known, err := a.s.sources.Keep(ctx, c, in.Prospect, in.ID)
	if err != nil {
		return nil, err
	}
	out := &keptOutput{Status: http.StatusCreated, Body: a.entry(ctx, e)}
	if known {
		out.Status, out.Body.Known = http.StatusOK, true
	}
	return out, nil
}

type dismissInput struct {
	ProspectInput
	ID   int64 `path:"id" minimum:"1"`
	Back bool  `query:"back" doc:"Bring a dismissed item back"`
}

func (a *api) dismissSourceItem(ctx context.Context, c people.Caller, in *dismissInput) (*struct{}, error) {
	if a.s.sources == nil {
		return nil, wiki.ErrNotFound
	}
	return nil, a.s.sources.Dismiss(ctx, c, in.Prospect, in.ID, in.Back)
}

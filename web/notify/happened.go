package notify

import (
	"context"
	"slices"
	"strings"
	"time"

	"dealwiki/content"
	"dealwiki/web/webhook"
	"dealwiki/wiki"
	"dealwiki/wiki/repo"
)

// happen adds what programs are told. What a guest did is told as such too.
func (b *batch) happen(what string, at time.Time, d webhook.Data) {
	d.Section = string(b.id.Section)
	b.happened = append(b.happened, webhook.Event{Type: what, At: at, Data: d})
	if name, _, _ := strings.Cut(what, "."); d.By.Guest && name != webhook.Fact {
		b.happened = append(b.happened, webhook.Event{Type: webhook.Guest + ".wrote", At: at, Data: d})
	}
}

// told is what programs are told: a page that was moved is not also deleted.
func (b *batch) told() []webhook.Event {
	moved := map[string]bool{}
	for i := range b.happened {
		if e := &b.happened[i]; e.Type == webhook.Page+".moved" {
			moved[e.Data.From] = true
		}
	}
	return slices.DeleteFunc(b.happened, func(e webhook.Event) bool { return e.Type == webhook.Page+".deleted" && moved[e.Data.Path] })
}

// by is who did something, as they are named now.
func (c *Center) by(ctx context.Context, id, name string) webhook.By {
	out := webhook.By{ID: id, Name: name}
	if p, err := c.people.Get(ctx, id); err == nil {
		out.Name, out.Guest = p.Name, p.Guest
	}
	return out
}

func (c *Center) deleted(ctx context.Context, stream *wiki.Stream, b *batch, place wiki.Place, ch repo.Change) error {
	if c.hooks == nil {
		return nil
	}
	text, err := stream.Repo().Blob(ch.From)
	if err != nil {
		return err
	}
	d, at := webhook.Data{Path: place.String(), Title: titleOf(content.Parse(text), place)}, c.wiki.Now()
	versions, err := stream.Versions(ctx, ch.Path, 1)
	if err != nil {
		return err
	}
	if len(versions) > 0 {
		d.By, d.Commit, at = c.by(ctx, wiki.PersonID(versions[0].Author), versions[0].Author.Name), versions[0].Commit.String(), versions[0].When
	}
	b.happen(webhook.Page+".deleted", at, d)
	return nil
}

func titleOf(doc *content.Doc, place wiki.Place) string {
	if t := doc.Title(); t != "" {
		return t
	}
	return strings.ReplaceAll(place.Page, "-", " ")
}

// pageHappened adds what became of a page and of the facts on it.
func (c *Center) pageHappened(ctx context.Context, b *batch, place wiki.Place, was, is *content.Doc, ch repo.Change, versions []repo.Version) {
	if c.hooks == nil {
		return
	}
	last := versions[0]
	d := webhook.Data{Path: place.String(), Title: titleOf(is, place), By: c.by(ctx, wiki.PersonID(last.Author), last.Author.Name), Commit: last.Commit.String()}
	what := webhook.Page + ".changed"
	if ch.From.IsZero() {
		what = webhook.Page + ".created"
		for _, v := range versions {
			if from, ok := wiki.PlaceOf(b.id.Section, v.Renamed); ok {
				what, d.From = webhook.Page+".moved", from.String()
			}
		}
	}
	b.happen(what, last.When, d)
	d.From = ""
	before, had := stated(was)
	after, has := stated(is)
	type deed struct {
		what string
		fact
	}
	var deeds []deed
	for _, f := range after {
		old, known := had[f.key()]
		switch {
		case !known:
			deeds = append(deeds, deed{"raised", f})
		case old != f:
			deeds = append(deeds, deed{"changed", f})
		}
	}
	for _, f := range before {
		if _, stands := has[f.key()]; !stands {
			deeds = append(deeds, deed{"removed", f})
		}
	}
	if len(deeds) > many {
		return // the page has changed; a message for each would choke whoever listens
	}
	for _, one := range deeds {
		b.fact(one.what, last.When, d, one.fact)
	}
}

// fact is a fact or action as a page states it.
type fact struct{ id, kind, title, state, owner, due string }

func (f *fact) key() string {
	if f.id != "" {
		return f.id
	}
	return "~" + f.kind + ":" + f.title
}

// stated is what a page states, in its order and by key.
func stated(doc *content.Doc) ([]fact, map[string]fact) {
	var out []fact
	byKey := map[string]fact{}
	add := func(f fact) {
		if _, twice := byKey[f.key()]; !twice { // of two with one key the first counts
			byKey[f.key()] = f
			out = append(out, f)
		}
	}
	for _, f := range doc.Facts() {
		state := f.Status
		if state == "" {
			state = "open"
		}
		add(fact{f.ID, f.Kind, f.Title, state, f.Owner, f.Due})
	}
	for _, a := range doc.Actions() {
		state := "open"
		if a.Done {
			state = "done"
		}
		add(fact{a.ID, "action", a.Text, state, a.Owner, a.Due})
	}
	return out, byKey
}

func (b *batch) fact(what string, at time.Time, d webhook.Data, f fact) {
	if d.Title, d.ID, d.Kind, d.State, d.Owner, d.Due = clip(f.title, 200), f.id, f.kind, f.state, f.owner, f.due; f.id != "" {
		d.Path += "#" + f.id
	}
	b.happen(webhook.Fact+"."+what, at, d)
}

package handoff

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/register"
)

// NewOpportunity makes a prospect for the next deal with the same customer,
// linked with this one. What was learned comes along by reference: one internal
// page names stakeholders, open commitments and what to read, each a link to
// where it stands.
func (b *Book) NewOpportunity(ctx context.Context, caller people.Caller, sp *wiki.Space, title string) (wiki.Entry, error) {
	from, err := b.w.Prospect(ctx, caller, sp.Prospect())
	if err != nil {
		return wiki.Entry{}, err
	}
	if b.people.LevelOn(ctx, caller, sp.Prospect()) < people.Editor {
		return wiki.Entry{}, people.ErrForbidden
	}
	facts, err := b.register.Space(ctx, caller, sp)
	if err != nil {
		return wiki.Entry{}, err
	}
	access, err := b.people.Access(ctx, sp.Prospect())
	if err != nil {
		return wiki.Entry{}, err
	}
	e, err := b.w.Create(ctx, caller, wiki.NewProspect{Restricted: access.Restricted, Prospect: wiki.Prospect{
		Title: title, Currency: from.Currency, Tags: from.Tags, Source: "existing customer", Links: []string{from.Slug}}})
	if err != nil {
		return wiki.Entry{}, err
	}
	if !slices.Contains(from.Links, e.Slug) {
		links := append(slices.Clone(from.Links), e.Slug)
		if _, err := b.w.Update(ctx, caller, from.Slug, wiki.Patch{Links: &links}); err != nil {
			return e, fmt.Errorf("linking the two deals: %w", err)
		}
	}
	next, err := b.w.Space(ctx, caller, e.Slug)
	if err != nil {
		return e, err
	}
	text, err := b.inheritance(ctx, caller, sp, from, facts)
	if err != nil {
		return e, err
	}
	place := wiki.Place{Section: wiki.Internal, Stage: wiki.StageAccount, Page: "from-the-last-deal"}
	_, err = next.Internal().Edit(ctx, caller, wiki.Edit{Place: place, Text: text, Message: "Bring along what " + from.Title + " has taught us"})
	return e, err
}

// inheritance is what the next deal inherits of one, as links.
func (b *Book) inheritance(ctx context.Context, caller people.Caller, sp *wiki.Space, from wiki.Entry, facts []register.Fact) ([]byte, error) {
	var s strings.Builder
	fmt.Fprintf(&s, "# From the last deal\n\nThis deal follows %s. What is listed here stands there; follow the links.\n", from.Title)
	link := func(p wiki.Place, label string) string {
		label = strings.NewReplacer("[", "(", "]", ")", "|", "/").Replace(oneLine(label))
		return fmt.Sprintf("[[%s:%s/%s|%s]]", from.Slug, p.Stage, p.Page, label)
	}
	for _, part := range []struct{ kind, title string }{{"stakeholder", "Stakeholders"}, {"commitment", "Open commitments"}} {
		first := true
		for _, f := range facts {
			if f.Kind != part.kind || !f.State.Stands() || f.Copy {
				continue
			}
			if first {
				fmt.Fprintf(&s, "\n## %s\n\n", part.title)
				first = false
			}
			fmt.Fprintf(&s, "- %s\n", link(f.Place, f.Title))
		}
	}
	needs, err := sp.Needs(ctx, caller)
	if err != nil {
		return nil, err
	}
	first := true
	for _, n := range needs {
		if !n.Present {
			continue
		}
		if first {
			s.WriteString("\n## Worth reading\n\n")
			first = false
		}
		fmt.Fprintf(&s, "- %s\n", link(n.Place(), n.Title))
	}
	return []byte(s.String()), nil
}

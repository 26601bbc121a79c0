package brief

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"dealwiki/content"
	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/register"
	"dealwiki/wiki/repo"
)

// Since is what has happened since the reader was last here, or since a stage,
// a date or a commit.
type Since struct {
	From   time.Time `json:"from"`
	Raised []Fact    `json:"raised"`
	Closed []Fact    `json:"closed"`
	Moved  []Fact    `json:"changed"` // reworded, another date or owner
	Pages  []Changed `json:"pages"`   // the latest first
	More   int       `json:"more"`    // pages that are not listed
	Joined []Person  `json:"joined"`
	Gone   []string  `json:"removed"` // pages that are no longer there
}

// Changed is a page that has changed, and how.
type Changed struct {
	Place   wiki.Place `json:"-"`
	Where   string     `json:"place"` // the same, as programs read it
	Title   string     `json:"title"`
	New     bool       `json:"new"`
	By      []string   `json:"by"` // names
	At      time.Time  `json:"at"`
	From    string     `json:"from,omitempty"` // version it had, a commit id
	To      string     `json:"to"`
	Added   int        `json:"words_added"`
	Removed int        `json:"words_removed"`
	Digest  []Piece    `json:"digest"` // the first changes, word by word
}

// Piece is a bit of changed text: words that went, that came, or that stand
// around them.
type Piece struct {
	Kind string `json:"kind"` // "same", "gone", "new" or "cut"
	Text string `json:"text"`
}

const (
	maxChanged  = 40 // pages listed
	digestPages = 20 // pages with a digest
	digestWords = 60 // of a page
	lookBack    = 200
)

// ErrSince says that a since could not be understood.
var ErrSince = errors.New("since is last-visit, a stage, a date such as 2026-11-02 or a commit")

// since answers the moment that a since means; nil for somebody who was never
// here.
func (m *Maker) since(ctx context.Context, caller people.Caller, sp *wiki.Space, since string) (*time.Time, error) {
	switch since {
	case "", "last-visit":
		at, err := m.people.LastVisit(ctx, caller.Person.ID, sp.Prospect())
		if err != nil || at.IsZero() {
			return nil, err
		}
		return &at, nil
	}
	if t, err := time.ParseInLocation(time.DateOnly, since, m.w.Now().Location()); err == nil {
		return &t, nil
	}
	if t, err := time.Parse(time.RFC3339, since); err == nil {
		return &t, nil
	}
	history, err := m.w.StageHistory(ctx, caller, sp.Prospect())
	if err != nil {
		return nil, err
	}
	for i, s := range slices.Backward(history) {
		if s.Stage == since && (i == 0 || history[i-1].Stage != since) {
			return &s.At, nil
		}
	}
	if h, err := repo.ParseHash(since); err == nil {
		for _, side := range sp.Sides() {
			if at, err := side.CommittedAt(ctx, caller, h); err == nil {
				return &at, nil
			}
		}
	}
	return nil, ErrSince
}

// changes tells what has happened since a moment.
func (m *Maker) changes(ctx context.Context, caller people.Caller, sp *wiki.Space, from time.Time, pages []page, facts []register.Fact, titles map[wiki.Place]string) (*Since, error) {
	s := &Since{From: from}
	s.facts(facts, titles, from)
	changed := slices.DeleteFunc(slices.Clone(pages), func(p page) bool { return !p.Updated.After(from) || p.Untouched })
	slices.SortStableFunc(changed, func(a, b page) int { return b.Updated.Compare(a.Updated) })
	s.More = max(0, len(changed)-maxChanged)
	for i, p := range changed[:len(changed)-s.More] {
		c, err := m.changed(ctx, caller, sp, p.PageInfo, from, i < digestPages)
		if err != nil {
			return nil, err
		}
		s.Pages = append(s.Pages, *c)
	}
	if err := s.removed(ctx, caller, sp); err != nil {
		return nil, err
	}
	return s, m.joined(ctx, caller, sp, s)
}

func (s *Since) facts(facts []register.Fact, titles map[wiki.Place]string, from time.Time) {
	for _, f := range facts {
		if f.Copy || !f.Last().At.After(from) {
			continue
		}
		fact := Fact{Fact: f, Page: titles[f.Place], New: true}
		switch {
		case !f.State.Stands() && f.State != register.StateGone:
			s.Closed = append(s.Closed, fact)
		case f.State == register.StateGone:
		case f.Raised().At.After(from):
			s.Raised = append(s.Raised, fact)
		default:
			s.Moved = append(s.Moved, fact)
		}
	}
}

// removed lists the pages that are no longer there.
func (s *Since) removed(ctx context.Context, caller people.Caller, sp *wiki.Space) error {
	for _, side := range sp.Sides() {
		list, err := side.Recent(ctx, caller, lookBack, repo.Zero)
		if err != nil {
			return err
		}
		for _, v := range list {
			place, ok := wiki.PlaceOf(side.Section(), v.Path)
			if !ok || !v.Deleted || !v.When.After(s.From) {
				continue
			}
			if _, err := side.Lookup(ctx, caller, place); errors.Is(err, wiki.ErrNotFound) && !slices.Contains(s.Gone, place.String()) {
				s.Gone = append(s.Gone, place.String())
			}
		}
	}
	return nil
}

// changed tells how a page differs from the version it had at a moment.
func (m *Maker) changed(ctx context.Context, caller people.Caller, sp *wiki.Space, info wiki.PageInfo, from time.Time, digest bool) (*Changed, error) {
	side, err := sp.Side(info.Section)
	if err != nil {
		return nil, err
	}
	c := &Changed{Place: info.Place, Title: info.Title, At: info.Updated, To: info.Version.String(), New: true}
	versions, err := versionsTo(ctx, caller, side, info.Place, from)
	if err != nil {
		return nil, err
	}
	var before *repo.Version
	for i, v := range versions {
		if !v.When.After(from) {
			before = &versions[i]
			break
		}
		for _, p := range append([]repo.Person{v.Author}, v.CoAuthors...) {
			if !slices.Contains(c.By, p.Name) {
				c.By = append(c.By, p.Name)
			}
		}
	}
	if before == nil || before.Deleted {
		return c, nil
	}
	c.New, c.From = false, before.Commit.String()
	if !digest {
		return c, nil
	}
	was, err := side.ReadAt(ctx, caller, info.Place, before.Commit)
	if err != nil {
		return nil, err
	}
	now, err := side.Read(ctx, caller, info.Place)
	if err != nil {
		return nil, err
	}
	c.digest(was.Text, now.Text)
	return c, nil
}

// fewVersions is how many are read of a page first: most have not changed more
// often since somebody was here.
const fewVersions = 4

// versionsTo lists a page's versions, the newest first, down to the one it had at a
// moment, if that is not too far back.
func versionsTo(ctx context.Context, caller people.Caller, side *wiki.Side, place wiki.Place, from time.Time) ([]repo.Version, error) {
	var all []repo.Version
	limit, below := fewVersions, repo.Zero
	for {
		part, err := side.History(ctx, caller, place, limit, below)
		if err != nil {
			return nil, err
		}
		all = append(all, part...)
		if len(part) < limit || len(all) >= lookBack || !part[len(part)-1].When.After(from) {
			return all, nil
		}
		limit, below = lookBack, part[len(part)-1].Commit
	}
}

// digest counts the words that came and went and keeps the first of them.
func (c *Changed) digest(was, now []byte) {
	left := digestWords
	put := func(kind, text string) {
		text = strings.Join(strings.Fields(text), " ")
		if n := len(strings.Fields(text)); text != "" && left > 0 {
			left -= n
			c.Digest = append(c.Digest, Piece{kind, clip(text)})
		}
	}
	for _, h := range content.Compare(was, now, 0) {
		for _, l := range h.Lines {
			switch l.Kind {
			case content.Delete:
				c.Removed += changedWords(l)
			case content.Insert:
				c.Added += changedWords(l)
			}
		}
		if left <= 0 {
			continue
		}
		if len(c.Digest) > 0 {
			c.Digest = append(c.Digest, Piece{Kind: "cut"})
		}
		gone, came := sideOf(h, content.Delete), sideOf(h, content.Insert)
		if gone == "" || came == "" {
			put("gone", gone)
			put("new", came)
			continue
		}
		for _, op := range content.DiffWords(gone, came) {
			switch op.Kind {
			case content.Delete:
				put("gone", op.Text)
			case content.Insert:
				put("new", op.Text)
			default:
				put("same", around(op.Text))
			}
		}
	}
}

// changedWords counts the words of a line that came or went.
func changedWords(l content.HunkLine) int {
	if l.Spans == nil {
		return len(strings.Fields(l.Text))
	}
	n := 0
	for _, w := range l.Spans {
		if w.Kind != content.Equal {
			n += len(strings.Fields(w.Text))
		}
	}
	return n
}

// sideOf joins the lines of one kind of a hunk, as they read.
func sideOf(h content.Hunk, kind content.OpKind) string {
	var out []string
	for _, l := range h.Lines {
		if l.Kind == kind {
			out = append(out, strings.TrimLeft(string(content.Reading([]byte(l.Text))), "# "))
		}
	}
	return strings.TrimSpace(strings.Join(out, " "))
}

// around keeps the words next to a change.
func around(s string) string {
	const near = 6
	w := strings.Fields(s)
	if len(w) <= 2*near {
		return s
	}
	return strings.Join(w[:near], " ") + " … " + strings.Join(w[len(w)-near:], " ")
}

// joined lists who has made a version for the first time since then.
func (m *Maker) joined(ctx context.Context, caller people.Caller, sp *wiki.Space, s *Since) error {
	first := map[repo.Person]time.Time{}
	for _, side := range sp.Sides() {
		list, err := m.contributors(ctx, caller, side)
		if err != nil {
			return err
		}
		for _, c := range list {
			if at, ok := first[c.Person]; !ok || c.First.Before(at) {
				first[c.Person] = c.First
			}
		}
	}
	for who, at := range first {
		if at.After(s.From) && wiki.PersonID(who) != "dealwiki" {
			s.Joined = append(s.Joined, m.person(ctx, who))
		}
	}
	slices.SortFunc(s.Joined, func(a, b Person) int { return strings.Compare(a.Name, b.Name) })
	return nil
}

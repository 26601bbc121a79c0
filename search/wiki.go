package search

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// Wiki is the Source that a wiki is.
type Wiki struct {
	w        *wiki.Wiki
	follower *wiki.Follower
	caller   people.Caller
}

// NewSource follows a wiki. Stop ends it.
func NewSource(w *wiki.Wiki) *Wiki {
	return &Wiki{w: w, follower: w.Follow(), caller: people.System("search")}
}

// Stop ends the following; it does not close the wiki.
func (s *Wiki) Stop() { s.follower.Stop() }

// Sides gives every side there is.
func (s *Wiki) Sides(ctx context.Context) iter.Seq[Side] {
	return func(yield func(Side) bool) {
		for _, id := range s.w.Streams() {
			if ctx.Err() != nil {
				return
			}
			side, err := s.open(id)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				// Named all the same: it is not gone, and is tried again.
				side = unreadable{SideID{id.Prospect, string(id.Section)}, err}
			}
			if !yield(side) {
				return
			}
		}
	}
}

// Side opens one side; one that is gone is fs.ErrNotExist.
func (s *Wiki) Side(_ context.Context, id SideID) (Side, error) {
	return s.open(wiki.SideID{Prospect: id.Prospect, Section: wiki.Section(id.Section)})
}

func (s *Wiki) open(id wiki.SideID) (Side, error) {
	stream, err := s.w.Stream(s.caller, id)
	if errors.Is(err, wiki.ErrNotFound) {
		return nil, fmt.Errorf("opening %s of %s: %w", id.Section, id.Prospect, fs.ErrNotExist)
	}
	if err != nil {
		return nil, err
	}
	return &wikiSide{source: s, id: id, stream: stream}, nil
}

// Watch receives when some side may have moved.
func (s *Wiki) Watch() <-chan struct{} { return s.follower.C }

// Dirty answers what has moved since it was last asked.
func (s *Wiki) Dirty() []SideID {
	var out []SideID
	for _, id := range s.follower.Take() {
		out = append(out, SideID{id.Prospect, string(id.Section)})
	}
	return out
}

// unreadable stands for a side that could not be opened.
type unreadable struct {
	id  SideID
	err error
}

func (s unreadable) ID() SideID            { return s.id }
func (s unreadable) Head() (string, error) { return "", s.err }
func (s unreadable) Title() string         { return s.id.Prospect }
func (s unreadable) Access() []string      { return nil }
func (s unreadable) Changes(context.Context, string, string) ([]Change, error) {
	return nil, s.err
}
func (s unreadable) Read(context.Context, string, string) ([]byte, error) { return nil, s.err }
func (s unreadable) Meta(context.Context, string) (Meta, error)           { return Meta{}, s.err }

type wikiSide struct {
	source *Wiki
	id     wiki.SideID
	stream *wiki.Stream
}

func (s *wikiSide) ID() SideID    { return SideID{s.id.Prospect, string(s.id.Section)} }
func (s *wikiSide) Title() string { return s.stream.Title() }

func (s *wikiSide) Head() (string, error) {
	head, err := s.stream.Head()
	if err != nil || head.IsZero() {
		return "", err
	}
	return head.String(), nil
}

func (s *wikiSide) Changes(_ context.Context, from, to string) ([]Change, error) {
	a, b := repo.Zero, repo.Zero
	var err error
	if from != "" {
		if a, err = repo.ParseHash(from); err != nil {
			return nil, err
		}
	}
	if b, err = repo.ParseHash(to); err != nil {
		return nil, err
	}
	changes, err := s.stream.Changes(a, b)
	if err != nil {
		return nil, err
	}
	out := make([]Change, 0, len(changes))
	for _, c := range changes {
		out = append(out, Change{Path: c.Path, Deleted: c.To.IsZero()})
	}
	return out, nil
}

func (s *wikiSide) Read(_ context.Context, at, path string) ([]byte, error) {
	h, err := repo.ParseHash(at)
	if err != nil {
		return nil, err
	}
	return s.stream.Read(h, path)
}

// maxAuthors is how many of a page's versions are asked for its authors.
const maxAuthors = 200

func (s *wikiSide) Meta(ctx context.Context, path string) (Meta, error) {
	versions, err := s.stream.Versions(ctx, path, maxAuthors)
	if err != nil || len(versions) == 0 {
		return Meta{}, err
	}
	m := Meta{Updated: versions[0].When, Author: s.handle(ctx, versions[0].Author)}
	seen := map[string]bool{}
	for _, v := range versions {
		for _, p := range append([]repo.Person{v.Author}, v.CoAuthors...) {
			if h := s.handle(ctx, p); h != "" && !seen[h] {
				seen[h] = true
				m.Authors = append(m.Authors, h)
			}
		}
	}
	return m, nil
}

// handle names a commit's person; somebody from imported history goes by the
// slug of the name.
func (s *wikiSide) handle(ctx context.Context, p repo.Person) string {
	if id := wiki.PersonID(p); id != "" {
		if known, err := s.source.w.People().Get(ctx, id); err == nil {
			return known.Handle
		}
		return ""
	}
	return wiki.Slug(p.Name)
}

// Access tokens: open for what all staff may see, and one for the prospect
// itself, which those who are named on a restricted one hold.
const openToken = "open"

func (s *wikiSide) Access() []string {
	own := "prospect:" + s.id.Prospect
	access, err := s.source.w.People().Access(context.Background(), s.id.Prospect)
	if err != nil || access.Restricted {
		return []string{own}
	}
	return []string{openToken, own}
}

// Tokens are the access tokens that a member of staff holds; a guest holds
// that of one prospect, which the guest's own code names.
func Tokens(ctx context.Context, w *wiki.Wiki, caller people.Caller) []string {
	if caller.Person.Guest || !caller.Can(people.Read) {
		return nil
	}
	tokens := []string{openToken}
	for _, name := range w.People().Restricted(ctx, caller) {
		tokens = append(tokens, "prospect:"+name)
	}
	return tokens
}

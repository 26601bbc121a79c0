package wiki

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"gopkg.in/yaml.v3"

	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// NewProspect says what a new prospect begins with.
type NewProspect struct {
	Prospect          // Title is required; Slug is made from it when empty; Stage is the funnel's first when empty
	Owner      string // id of the person who owns it; "" means the caller, or nobody for the system
	Restricted bool   // only those named may see it
}

// Create makes a prospect with both its repositories. It fails with ErrExists
// when the slug was given and is taken by a prospect that the caller may see;
// otherwise the slug is numbered until it is free.
func (w *Wiki) Create(ctx context.Context, caller people.Caller, n NewProspect) (Entry, error) {
	if caller.Person.Guest || !caller.Can(people.Write) {
		return Entry{}, people.ErrForbidden
	}
	if w.beside {
		return Entry{}, fmt.Errorf("writing beside a running server: %w", ErrLocked)
	}
	p, err := w.complete(ctx, n.Prospect)
	if err != nil {
		return Entry{}, err
	}
	w.create.Lock()
	defer w.create.Unlock()
	if p.Slug == "" {
		p.Slug = w.freeSlug(Slug(p.Title))
	} else if p.Slug, err = w.claim(ctx, caller, p.Slug); err != nil {
		return Entry{}, err
	}
	if err := w.forgetLive(ctx, p.Slug); err != nil {
		return Entry{}, err
	}
	if err := w.settle(ctx, caller, p.Slug, n); err != nil {
		return Entry{}, err
	}
	if err := w.makeSpace(ctx, caller, p); err != nil {
		return Entry{}, errors.Join(fmt.Errorf("making the space of %q: %w", p.Slug, err), w.unsettle(ctx, p.Slug))
	}
	return w.appear(ctx, p)
}

// forgetLive ends live documents of a prospect that had the name before: a
// process that ended in the middle of Delete leaves them.
func (w *Wiki) forgetLive(ctx context.Context, slug string) error {
	if w.rooms == nil {
		return nil
	}
	if err := w.rooms.Closed(ctx, slug); err != nil {
		return fmt.Errorf("ending the live pages of a prospect that is gone: %w", err)
	}
	return nil
}

// complete fills in what a new prospect needs and checks it, its slug aside.
func (w *Wiki) complete(ctx context.Context, p Prospect) (Prospect, error) {
	funnel, err := w.Funnel(ctx)
	if err != nil {
		return p, err
	}
	p.Title = strings.TrimSpace(p.Title)
	if p.Stage == "" {
		p.Stage = funnel.Stages[0].Key
	}
	if funnel.Stage(p.Stage) == nil {
		return p, &Invalid{Field: "stage", Problem: fmt.Sprintf("%q is not a stage of the funnel", p.Stage)}
	}
	if p.Outcome == "" {
		p.Outcome = OutcomeOpen
	}
	today := w.now().UTC().Format(dateFormat)
	if p.Since == "" {
		p.Since = today
	}
	if p.Created == "" {
		p.Created = today
	}
	return p, p.check()
}

// settle puts down who may see a prospect, before it is there.
func (w *Wiki) settle(ctx context.Context, caller people.Caller, slug string, n NewProspect) error {
	owner := n.Owner
	if owner == "" && !caller.IsSystem() {
		owner = caller.Person.ID
	}
	err := w.people.AddProspect(ctx, caller, slug, owner, n.Restricted)
	if errors.Is(err, people.ErrExists) {
		// Left by an attempt that did not come to its repositories.
		if err = w.people.DeleteProspect(ctx, people.System("dealwiki"), slug); err == nil {
			err = w.people.AddProspect(ctx, caller, slug, owner, n.Restricted)
		}
	}
	if err != nil {
		return fmt.Errorf("settling who may see %q: %w", slug, err)
	}
	return nil
}

// unsettle takes back what settle put down for a prospect that was not made.
func (w *Wiki) unsettle(ctx context.Context, slug string) error {
	return w.people.DeleteProspect(context.WithoutCancel(ctx), people.System("dealwiki"), slug)
}

// appear puts a prospect whose repositories are in place on every list.
func (w *Wiki) appear(ctx context.Context, p Prospect) (Entry, error) {
	w.cat.expect(p)
	e, err := w.refresh(ctx, p.Slug)
	if err != nil {
		return Entry{}, err
	}
	w.moved.note(p.Slug, Internal)
	w.moved.note(p.Slug, External)
	return *e, nil
}

// claim answers the slug that a prospect gets which a caller wants named so.
// What the caller sees there is ErrExists. The name of a prospect that they may
// not see is numbered, not refused: it stays unknown that there is one.
func (w *Wiki) claim(ctx context.Context, caller people.Caller, slug string) (string, error) {
	if err := CheckProspect(slug); err != nil {
		return "", err
	}
	if w.cat.has(slug) && w.people.LevelOn(ctx, caller, slug) >= people.Viewer {
		return "", fmt.Errorf("prospect %q: %w", slug, ErrExists)
	}
	return w.freeSlug(slug), nil
}

// freeSlug numbers a slug until no prospect has it; w.create is held by whoever
// is going to use it.
func (w *Wiki) freeSlug(base string) string {
	if reservedProspect[base] {
		base += "-prospect"
	}
	slug := base
	for i := 2; w.cat.has(slug); i++ {
		suffix := fmt.Sprintf("-%d", i)
		runes := []rune(base)
		slug = string(runes[:min(len(runes), maxSlugRunes-len(suffix))]) + suffix
	}
	return slug
}

// makeSpace makes both repositories of a prospect.
func (w *Wiki) makeSpace(ctx context.Context, caller people.Caller, p Prospect) error {
	first, err := w.firstCommits(p)
	if err != nil {
		return err
	}
	return w.makeRepos(ctx, caller, p.Slug, first...)
}

// firstCommits are what both sides of a prospect begin with. The external one
// comes first: what an import makes of it stands in internal import.yaml.
func (w *Wiki) firstCommits(p Prospect) ([]firstCommit, error) {
	own, err := yaml.Marshal(&p)
	if err != nil {
		return nil, fmt.Errorf("writing %s: %w", prospectFile, err)
	}
	shared, err := yaml.Marshal(&SpaceInfo{Title: p.Title, Company: w.company, Customer: p.Title})
	if err != nil {
		return nil, fmt.Errorf("writing %s: %w", spaceFile, err)
	}
	return []firstCommit{
		{External, []repo.Edit{{Path: spaceFile, Data: shared}}, "Start the shared space"},
		{Internal, []repo.Edit{{Path: prospectFile, Data: own}}, "Start " + p.Title},
	}, nil
}

// firstCommit is the first version of one side of a space.
type firstCommit struct {
	section Section
	edits   []repo.Edit
	subject string
}

// makeRepos builds the repositories of a space in a folder of their own and
// moves it into place, so that a crash leaves a whole space or none.
func (w *Wiki) makeRepos(ctx context.Context, caller people.Caller, slug string, first ...firstCommit) error {
	tmp, err := os.MkdirTemp(w.spacesDir(), ".new-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	for _, f := range first {
		r, err := repo.Create(filepath.Join(tmp, string(f.section)+".git"), repo.Options{Logger: w.log, Now: w.now, Cache: w.cache, Volatile: w.volatile})
		if err != nil {
			return err
		}
		_, err = r.Commit(ctx, repo.Hash{}, f.edits, w.message(caller, f.subject))
		if err := errors.Join(err, r.Close()); err != nil {
			return err
		}
	}
	if err := syncDir(tmp); err != nil {
		return err
	}
	if err := os.Rename(tmp, filepath.Join(w.spacesDir(), slug)); err != nil {
		return err
	}
	return syncDir(w.spacesDir())
}

func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

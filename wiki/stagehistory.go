package wiki

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// Standing is how a deal stood from a moment on: what one version of
// prospect.yaml says.
type Standing struct {
	Prospect
	At     time.Time
	By     repo.Person
	Commit repo.Hash
}

// StageHistory answers how a deal has stood since it was made, oldest first:
// each version of prospect.yaml that could be read.
func (w *Wiki) StageHistory(ctx context.Context, caller people.Caller, prospect string) ([]Standing, error) {
	if err := w.may(ctx, caller, prospect, Internal, people.Viewer); err != nil {
		return nil, err
	}
	s, err := w.side(prospect, Internal)
	if err != nil {
		return nil, err
	}
	if _, err := s.snapshot(ctx); err != nil {
		return nil, err
	}
	versions, err := w.history.Versions(ctx, s.name(), prospectFile, 1<<20, repo.Zero)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the history of %s: %w", prospectFile, err)
	}
	out := make([]Standing, 0, len(versions))
	for i := len(versions) - 1; i >= 0; i-- {
		v := versions[i]
		if v.Deleted {
			continue
		}
		data, err := s.repo.Blob(v.Blob)
		if err != nil {
			return nil, err
		}
		p, err := parseProspect(data)
		if err != nil {
			continue // somebody's slip, mended by a later version
		}
		p.Slug = prospect
		if p.Outcome == "" {
			p.Outcome = OutcomeOpen
		}
		out = append(out, Standing{Prospect: *p, At: v.When, By: v.Author, Commit: v.Commit})
	}
	return out, nil
}

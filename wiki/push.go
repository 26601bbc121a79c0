package wiki

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"dealwiki/content"
	"dealwiki/wiki/guard"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// Limits of a push.
const (
	maxPushCommits  = 10_000
	maxPushObjects  = 200_000
	maxPushUnpacked = 2 << 30 // bytes
	maxPushProblems = 20      // that are told
	maxPushPages    = 200     // whose facts get their ids at once
)

// Push is what somebody wants to add to a side by git.
type Push struct {
	Old, New repo.Hash     // where main is, as the client has it, and where it shall be
	Pack     io.ReadSeeker // the commits that are not there yet; may be nil
}

// Pushed is what became of a push.
type Pushed struct {
	Head    repo.Hash // where main is now: behind it may stand a commit of ours
	Commits int
	Given   int // pages whose facts got their ids in a commit that follows
}

// PushProblem is one reason why a push is not taken.
type PushProblem struct {
	Path    string    // "" when it is not about a file
	Commit  repo.Hash // the first in which it was seen
	Problem string    // what is wrong
	Do      string    // what to do about it
}

// Refused says why a push is not taken. Nothing of it was.
type Refused struct {
	Problems []PushProblem
	More     bool // there are more than are told
}

func (e *Refused) Error() string {
	if len(e.Problems) == 0 {
		return "refused"
	}
	p := e.Problems[0]
	return strings.TrimSpace(p.Path + " " + p.Problem)
}

func refused(problem, do string) error {
	return &Refused{Problems: []PushProblem{{Problem: problem, Do: do}}}
}

// OpenRepo answers the repository of the side to whoever clones it. It is for
// staff; guests clone the shared side where its owner allows it.
func (sd *Side) OpenRepo(ctx context.Context, caller people.Caller) (*repo.Repo, error) {
	if err := sd.may(ctx, caller, people.Viewer); err != nil {
		return nil, err
	}
	if !caller.Person.Guest {
		return sd.s.repo, nil
	}
	may, err := sd.s.w.people.GuestsMayClone(ctx, sd.s.prospect)
	if err != nil {
		return nil, err
	}
	if guard.GuestsClone.Stops(!may) || sd.s.section != External {
		return nil, ErrNotFound
	}
	return sd.s.repo, nil
}

// MayPush reports whether the caller may push to the side.
func (sd *Side) MayPush(ctx context.Context, caller people.Caller) error {
	if guard.GuestsPush.Stops(caller.Person.Guest) {
		return ErrNotFound
	}
	return sd.may(ctx, caller, people.Editor)
}

// Push adds commits that somebody made in a clone, as they are, or refuses all
// of them with *[Refused] or *[repo.PackError]. They are checked in quarantine,
// where no lock is held; then main moves under the writer lock if it is still
// where the push begins. Texts are merged into open rooms; nothing is flushed
// before. Who pushed is on record. quarantine is dropped by the caller.
func (sd *Side) Push(ctx context.Context, caller people.Caller, q *repo.Quarantine, push Push) (*Pushed, error) {
	if err := sd.MayPush(ctx, caller); err != nil {
		return nil, err
	}
	s := sd.s
	head, err := s.repo.Head()
	if err != nil {
		return nil, err
	}
	if push.Old != head {
		return nil, errMovedOn()
	}
	if push.New == head {
		return &Pushed{Head: head}, nil
	}
	if push.Pack != nil {
		limits := repo.PackLimits{Object: max(s.w.maxFile, 4*MaxPage), Total: maxPushUnpacked, Objects: maxPushObjects}
		if err := q.Index(ctx, push.Pack, limits); err != nil {
			return nil, err
		}
	}
	c, err := sd.check(ctx, caller, q.Repo(), head, push.New)
	if err != nil {
		return nil, err
	}
	if err := c.refusal(); err != nil {
		return nil, err
	}
	if err := q.Strict(ctx); err != nil {
		return nil, err
	}
	err = s.w.ImportHistory(ctx, caller, s.prospect, s.section, HistoryImport{Join: func(ctx context.Context, r *repo.Repo, now repo.Hash) (repo.Hash, error) {
		if now != head {
			return repo.Zero, errMovedOn()
		}
		var ids [][]byte
		for _, commit := range c.commits {
			ids = append(ids, slices.Clone(commit.ID[:]))
		}
		e := people.Event{Action: "git.push", Object: head.String() + " " + push.New.String(), Prospect: s.prospect,
			Detail: fmt.Sprintf("%s, %d commits", s.section, len(ids))}
		// On record before it is there: nothing comes without a name.
		if err := s.w.people.RecordPush(ctx, caller, e, ids); err != nil {
			return repo.Zero, fmt.Errorf("recording who pushes: %w", err)
		}
		return push.New, q.Release(ctx)
	}})
	if err != nil {
		return nil, err
	}
	done := &Pushed{Head: push.New, Commits: len(c.commits)}
	// It is taken: what follows does not undo it.
	if done.Given, err = s.giveIDs(context.WithoutCancel(ctx), caller, head, push.New); err != nil {
		s.w.log.Warn("giving facts of a push their ids", "side", s.name(), "err", err)
	}
	if now, err := s.repo.Head(); err == nil {
		done.Head = now
	}
	return done, nil
}

func errMovedOn() error {
	return refused("somebody has saved meanwhile, or your clone is not up to date", "git pull, then push again")
}

// giveIDs gives the facts of pages that a push has changed their ids.
func (s *side) giveIDs(ctx context.Context, caller people.Caller, from, to repo.Hash) (int, error) {
	changes, err := s.repo.Changes(from, to)
	if err != nil {
		return 0, err
	}
	var places []Place
	for _, c := range changes {
		place, ok := PlaceOf(s.section, c.Path)
		if !ok || c.To.IsZero() || len(places) >= maxPushPages {
			continue
		}
		text, err := s.repo.Blob(c.To)
		if err != nil {
			return 0, err
		}
		if _, missing := content.AssignIDs(text, s.w.newID); missing {
			places = append(places, place)
		}
	}
	if len(places) == 0 {
		return 0, nil
	}
	s.write.Lock()
	defer s.write.Unlock()
	given := 0
	var errs []error
	for _, place := range places {
		if _, err := s.finish(ctx, caller, Edit{Place: place}, nil); err != nil && !errors.Is(err, ErrNotFound) {
			errs = append(errs, err)
			continue
		}
		given++
	}
	return given, errors.Join(errs...)
}

// Pushers tells who pushed versions that were made in a clone, for staff: person
// ids by commit. Versions that were made here are not among them.
func (sd *Side) Pushers(ctx context.Context, caller people.Caller, versions []repo.Version) (map[repo.Hash]string, error) {
	if err := sd.may(ctx, caller, people.Viewer); err != nil {
		return nil, err
	}
	if caller.Person.Guest {
		return nil, ErrNotFound
	}
	var ids [][]byte
	for _, v := range versions {
		ids = append(ids, slices.Clone(v.Commit[:]))
	}
	found, err := sd.s.w.people.Pushers(ctx, sd.s.prospect, ids)
	if err != nil {
		return nil, err
	}
	out := map[repo.Hash]string{}
	for id, person := range found {
		var h repo.Hash
		copy(h[:], id)
		out[h] = person
	}
	return out, nil
}

package people

import (
	"context"
	"errors"

	"dealwiki/wiki/guard"
)

// Level is what a caller may do on a prospect; each includes the ones before.
type Level int

// Levels.
const (
	None   Level = iota // does not know that it is there
	Viewer              // reads both sides, comments
	Editor              // writes both sides, hands off, logs, closes facts
	Owner               // shares, invites, restricts, sets the outcome, deletes
)

// String is the level's name.
func (l Level) String() string {
	switch l {
	case Viewer:
		return "viewer"
	case Editor:
		return "editor"
	case Owner:
		return "owner"
	}
	return "none"
}

// ParseLevel reads "viewer" or "editor", the levels that can be granted.
func ParseLevel(s string) (Level, error) {
	switch s {
	case "viewer":
		return Viewer, nil
	case "editor":
		return Editor, nil
	}
	return None, invalid("level", "must be viewer or editor")
}

// levelOf is the one place that decides who may do what on a prospect.
//
//   - its owner: Owner
//   - open: members Editor, or what they were granted; administrators Editor at
//     least, and Owner while it has none
//   - restricted: those named, with what they were granted; administrators are
//     named like anybody else, but own it while it has no owner
//   - guests, disabled people and nobody: None
//
// The door narrows it: without the scope write to Viewer, without read to None.
func levelOf(p *Person, scopes Scope, a *access) Level {
	if p == nil || guard.NotDisabled.Stops(p.Disabled) || guard.StaffAlone.Stops(p.Guest) || scopes&(Read|Write) == 0 {
		return None
	}
	if a == nil {
		a = &access{}
	}
	level, named := a.grants[p.ID]
	switch admin := p.Role == Admin; {
	case a.owner == p.ID, admin && a.owner == "":
		level = Owner
	case guard.Restricted.Stops(a.restricted): // as granted
	case admin || !named || !guard.ReadersRead.Stops(true):
		level = Editor
	}
	if guard.TokenScope.Stops(scopes&Write == 0) {
		level = min(level, Viewer)
	}
	return level
}

// LevelOn is what the caller may do on the prospect now.
func (d *DB) LevelOn(_ context.Context, c Caller, prospect string) Level {
	if c.system {
		return Owner
	}
	p, a := d.cache.on(c.Person.ID, prospect)
	return levelOf(p, c.Scopes, a)
}

// Visible answers LevelOn for many prospects as of one moment. It is for lists
// within one request, not to be kept: it does not follow changes.
func (d *DB) Visible(_ context.Context, c Caller) func(prospect string) Level {
	if c.system {
		return func(string) Level { return Owner }
	}
	p, all := d.cache.snapshot(c.Person.ID)
	return func(prospect string) Level { return levelOf(p, c.Scopes, all[prospect]) }
}

// level is LevelOn as the database has it.
func (t *tx) level(c Caller, prospect string) (Level, error) {
	if c.system {
		return Owner, nil
	}
	p, err := t.person(c.Person.ID)
	if errors.Is(err, ErrNotFound) {
		return None, nil
	}
	if err != nil {
		return None, err
	}
	a, err := readAccess(t.ctx, t.conn, prospect)
	if err != nil {
		return None, err
	}
	return levelOf(&p, c.Scopes, a), nil
}

package wiki

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sort"

	"gopkg.in/yaml.v3"

	"dealwiki/content"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// Transaction changes several files of a prospect's internal side in one
// commit: a stage with the pages that belong to it, a record with what it
// records. It is used by the parts of the house that keep records, and lives
// for one call of [Space.Transact].
type Transaction struct {
	ctx      context.Context
	w        *Wiki
	caller   people.Caller
	s        *side
	snap     *snapshot
	external repo.Hash
	prospect *Prospect // as it will be
	was      []byte    // prospect.yaml as it is
	edits    map[string]repo.Edit
	merges   map[Place]Merge
	started  bool // some page is its template
	tag      string
}

// Transact lets f gather changes and makes them one commit of the caller's,
// under the writer lock; f answers the commit's subject. An error of f changes
// nothing. Without changes no commit is made and the answer is where main is.
// The caller needs a level on the prospect. Pending edits of live pages that f
// is going to change are not flushed: they follow as versions of their own.
func (sp *Space) Transact(ctx context.Context, caller people.Caller, level people.Level, f func(*Transaction) (subject string, err error)) (repo.Hash, error) {
	s := sp.internal.s
	if err := sp.w.may(ctx, caller, s.prospect, Internal, level); err != nil {
		return repo.Zero, err
	}
	if sp.w.beside {
		return repo.Zero, fmt.Errorf("writing beside a running server: %w", ErrLocked)
	}
	s.write.Lock()
	defer s.write.Unlock()
	t := &Transaction{ctx: ctx, w: sp.w, caller: caller, s: s, edits: map[string]repo.Edit{}, merges: map[Place]Merge{}}
	if err := t.begin(sp); err != nil {
		return repo.Zero, err
	}
	subject, err := f(t)
	if err != nil {
		return repo.Zero, err
	}
	return t.commit(subject)
}

func (t *Transaction) begin(sp *Space) (err error) {
	if t.snap, err = t.s.snapshot(t.ctx); err != nil {
		return err
	}
	if sp.external != nil {
		if t.external, err = sp.external.s.repo.Head(); err != nil {
			return fmt.Errorf("reading the head of %s: %w", sp.external.s.name(), err)
		}
	}
	t.was, err = t.Read(prospectFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // the playbook has none
	}
	if err != nil {
		return err
	}
	if t.prospect, err = parseProspect(t.was); err != nil {
		return err
	}
	t.prospect.Slug = t.s.prospect
	if t.prospect.Outcome == "" {
		t.prospect.Outcome = OutcomeOpen
	}
	return nil
}

// Tag makes sure that an internal commit has a name, after a crash between a
// commit and its tag.
func (sp *Space) Tag(ctx context.Context, caller people.Caller, name string, at repo.Hash) error {
	if !caller.IsSystem() {
		return people.ErrForbidden
	}
	return sp.internal.s.repo.Tag(ctx, name, at)
}

// Flush makes what is being typed on either side versions under their own
// authors.
func (sp *Space) Flush(ctx context.Context) error {
	if sp.w.rooms == nil {
		return nil
	}
	for _, sd := range sp.Sides() {
		if err := sp.w.rooms.FlushAll(ctx, sp.prospect, sd.s.section); err != nil {
			return fmt.Errorf("saving what others have typed: %w", err)
		}
	}
	return nil
}

// Heads are the newest commits of both sides before this one; external is the
// zero hash for the playbook.
func (t *Transaction) Heads() (internal, external repo.Hash) { return t.snap.head, t.external }

// Prospect is what prospect.yaml says. What is changed in it is written.
func (t *Transaction) Prospect() *Prospect { return t.prospect }

// Read answers an internal file as it will be; fs.ErrNotExist when it is not
// there.
func (t *Transaction) Read(path string) ([]byte, error) {
	if e, ok := t.edits[path]; ok {
		return e.Data, nil
	}
	f, ok := t.snap.files[path]
	if !ok {
		return nil, fmt.Errorf("reading %s: %w", path, fs.ErrNotExist)
	}
	return t.s.repo.Blob(f.Blob)
}

// Files lists the paths of internal files that begin with a prefix, ascending.
func (t *Transaction) Files(prefix string) []string {
	var out []string
	for path := range t.snap.files {
		if len(path) >= len(prefix) && path[:len(prefix)] == prefix {
			out = append(out, path)
		}
	}
	sort.Strings(out)
	return out
}

// Write gives an internal file that is not a page its content.
func (t *Transaction) Write(path string, data []byte) error {
	if _, ok := PlaceOf(Internal, path); ok {
		return fmt.Errorf("writing %s: a page is changed by Page", path)
	}
	t.edits[path] = repo.Edit{Path: path, Data: data}
	return nil
}

// Page gives an internal page its text, making the page when there is none.
// Facts and actions get their ids at once. On a page that is open for live
// editing the text is merged with what others are typing.
func (t *Transaction) Page(place Place, text []byte) error {
	if place.Section != Internal {
		return ErrNotFound
	}
	text, _ = content.AssignIDs(text, t.w.newID)
	if err := checkText(text); err != nil {
		return err
	}
	info := t.snap.infos[place.Path()]
	if info == nil {
		if err := t.s.free(t.ctx, t.snap, place); err != nil {
			return err
		}
	} else if t.w.rooms != nil {
		merge, err := t.w.rooms.Merge(t.ctx, t.caller, t.s.prospect, place, info.Version, info.Version, text)
		if err != nil {
			return fmt.Errorf("merging into the live page: %w", err)
		}
		if merge != nil {
			t.merges[place], text = merge, merge.Text()
		}
	}
	t.edits[place.Path()] = repo.Edit{Path: place.Path(), Data: text}
	return nil
}

// TasksPage is the page of a stage that says what is to be done in it. It is
// never a template, not even in a commit that starts pages from theirs.
const TasksPage = "tasks"

// Start makes an internal page from its template when there is none. Until
// somebody changes it, it counts as missing.
func (t *Transaction) Start(place Place) error {
	if t.snap.infos[place.Path()] != nil || t.edits[place.Path()].Path != "" {
		return nil
	}
	text, _, err := t.w.template(t.ctx, t.s.prospect, place)
	if err != nil {
		return err
	}
	t.started = true
	return t.Page(place, text)
}

// Tag names the commit that the transaction makes, for good. A name that is
// taken fails the whole transaction.
func (t *Transaction) Tag(name string) { t.tag = name }

func (t *Transaction) commit(subject string) (repo.Hash, error) {
	if t.prospect != nil {
		if err := t.prospect.check(); err != nil {
			return repo.Zero, err
		}
		next, err := yaml.Marshal(t.prospect)
		if err != nil {
			return repo.Zero, err
		}
		old, err := parseProspect(t.was)
		if err != nil {
			return repo.Zero, err
		}
		// How somebody else has laid out the file stays until its content changes.
		if same, err := yaml.Marshal(old); err != nil || !bytes.Equal(same, next) {
			t.edits[prospectFile] = repo.Edit{Path: prospectFile, Data: next}
		}
	}
	var edits []repo.Edit
	for path, e := range t.edits {
		if f, ok := t.snap.files[path]; ok {
			if now, err := t.s.repo.Blob(f.Blob); err != nil {
				return repo.Zero, err
			} else if bytes.Equal(now, e.Data) {
				continue
			}
		}
		edits = append(edits, e)
	}
	if len(edits) == 0 {
		return t.snap.head, nil
	}
	if t.tag != "" {
		if _, err := t.s.repo.Tagged(t.tag); err == nil {
			return repo.Zero, fmt.Errorf("tag %s: %w", t.tag, ErrExists)
		}
	}
	sort.Slice(edits, func(i, j int) bool { return edits[i].Path < edits[j].Path })
	if t.started {
		subject += ", each page " + fromTemplate
	}
	h, err := t.s.commit(t.ctx, t.caller, t.snap.head, edits, subject)
	if err != nil {
		return repo.Zero, err
	}
	if t.tag != "" {
		if err := t.s.repo.Tag(context.WithoutCancel(t.ctx), t.tag, h); err != nil {
			return h, err
		}
	}
	if t.edits[prospectFile].Path != "" {
		t.w.moved.note(t.s.prospect, External) // the title is shown there too
	}
	for place, merge := range t.merges {
		if now, err := t.s.repo.Blob(t.snap.files[place.Path()].Blob); err != nil || bytes.Equal(now, t.edits[place.Path()].Data) {
			continue // its text is as it was
		}
		if err := t.s.tellRooms(t.ctx, Edit{Place: place}, merge, h); err != nil {
			return h, err
		}
	}
	return h, nil
}

package wiki

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"dealwiki/content"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// fromTemplate ends the subject of a version that is a template and nothing
// else yet.
const fromTemplate = "from its template"

// Edit is a caller's text for a page, made from a base.
type Edit struct {
	Place   Place
	Text    []byte
	Base    repo.Hash // the version the text was made from; the zero hash makes a new page
	Strict  bool      // refuse with *Stale instead of merging when the page has moved on since Base
	Message string    // what was done, in one line; "" has one made
	By      *Authors  // whose edits these are, where the system brings them; nil: the caller's
}

// Edited is what became of an edit.
type Edited struct {
	Page
	Overlaps []content.Overlap // where both sides changed the same words; both are kept
	Changed  bool              // false: the text was as it is, and no version was made
}

// Edit is the one door for text: every change of a page's text by a form, the
// API, a restored version, a ticked task or a closed fact comes through here.
// The text is merged from its base onto what has come since. A fact or action
// without an id gets one in a following version before Edit returns.
func (sd *Side) Edit(ctx context.Context, caller people.Caller, e Edit) (*Edited, error) {
	if err := sd.mayEdit(ctx, caller, e.Place.Section); err != nil {
		return nil, err
	}
	if err := checkText(e.Text); err != nil {
		return nil, err
	}
	if err := checkMessage(e.Message); err != nil {
		return nil, err
	}
	if e.By != nil && !caller.IsSystem() {
		return nil, people.ErrForbidden // nobody else speaks for others
	}
	s := sd.s
	if e.Strict {
		// A strict base is compared with what was committed when the request
		// arrived, before pending edits of a live room are.
		if err := s.checkBase(ctx, e); err != nil {
			return nil, err
		}
	} else if err := sd.mayBase(ctx, caller, e); err != nil {
		return nil, err
	}
	if s.w.rooms != nil && e.By == nil { // with By it is the room itself that saves
		if err := s.w.rooms.Flush(ctx, s.prospect, e.Place); err != nil {
			return nil, fmt.Errorf("saving what others have typed: %w", err)
		}
		e.Strict = false
	}
	s.write.Lock()
	defer s.write.Unlock()
	if e.Base.IsZero() {
		return s.createPage(ctx, caller, e, false)
	}
	return s.editPage(ctx, caller, e)
}

// mayBase checks that a guest's base is a version they may see: what is merged
// tells of what it was merged from.
func (sd *Side) mayBase(ctx context.Context, caller people.Caller, e Edit) error {
	if !caller.Person.Guest || e.Base.IsZero() {
		return nil
	}
	if _, err := sd.Lookup(ctx, caller, e.Place); err != nil {
		return err
	}
	err := sd.hasPastAt(ctx, caller, e.Place, e.Base)
	if errors.Is(err, ErrNotFound) {
		return errBase()
	}
	return err
}

func errBase() error {
	return &Invalid{Field: "version", Problem: "is not one of this page's versions; read the page again and repeat the edit"}
}

func (s *side) checkBase(ctx context.Context, e Edit) error {
	snap, err := s.snapshot(ctx)
	if err != nil {
		return err
	}
	info := snap.infos[e.Place.Path()]
	switch {
	case e.Base.IsZero() && info != nil:
		return fmt.Errorf("page %s: %w", e.Place, ErrExists)
	case !e.Base.IsZero() && info == nil:
		return ErrNotFound
	case info != nil && info.Version != e.Base:
		return &Stale{Current: info.Version}
	}
	return nil
}

// createPage makes a page; the writer lock is held.
func (s *side) createPage(ctx context.Context, caller people.Caller, e Edit, asTemplate bool) (*Edited, error) {
	snap, err := s.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.free(ctx, snap, e.Place); err != nil {
		return nil, err
	}
	text := e.Text
	if asTemplate {
		// A template's facts get their ids at once, so that the page is still
		// its first version, the untouched template.
		text, _ = content.AssignIDs(text, s.w.newID)
	}
	subject := e.Message
	if subject == "" {
		subject = "Start " + s.titleIn(text, e.Place)
	}
	h, err := s.commitMessage(ctx, snap.head, []repo.Edit{{Path: e.Place.Path(), Data: text}}, s.w.messageOf(caller, e.By, subject))
	if err != nil {
		return nil, err
	}
	if err := s.tellRooms(ctx, e, nil, h); err != nil {
		return nil, err
	}
	return s.finish(ctx, caller, e, nil)
}

// free reports whether a page may be made at a place: the stage must exist, and
// the name be free, over the whole section on the external side.
func (s *side) free(ctx context.Context, snap *snapshot, place Place) error {
	if err := place.Check(); err != nil {
		return err
	}
	if err := s.checkStage(ctx, place.Stage); err != nil {
		return err
	}
	if place.Stage == StageLog {
		if _, err := time.Parse(dateFormat, place.Page[:min(len(place.Page), len(dateFormat))]); err != nil {
			return &Invalid{Field: "page", Problem: "must begin with a date in the log, for example 2026-11-12-call-with-ingrid"}
		}
	}
	if snap.infos[place.Path()] != nil {
		return fmt.Errorf("page %s: %w", place, ErrExists)
	}
	if other := snap.names[place.Page]; other != "" && s.section == External {
		return fmt.Errorf("a page named %s on the external side: %w", place.Page, ErrExists)
	}
	return nil
}

func (s *side) checkStage(ctx context.Context, stage string) error {
	switch stage {
	case StageAccount:
		return nil
	case StageLog:
		if s.prospect != Playbook {
			return nil
		}
	case stageTemplates:
		if s.prospect == Playbook {
			return nil
		}
	default:
		funnel, err := s.w.Funnel(ctx)
		if err != nil {
			return err
		}
		if s.prospect != Playbook && funnel.Stage(stage) != nil {
			return nil
		}
	}
	return &Invalid{Field: "stage", Problem: fmt.Sprintf("%q is not a stage of the funnel; use one of its stages or account", stage)}
}

// editPage changes a page's text; the writer lock is held.
func (s *side) editPage(ctx context.Context, caller people.Caller, e Edit) (*Edited, error) {
	snap, err := s.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	info := snap.infos[e.Place.Path()]
	if info == nil {
		return nil, ErrNotFound
	}
	current, err := s.read(ctx, *info)
	if err != nil {
		return nil, err
	}
	text, overlaps := e.Text, []content.Overlap(nil)
	var merge Merge
	if s.w.rooms != nil && e.By == nil {
		merge, err = s.w.rooms.Merge(ctx, caller, s.prospect, e.Place, e.Base, current.Version, e.Text)
		if err != nil {
			return nil, fmt.Errorf("merging into the live page: %w", err)
		}
	}
	switch {
	case merge != nil:
		text, overlaps = merge.Text(), merge.Overlaps()
	case e.Base != current.Version:
		if e.Strict {
			return nil, &Stale{Current: current.Version}
		}
		base, err := s.readAt(ctx, e.Place, e.Base)
		if err != nil {
			return nil, errBase()
		}
		text, overlaps = content.Merge(base.Text, current.Text, e.Text)
	}
	if err := checkText(text); err != nil {
		return nil, err
	}
	if bytes.Equal(text, current.Text) {
		return &Edited{Page: *current, Overlaps: overlaps}, nil
	}
	subject := e.Message
	if subject == "" {
		subject = "Edit " + s.titleIn(text, e.Place)
	}
	h, err := s.commitMessage(ctx, snap.head, []repo.Edit{{Path: e.Place.Path(), Data: text}}, s.w.messageOf(caller, e.By, subject))
	if err != nil {
		return nil, err
	}
	if err := s.tellRooms(ctx, e, merge, h); err != nil {
		return nil, err
	}
	return s.finish(ctx, caller, e, overlaps)
}

// tellRooms brings a version that was just made to the page's live document.
func (s *side) tellRooms(ctx context.Context, e Edit, merge Merge, h repo.Hash) error {
	if merge == nil && (e.By == nil || s.w.rooms == nil) {
		return nil
	}
	// The version is in git, so the document has to follow, whoever still waits.
	ctx = context.WithoutCancel(ctx)
	if _, err := s.snapshot(ctx); err != nil { // which follows the history
		return err
	}
	v, err := s.version(ctx, e.Place.Path(), h)
	if err != nil {
		return fmt.Errorf("reading the version just made: %w", err)
	}
	if merge != nil {
		err = merge.Committed(ctx, v)
	} else {
		err = s.w.rooms.Committed(ctx, s.prospect, e.Place, v)
	}
	if err != nil {
		return fmt.Errorf("bringing a version to the live page: %w", err)
	}
	return nil
}

// finish gives facts their ids where they lack them, in a version of its own,
// and answers the page as it is then.
func (s *side) finish(ctx context.Context, caller people.Caller, e Edit, overlaps []content.Overlap) (*Edited, error) {
	place := e.Place
	page, err := s.read(ctx, PageInfo{Place: place})
	if err != nil {
		return nil, err
	}
	if text, changed := content.AssignIDs(page.Text, s.w.newID); changed && len(text) <= MaxPage {
		head, err := s.repo.Head()
		if err != nil {
			return nil, err
		}
		var merge Merge
		if s.w.rooms != nil {
			merge, err = s.w.rooms.Merge(ctx, caller, s.prospect, place, page.Version, page.Version, text)
			if err != nil {
				return nil, fmt.Errorf("merging into the live page: %w", err)
			}
			if merge != nil {
				text = merge.Text()
			}
		}
		subject := "Give facts on " + s.titleIn(text, place) + " their ids"
		h, err := s.commitMessage(ctx, head, []repo.Edit{{Path: place.Path(), Data: text}}, s.w.messageOf(caller, e.By, subject))
		if err != nil {
			return nil, err
		}
		if merge != nil {
			if err := s.tellRooms(ctx, e, merge, h); err != nil {
				return nil, err
			}
		}
		if page, err = s.read(ctx, PageInfo{Place: place}); err != nil {
			return nil, err
		}
	}
	return &Edited{Page: *page, Overlaps: overlaps, Changed: true}, nil
}

// commit moves main by one commit of the caller's; the writer lock is held.
func (s *side) commit(ctx context.Context, caller people.Caller, base repo.Hash, edits []repo.Edit, subject string) (repo.Hash, error) {
	return s.commitMessage(ctx, base, edits, s.w.message(caller, subject))
}

func (s *side) commitMessage(ctx context.Context, base repo.Hash, edits []repo.Edit, m repo.Message) (repo.Hash, error) {
	if s.gone {
		return repo.Zero, ErrNotFound
	}
	h, err := s.repo.Commit(ctx, base, edits, m)
	if err != nil {
		return h, fmt.Errorf("saving a version: %w", err)
	}
	s.w.touched(ctx, s)
	return h, nil
}

// touched is called after main has moved.
func (w *Wiki) touched(ctx context.Context, s *side) {
	w.moved.note(s.prospect, s.section)
	if s.prospect == Playbook {
		return
	}
	// The commit is made: a catalogue that cannot follow now is read again at
	// the next start.
	if _, err := w.refresh(context.WithoutCancel(ctx), s.prospect); err != nil {
		w.log.Warn("following a change", "prospect", s.prospect, "err", err)
	}
}

const maxMessage = 500

// printableLines is printable for a text of several lines.
func printableLines(s string) bool {
	return printable(strings.NewReplacer("\r", "", "\n", "", "\t", "").Replace(s))
}

func checkMessage(s string) error {
	if len(s) > maxMessage || !printableLines(s) {
		return &Invalid{Field: "message", Problem: fmt.Sprintf("is longer than %d bytes or holds control characters", maxMessage)}
	}
	return nil
}

func checkText(text []byte) error {
	switch {
	case len(text) > MaxPage:
		return fmt.Errorf("page text: %w", ErrTooLarge)
	case !utf8.Valid(text):
		return &Invalid{Field: "text", Problem: "is not valid UTF-8; save the file as UTF-8 and try again"}
	case bytes.IndexByte(text, 0) >= 0:
		return &Invalid{Field: "text", Problem: "holds a NUL character; this does not look like text"}
	}
	return nil
}

func (s *side) titleIn(text []byte, place Place) string {
	title := []rune(describe(text).Title)
	if len(title) == 0 {
		return titleOf(place.Page)
	}
	if len(title) > 80 {
		title = append(title[:80], '…')
	}
	return string(title)
}

func (w *Wiki) newID(kind string) string { return content.NewID(kind, w.random) }

// Restore makes the text of an earlier version a page's newest version. A page
// that was deleted comes back with its comments.
func (sd *Side) Restore(ctx context.Context, caller people.Caller, place Place, at repo.Hash) (*Edited, error) {
	if err := sd.hasPastAt(ctx, caller, place, at); err != nil {
		return nil, err
	}
	snap, err := sd.s.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	old, err := sd.s.readAt(ctx, place, at)
	if err != nil {
		return nil, err
	}
	e := Edit{Place: place, Text: old.Text, Message: fmt.Sprintf("Restore version %d of %s", old.Number, old.Title)}
	if info := snap.infos[place.Path()]; info != nil {
		e.Base = info.Version
	}
	done, err := sd.Edit(ctx, caller, e)
	if err == nil && e.Base.IsZero() {
		err = sd.s.restoreComments(ctx, caller, place)
	}
	return done, err
}

// CreateFromTemplate makes a page of the playbook's needed content from its
// template.
func (sd *Side) CreateFromTemplate(ctx context.Context, caller people.Caller, place Place) (*Edited, error) {
	if err := sd.mayEdit(ctx, caller, place.Section); err != nil {
		return nil, err
	}
	text, title, err := sd.Template(ctx, caller, place)
	if err != nil {
		return nil, err
	}
	s := sd.s
	s.write.Lock()
	defer s.write.Unlock()
	return s.createPage(ctx, caller, Edit{Place: place, Text: text, Message: "Start " + title + " " + fromTemplate}, true)
}

// SetTask ticks or unticks the task on a line of a page, as it stood at base.
func (sd *Side) SetTask(ctx context.Context, caller people.Caller, place Place, base repo.Hash, line int, done bool) (*Edited, error) {
	if _, err := sd.Lookup(ctx, caller, place); err != nil {
		return nil, err
	}
	page, err := sd.ReadAt(ctx, caller, place, base)
	if err != nil {
		return nil, err
	}
	text, err := content.SetTask(page.Text, line, done)
	if err != nil {
		return nil, &Invalid{Field: "task", Problem: "is not on that line; read the page again"}
	}
	verb := "Tick"
	if !done {
		verb = "Untick"
	}
	return sd.Edit(ctx, caller, Edit{Place: place, Text: text, Base: base, Message: verb + " a task on " + page.Title})
}

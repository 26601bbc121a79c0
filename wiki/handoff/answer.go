package handoff

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"dealwiki/content"
	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/register"
)

// respond lets f say something to a handoff, under the writer lock.
func (b *Book) respond(ctx context.Context, caller people.Caller, sp *wiki.Space, number int, f func(tx *wiki.Transaction, n names, h *Handoff) (subject string, err error)) (*Handoff, error) {
	if caller.Person.Guest {
		return nil, wiki.ErrNotFound
	}
	funnel, err := b.w.Funnel(ctx)
	if err != nil {
		return nil, err
	}
	var h *Handoff
	// A receiver may be a reader of the deal until it is theirs.
	_, err = sp.Transact(ctx, caller, people.Viewer, func(tx *wiki.Transaction) (string, error) {
		all, err := readAll(sp.Prospect(), tx.Files(dir), plain(tx.Read))
		if err != nil {
			return "", err
		}
		if h, err = find(all, number); err != nil {
			return "", err
		}
		return f(tx, names{ctx, b, funnel, sp.Prospect()}, h)
	})
	return h, err
}

func (b *Book) now() time.Time { return b.w.Now().UTC().Truncate(time.Second) }

// holder refuses everybody but the one who has to answer.
func holder(caller people.Caller, h *Handoff) error {
	switch {
	case !h.State.Open():
		return ErrDone
	case caller.Person.ID != h.Holder:
		return people.ErrForbidden
	}
	return nil
}

// Acknowledge says that the receiver has read facts that are handed over. After
// acceptance both sides acknowledge facts that have changed since.
func (b *Book) Acknowledge(ctx context.Context, caller people.Caller, sp *wiki.Space, number int, ids []string) (*Handoff, error) {
	return b.respond(ctx, caller, sp, number, func(tx *wiki.Transaction, n names, h *Handoff) (string, error) {
		if !h.State.Open() && h.State != StateAccepted {
			return "", ErrDone
		}
		if caller.Person.ID != h.Holder && (h.State != StateAccepted || caller.Person.ID != h.By) {
			return "", people.ErrForbidden
		}
		if err := known(h, ids); err != nil {
			return "", err
		}
		if len(ids) == 0 {
			return "", &wiki.Invalid{Field: "acknowledged", Problem: "names no fact"}
		}
		return fmt.Sprintf("Acknowledge %d facts of handoff %d", len(ids), h.Number), b.answer(tx, h, Answer{At: b.now(), By: caller.Person.ID, What: Acknowledged, Facts: ids})
	})
}

func known(h *Handoff, ids []string) error {
	for _, id := range ids {
		if !slices.ContainsFunc(h.Facts, func(f Fact) bool { return f.ID == id }) {
			return &wiki.Invalid{Field: "acknowledged", Problem: fmt.Sprintf("%q is no fact of this handoff", id)}
		}
	}
	return nil
}

// Accept takes a deal over: every carried commitment was acknowledged, here or
// before, and the handoff is rated. The deal is in its new stage and the
// receiver's own when Accept answers.
func (b *Book) Accept(ctx context.Context, caller people.Caller, sp *wiki.Space, number int, acknowledged []string, ratings Ratings, note string) (*Handoff, error) {
	if err := sp.Flush(ctx); err != nil {
		return nil, err
	}
	h, err := b.respond(ctx, caller, sp, number, func(tx *wiki.Transaction, n names, h *Handoff) (string, error) {
		if err := holder(caller, h); err != nil {
			return "", err
		}
		if err := errors.Join(ratings.check(), known(h, acknowledged), checkNote(note)); err != nil {
			return "", err
		}
		if from := tx.Prospect().Stage; from != h.From && (h.Kind != Lead || from != h.To) {
			return "", ErrStale
		}
		left := slices.DeleteFunc(h.Unacknowledged(), func(id string) bool { return slices.Contains(acknowledged, id) })
		if len(left) > 0 {
			return "", &wiki.Invalid{Field: "acknowledged", Problem: "lacks commitments that come along: " + strings.Join(left, ", ") + "; read each of them and acknowledge it"}
		}
		a := Answer{At: b.now(), By: caller.Person.ID, What: Accepted, Facts: acknowledged, Ratings: &ratings, Note: note}
		return fmt.Sprintf("Accept handoff %d: %s to %s", h.Number, n.stage(h.From), n.stage(h.To)), b.accept(tx, n, sp, h, a)
	})
	if errors.Is(err, ErrDone) && h.State == StateAccepted && h.Holder == caller.Person.ID {
		// Sent again: perhaps because what follows had failed.
		return nil, errors.Join(err, b.mend(ctx, caller, sp, h))
	}
	if err != nil {
		return nil, err
	}
	return h, b.accepted(ctx, caller, sp, h)
}

func checkNote(s string) error {
	if len(s) > maxText || strings.ContainsRune(s, 0) {
		return &wiki.Invalid{Field: "note", Problem: "is too long"}
	}
	return nil
}

// accept moves the stage, with the pages and tasks of the new one.
func (b *Book) accept(tx *wiki.Transaction, n names, sp *wiki.Space, h *Handoff, a Answer) error {
	if err := errors.Join(b.answer(tx, h, a), closeFacts(tx, h)); err != nil {
		return err
	}
	p := tx.Prospect()
	today := b.w.Now().UTC().Format(time.DateOnly)
	if h.Kind == Nurture {
		p.Nurture = &wiki.Nurture{Since: today, Wake: h.Wake, Reason: strings.Join(strings.Fields(h.Note), " ")}
		return nil
	}
	p.Nurture = nil
	if p.Stage != h.To {
		p.Stage, p.Since = h.To, today
	}
	st := n.funnel.Stage(h.To)
	if st == nil {
		return fmt.Errorf("the stage %q is no longer in the funnel: %w", h.To, ErrStale)
	}
	for _, need := range st.Needed {
		if need.Section != wiki.Internal || need.Optional {
			continue
		}
		if err := tx.Start(wiki.Place{Section: wiki.Internal, Stage: st.Key, Page: need.Page}); err != nil {
			return fmt.Errorf("starting %s: %w", need.Title, err)
		}
	}
	if err := b.tasks(tx, n, st, h, a.By); err != nil {
		return err
	}
	return b.warn(tx, n, st, h)
}

// tasks writes down what is to be done on entering a stage.
func (b *Book) tasks(tx *wiki.Transaction, n names, st *wiki.Stage, h *Handoff, receiver string) error {
	if len(st.Tasks) == 0 || h.Kind == Back {
		return nil
	}
	place := wiki.Place{Section: wiki.Internal, Stage: st.Key, Page: wiki.TasksPage}
	text, err := tx.Read(place.Path())
	if errors.Is(err, fs.ErrNotExist) {
		text = []byte("# Tasks on entering " + st.Title + "\n")
	} else if err != nil {
		return err
	}
	var s strings.Builder
	fmt.Fprintf(&s, "\n## Handoff %d\n\n", h.Number)
	for _, t := range st.Tasks {
		fmt.Fprintf(&s, "- [ ] %s", oneLine(t.Text))
		if who := n.taskOwner(t.Job, receiver, h.By); who != "" {
			fmt.Fprintf(&s, " @%s", who)
		}
		fmt.Fprintf(&s, " due:%s\n", b.w.Now().UTC().AddDate(0, 0, t.Due).Format(time.DateOnly))
	}
	return tx.Page(place, append(text[:len(text):len(text)], s.String()...))
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// taskOwner is whoever of the two has the job that a task is for.
func (n names) taskOwner(job string, ids ...string) string {
	for _, id := range ids {
		if p, err := n.b.people.Get(n.ctx, id); err == nil && string(p.Job) == job && !p.Disabled {
			return p.Handle
		}
	}
	return ""
}

// statusOf is the status that a fact gets at a handoff, "" when it is carried.
func statusOf(f Fact) string { return map[string]string{Close: "done", NotSold: "dropped"}[f.As] }

// closeFacts gives the facts that end here their status, on the internal pages
// that they stood on when the handoff was offered.
func closeFacts(tx *wiki.Transaction, h *Handoff) error {
	pages := map[wiki.Place][]byte{}
	for _, f := range h.Facts {
		place, err := wiki.ParsePlace(f.Place)
		if err != nil || place.Section != wiki.Internal || statusOf(f) == "" {
			continue
		}
		text, known := pages[place]
		if !known {
			if text, err = tx.Read(place.Path()); err != nil {
				continue // the page has gone: what is left is looked for afterwards
			}
		}
		if text, err = content.SetFactStatus(text, f.ID, statusOf(f)); err == nil {
			pages[place] = text
		}
	}
	for place, text := range pages {
		if err := tx.Page(place, text); err != nil {
			return err
		}
	}
	return nil
}

// accepted does what follows an acceptance outside the deal's own files, and on
// the other side.
func (b *Book) accepted(ctx context.Context, caller people.Caller, sp *wiki.Space, h *Handoff) error {
	ctx = context.WithoutCancel(ctx)
	access, err := b.people.Access(ctx, sp.Prospect())
	if err != nil {
		return err
	}
	// Whoever moves somebody else's deal on alone does not come to own it.
	if access.Owner != h.Holder && h.Kind != Nurture && (!h.Self() || access.Owner == "") {
		if err := b.people.SetOwner(ctx, people.System("handoff"), sp.Prospect(), h.Holder); err != nil {
			return fmt.Errorf("making the receiver the owner: %w", err)
		}
	}
	return b.closeLeft(ctx, caller, sp, h)
}

// closeLeft closes the facts that end with an accepted handoff and that its
// commit could not close. One that was changed since stays as it is: somebody
// knows better.
func (b *Book) closeLeft(ctx context.Context, caller people.Caller, sp *wiki.Space, h *Handoff) error {
	if !slices.ContainsFunc(h.Facts, func(f Fact) bool { return statusOf(f) != "" }) {
		return nil
	}
	if b.people.LevelOn(ctx, caller, sp.Prospect()) < people.Editor {
		caller = people.System("handoff") // a reader accepts what the sender has closed
	}
	facts, err := b.register.Space(ctx, caller, sp)
	if err != nil {
		return err
	}
	for _, f := range h.Facts {
		now, err := register.Find(facts, f.ID)
		if status := statusOf(f); err == nil && status != "" && now.State.Stands() && !now.Last().At.After(h.Answered) {
			if err := b.closeFact(ctx, caller, sp, now, status); err != nil && !errors.Is(err, wiki.ErrNotFound) {
				return fmt.Errorf("closing %s: %w", f.ID, err)
			}
		}
	}
	return nil
}

// closeFact gives a fact its status on the page that it stands on now.
func (b *Book) closeFact(ctx context.Context, caller people.Caller, sp *wiki.Space, f register.Fact, status string) error {
	side, err := sp.Side(f.Place.Section)
	if err != nil {
		return err
	}
	page, err := side.Read(ctx, caller, f.Place)
	if err != nil {
		return err
	}
	text, err := content.SetFactStatus(page.Text, f.ID, status)
	if err != nil {
		return nil // it has gone or changed since: its own page tells the truth
	}
	_, err = side.Edit(ctx, caller, wiki.Edit{Place: f.Place, Text: text, Base: page.Version, Message: "Mark as " + status + ": " + f.Title})
	return err
}

// Return sends a deal back to its sender with what is missing.
func (b *Book) Return(ctx context.Context, caller people.Caller, sp *wiki.Space, number int, missing, note string, ratings *Ratings) (*Handoff, error) {
	missing = strings.TrimSpace(missing)
	return b.respond(ctx, caller, sp, number, func(tx *wiki.Transaction, n names, h *Handoff) (string, error) {
		if err := holder(caller, h); err != nil {
			return "", err
		}
		if missing == "" {
			return "", &wiki.Invalid{Field: "missing", Problem: "is empty; say what has to be there before you take the deal"}
		}
		if err := errors.Join(checkNote(missing), checkNote(note)); err != nil {
			return "", err
		}
		if ratings != nil {
			if err := ratings.check(); err != nil {
				return "", err
			}
		}
		return fmt.Sprintf("Return handoff %d to %s", h.Number, n.person(h.By)), b.answer(tx, h, Answer{At: b.now(), By: caller.Person.ID, What: Returned, Missing: missing, Note: note, Ratings: ratings})
	})
}

// Withdraw takes an offer back, by its sender.
func (b *Book) Withdraw(ctx context.Context, caller people.Caller, sp *wiki.Space, number int, note string) (*Handoff, error) {
	return b.respond(ctx, caller, sp, number, func(tx *wiki.Transaction, n names, h *Handoff) (string, error) {
		switch {
		case !h.State.Open():
			return "", ErrDone
		case caller.Person.ID != h.By && b.people.LevelOn(ctx, caller, sp.Prospect()) < people.Owner:
			return "", people.ErrForbidden
		}
		return fmt.Sprintf("Withdraw handoff %d", h.Number), errors.Join(checkNote(note), b.answer(tx, h, Answer{At: b.now(), By: caller.Person.ID, What: Withdrawn, Note: note}))
	})
}

// Delegate passes an offer on to somebody else. The receiver may, and the
// sender or an owner of the deal when the receiver has left.
func (b *Book) Delegate(ctx context.Context, caller people.Caller, sp *wiki.Space, number int, to, note string) (*Handoff, error) {
	p, err := b.staff(ctx, to)
	if err != nil {
		return nil, err
	}
	h, err := b.respond(ctx, caller, sp, number, func(tx *wiki.Transaction, n names, h *Handoff) (string, error) {
		if !h.State.Open() {
			return "", ErrDone
		}
		if caller.Person.ID != h.Holder && caller.Person.ID != h.By && b.people.LevelOn(ctx, caller, sp.Prospect()) < people.Owner {
			return "", people.ErrForbidden
		}
		if p.ID == h.Holder {
			return "", &wiki.Invalid{Field: "receiver", Problem: "has it already"}
		}
		if p.ID == h.By {
			return "", &wiki.Invalid{Field: "receiver", Problem: "is who handed it over; return it instead, and say what is missing"}
		}
		return fmt.Sprintf("Pass handoff %d on to %s", h.Number, p.Name), errors.Join(checkNote(note), b.answer(tx, h, Answer{At: b.now(), By: caller.Person.ID, What: Delegated, To: p.ID, Note: note}))
	})
	if err != nil {
		return nil, err
	}
	// Whoever passes it on may be a reader only; the offer was on record.
	return h, b.people.GrantReader(ctx, people.System("handoff"), sp.Prospect(), p.ID)
}

// remindAfter is how often somebody is reminded of the same offer, at most.
const remindAfter = 20 * time.Hour

// Remind asks the receiver again.
func (b *Book) Remind(ctx context.Context, caller people.Caller, sp *wiki.Space, number int) (*Handoff, error) {
	return b.respond(ctx, caller, sp, number, func(tx *wiki.Transaction, n names, h *Handoff) (string, error) {
		if !h.State.Open() {
			return "", ErrDone
		}
		if b.people.LevelOn(ctx, caller, sp.Prospect()) < people.Editor {
			return "", people.ErrForbidden
		}
		for _, a := range h.Answers {
			if a.What == Reminded && b.now().Sub(a.At) < remindAfter {
				return "", &wiki.Invalid{Field: "reminder", Problem: "was sent less than a day ago; give them until tomorrow"}
			}
		}
		return fmt.Sprintf("Remind %s of handoff %d", n.person(h.Holder), h.Number), b.answer(tx, h, Answer{At: b.now(), By: caller.Person.ID, What: Reminded})
	})
}

// Rate rates a handoff that somebody made to themselves, by anybody else who
// works on the deal.
func (b *Book) Rate(ctx context.Context, caller people.Caller, sp *wiki.Space, number int, ratings Ratings, note string) (*Handoff, error) {
	return b.respond(ctx, caller, sp, number, func(tx *wiki.Transaction, n names, h *Handoff) (string, error) {
		switch {
		case h.State != StateAccepted || !h.Self() || h.Ratings != nil:
			return "", ErrDone
		case caller.Person.ID == h.By:
			return "", people.ErrForbidden
		}
		if err := errors.Join(ratings.check(), checkNote(note)); err != nil {
			return "", err
		}
		return fmt.Sprintf("Rate handoff %d", h.Number), b.answer(tx, h, Answer{At: b.now(), By: caller.Person.ID, What: Rated, Ratings: &ratings, Note: note})
	})
}

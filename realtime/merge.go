package realtime

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"dealwiki/content"
	"dealwiki/realtime/journal"
	"dealwiki/realtime/yjs"
	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

func hashOf(text []byte) [sha256.Size]byte { return sha256.Sum256(text) }

// A merge is a text on its way into the document: an edit of a version by
// somebody, as it will be in git, without what is pending.
type merge struct {
	room     *room
	head     repo.Hash // the version that it follows
	version  version   // what it makes; its commit is not known yet
	update   []byte    // nil: nothing changes
	client   uint64
	person   string
	overlaps []content.Overlap
}

var _ wiki.Merge = (*merge)(nil)

func (m *merge) Text() []byte                { return []byte(m.version.text) }
func (m *merge) Overlaps() []content.Overlap { return m.overlaps }

// Committed implements [wiki.Merge]. A room that has ended since has left
// nothing behind: the next takes the version in when it opens.
func (m *merge) Committed(ctx context.Context, v repo.Version) error {
	err := m.room.ask(ctx, func() error {
		r := m.room
		if r.merging == m {
			r.merging = nil
		}
		if r.version.commit == v.Commit {
			return nil // taken in already
		}
		if r.version.commit != m.head {
			return r.follow(ctx)
		}
		if err := r.absorb(ctx, m, v.Commit); err != nil {
			return err
		}
		r.flush() // so that nobody takes the version for older than the text they are told next
		if m.update != nil && m.person != "" && time.Since(r.mergedAt) > time.Second {
			r.notify(noticeMerged, r.person(ctx, m.person).Name+" changed this page at another place; the change was merged in.")
			r.mergedAt = time.Now()
		}
		r.announce(ctx, v)
		return nil
	})
	if errors.Is(err, errEnded) {
		return nil
	}
	return err
}

// mergeOnto prepares an edit of head: the text was made from an older state.
func (r *room) mergeOnto(head *version, base []byte, text, person string) (*merge, error) {
	fork, err := yjs.Load(head.state, yjs.Options{Limits: boundless})
	if err != nil {
		return nil, fmt.Errorf("reading the state of version %s: %w", head.commit, err)
	}
	m := &merge{room: r, head: head.commit, person: person}
	for {
		if m.update, m.client, err = fork.Rebase(base, text, r.hub.random); err != nil {
			return nil, fmt.Errorf("merging into the document of %s: %w", r.name, err)
		}
		if _, taken := r.owners[m.client]; !taken {
			break
		}
	}
	if m.update != nil {
		if _, err := fork.Apply(m.update); err != nil {
			return nil, fmt.Errorf("merging into the document of %s: %w", r.name, err)
		}
	}
	m.version = version{text: fork.Text(), state: fork.Encode(nil), vector: fork.StateVector(), units: fork.Units()}
	return m, nil
}

// intend notes on disk that a merge may be found in git from now on: whoever
// opens the document without knowing what became of it takes the same edit in.
func (m *merge) intend(ctx context.Context) error {
	if m.update == nil {
		return nil
	}
	err := m.room.hub.cfg.Journal.Merge(ctx, m.room.id, journal.Merging{
		Text: hashOf([]byte(m.version.text)), Head: m.head.String(), Client: m.client, Person: m.person, Data: m.update,
	})
	if err != nil {
		return fmt.Errorf("noting an edit to be merged: %w", err)
	}
	return nil
}

// remerge is a merge as it was when it was noted; nil if the version that it was
// made from is not known any more.
func (r *room) remerge(ctx context.Context, in *journal.Merging) (*merge, error) {
	state, err := r.hub.cfg.Journal.State(ctx, r.id, in.Head)
	if unknown(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the state of version %s: %w", in.Head, err)
	}
	fork, err := yjs.Load(state, yjs.Options{Limits: boundless})
	if err == nil {
		_, err = fork.Apply(in.Data)
	}
	if err != nil {
		return nil, fmt.Errorf("merging into the document of %s: %w", r.name, err)
	}
	if hashOf([]byte(fork.Text())) != in.Text {
		return nil, nil
	}
	return &merge{
		room: r, update: in.Data, client: in.Client, person: in.Person,
		version: version{text: fork.Text(), state: fork.Encode(nil), vector: fork.StateVector(), units: fork.Units()},
	}, nil
}

// absorb puts a merge into the document and on disk, as a version that is in
// git, and tells everybody.
func (r *room) absorb(ctx context.Context, m *merge, commit repo.Hash) error {
	b := journal.Batch{Version: &journal.Version{Commit: commit.String(), State: m.version.state}}
	if m.update != nil {
		if _, err := r.doc.Apply(m.update); err != nil {
			if err = r.force(m.update); err != nil {
				return err
			}
		}
		r.changes++
		r.full = nil
		b.Updates = []journal.Update{{Person: m.person, Data: m.update, At: r.hub.cfg.Now()}}
		b.Owners = map[uint64]string{m.client: m.person}
	}
	if err := r.append(ctx, b); err != nil {
		return err
	}
	r.version = m.version
	r.version.commit = commit
	r.intended = nil
	if m.update != nil {
		r.group.update(nil, m.update)
	}
	return nil
}

// force applies an update of the server's own that is past the limits for what
// people send: it is in git already.
func (r *room) force(update []byte) error {
	doc, err := yjs.Load(r.doc.Encode(nil), yjs.Options{Client: r.doc.Client(), Limits: boundless})
	if err == nil {
		_, err = doc.Apply(update)
	}
	if err == nil {
		doc, err = yjs.Load(doc.Encode(nil), yjs.Options{Client: r.doc.Client(), Limits: r.hub.cfg.Limits.Document})
	}
	if err != nil {
		return fmt.Errorf("merging into the document of %s: %w", r.name, err)
	}
	r.doc = doc
	return nil
}

// prepare makes the Merge that wiki asks for.
func (r *room) prepare(ctx context.Context, caller people.Caller, base, head repo.Hash, text []byte) (*merge, error) {
	if r.version.text == string(text) && r.version.commit != head {
		// Taken in before wiki told of it, as part of the page's newest version.
		v := r.version
		return r.keep(&merge{room: r, head: r.version.commit, version: v}), nil
	}
	if r.version.commit != head {
		if err := r.follow(ctx); err != nil {
			return nil, err
		}
	}
	onto := r.version
	if onto.commit != head {
		state, err := r.hub.cfg.Journal.State(ctx, r.id, head.String())
		if err != nil {
			return nil, fmt.Errorf("merging into the document of %s: %w", r.name, err)
		}
		if onto, err = readVersion(head, state); err != nil {
			return nil, err
		}
	}
	from := onto.state
	var overlaps []content.Overlap
	if base != head {
		old, err := r.side.ReadAt(ctx, system, r.place, base)
		if errors.Is(err, wiki.ErrNotFound) {
			return nil, &wiki.Invalid{Field: "version", Problem: "is not one of this page's versions; read the page again and repeat the edit"}
		}
		if err != nil {
			return nil, err
		}
		merged, over := content.Merge(old.Text, []byte(onto.text), text)
		overlaps = over
		state, err := r.hub.cfg.Journal.State(ctx, r.id, base.String())
		switch {
		case err == nil && len(overlaps) == 0:
			from = state
		case err == nil || unknown(err):
			// Before the document was made, or the same words were changed: then
			// whole words are kept beside each other, not letters among letters.
			text = merged
		default:
			return nil, fmt.Errorf("merging into the document of %s: %w", r.name, err)
		}
	}
	if len(text) > wiki.MaxPage || r.doc.Bytes()+max(0, len(text)-len(onto.text)) > 2*wiki.MaxPage {
		return nil, fmt.Errorf("page text: %w", wiki.ErrTooLarge)
	}
	m, err := r.mergeOnto(&onto, from, string(text), caller.Person.ID)
	if err != nil {
		return nil, err
	}
	m.overlaps = overlaps
	return r.keep(m), nil
}

func (r *room) keep(m *merge) *merge {
	r.merging, r.intended = m, nil
	return m
}

// follow takes in versions that came to the page without the room.
func (r *room) follow(ctx context.Context) error {
	page, err := r.side.Read(ctx, system, r.place)
	if err != nil {
		return err
	}
	if page.Version == r.version.commit {
		return nil
	}
	r.flush()
	if r.ended {
		return errEnded
	}
	if m := r.merging; m != nil && m.head == r.version.commit && m.version.text == clean(page.Text) {
		r.merging = nil
		return r.absorb(ctx, m, page.Version)
	}
	if snap := r.saving.now; snap != nil && !snap.done && snap.text == clean(page.Text) {
		if err := r.saved(ctx, page.Version, snap); err != nil {
			return err
		}
		snap.done = true
		return nil
	}
	if r.known(ctx, page.Version, clean(page.Text)) {
		return nil
	}
	return r.takeIn(ctx, page, nil)
}

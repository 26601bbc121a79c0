package realtime

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"unicode/utf8"

	"dealwiki/content"
	"dealwiki/realtime/journal"
	"dealwiki/realtime/yjs"
	"dealwiki/wiki"
	"dealwiki/wiki/repo"
)

// boundless limits are for what was taken already, whatever the limits are by
// now.
var boundless = yjs.Limits{MaxMessage: -1, MaxText: -1, MaxItems: -1, MaxPending: -1, MaxWork: -1}

// load opens the document, or makes it.
func (r *room) load(ctx context.Context) error {
	sp, err := r.hub.cfg.Wiki.Space(ctx, system, r.prospect)
	if err != nil {
		return err
	}
	if r.side, err = sp.Side(r.place.Section); err != nil {
		return err
	}
	d, err := r.hub.cfg.Journal.Load(ctx, r.name)
	if !unknown(err) {
		if err != nil {
			return fmt.Errorf("opening the document of %s: %w", r.name, err)
		}
		return r.resume(ctx, d)
	}
	if !r.create {
		return errNoDocument
	}
	places, err := r.side.FormerPlaces(ctx, system, r.place)
	if err != nil {
		return err
	}
	for _, was := range places {
		if d, err = r.fetch(ctx, was); !unknown(err) {
			if err != nil {
				return fmt.Errorf("opening the document of %s: %w", r.name, err)
			}
			return r.resume(ctx, d)
		}
	}
	// Of a page that has moved, and of one that was deleted and is there again,
	// there may have been a document nevertheless.
	rebuilt := len(places) > 0
	if !rebuilt {
		if rebuilt, err = r.wasDeleted(ctx); err != nil {
			return err
		}
	}
	return r.begin(ctx, rebuilt)
}

// wasDeleted reports whether there was a page here before.
func (r *room) wasDeleted(ctx context.Context) (bool, error) {
	below := repo.Zero
	for {
		const atOnce = 100
		list, err := r.side.History(ctx, system, r.place, atOnce, below)
		if err != nil {
			return false, err
		}
		for _, v := range list {
			if below = v.Commit; v.Deleted {
				return true, nil
			}
		}
		if len(list) < atOnce {
			return false, nil
		}
	}
}

// begin makes the document of a page that has none, from its text.
func (r *room) begin(ctx context.Context, rebuilt bool) error {
	page, err := r.side.Read(ctx, system, r.place)
	if err != nil {
		return err
	}
	epoch, err := r.hub.newEpoch()
	if err != nil {
		return err
	}
	doc, client, err := r.plant(clean(page.Text))
	if err != nil {
		return err
	}
	state := doc.Encode(nil)
	d := journal.Document{Name: r.name, Epoch: epoch, Rebuilt: rebuilt, State: state, Owners: map[uint64]string{client: ""}}
	if _, err := r.hub.cfg.Journal.Create(ctx, d, journal.Version{Commit: page.Version.String(), State: state}); err != nil {
		return fmt.Errorf("making the document of %s: %w", r.name, err)
	}
	// What a file made in place of a lost one adds is read back.
	made, err := r.hub.cfg.Journal.Load(ctx, r.name)
	if err != nil {
		return fmt.Errorf("opening the document of %s: %w", r.name, err)
	}
	return r.resume(ctx, made)
}

// plant answers a new document that holds a text.
func (r *room) plant(text string) (*yjs.Doc, uint64, error) {
	client, err := r.freshClient(nil)
	if err != nil {
		return nil, 0, err
	}
	doc := yjs.New(yjs.Options{Client: client, Limits: yjs.Limits{MaxText: -1}})
	if _, err := doc.Replace(text); err != nil {
		return nil, 0, fmt.Errorf("making the document of %s: %w", r.name, err)
	}
	return doc, client, nil
}

// resume opens a document as the journal has it and takes in what has come to
// the page without it.
func (r *room) resume(ctx context.Context, d *journal.Document) error {
	state := d.State
	if len(d.Updates) > 0 {
		var err error
		if state, err = r.catchUp(d); err != nil {
			return fmt.Errorf("opening the document of %s: %w", r.name, err)
		}
	}
	client, err := r.freshClient(d.Owners)
	if err != nil {
		return err
	}
	doc, err := yjs.Load(state, yjs.Options{Client: client, Limits: r.hub.cfg.Limits.Document})
	if err != nil {
		return fmt.Errorf("opening the document of %s: %w", r.name, err)
	}
	r.full = state
	r.doc, r.owners = doc, d.Owners
	if r.owners == nil {
		r.owners = map[uint64]string{}
	}
	r.id, r.epoch, r.rebuilt, r.recovering, r.seq = d.ID, d.Epoch, d.Rebuilt, d.Recovering, d.Seq
	r.since = len(d.Updates)
	for person, units := range d.Removed {
		r.removed = append(r.removed, removal{seq: d.Seq, person: person, units: units})
	}
	if err := r.reconcile(ctx, d); err != nil {
		return err
	}
	if r.doc.Text() != r.version.text {
		r.changed()
	}
	return nil
}

// reconcile finds the version that the page is at among those whose state is
// known, and takes in what is not.
func (r *room) reconcile(ctx context.Context, d *journal.Document) error {
	page, err := r.side.Read(ctx, system, r.place)
	if errors.Is(err, wiki.ErrNotFound) {
		return r.stray(ctx, d)
	}
	if err != nil {
		return err
	}
	for i := len(d.Saving) - 1; i >= 0; i-- {
		r.intents = append(r.intents, d.Saving[i])
	}
	r.intended = d.Merging
	if d.Last == "" || !r.known(ctx, page.Version, clean(page.Text)) {
		if err := r.takeIn(ctx, page, d); err != nil {
			return err
		}
	}
	return nil
}

// catchUp answers the state of a document after its edits.
func (r *room) catchUp(d *journal.Document) ([]byte, error) {
	doc, err := yjs.Load(d.State, yjs.Options{Limits: boundless})
	if err != nil {
		return nil, err
	}
	for _, u := range d.Updates {
		if u.Person == recoveredPerson {
			decoded, err := yjs.Decode(u.Data, boundless)
			if err != nil {
				return nil, err
			}
			for client := range doc.Unknown(decoded) {
				r.lost[client] = true
			}
		}
		if _, err := doc.Apply(u.Data); err != nil {
			return nil, err
		}
	}
	return doc.Encode(nil), nil
}

// freshClient draws a client id that nobody has used.
func (r *room) freshClient(owners map[uint64]string) (uint64, error) {
	for {
		client, err := yjs.New(yjs.Options{}).FreshClient(r.hub.random)
		if err != nil {
			return 0, fmt.Errorf("drawing a client id: %w", err)
		}
		if _, taken := owners[client]; !taken {
			return client, nil
		}
	}
}

// clean is a page's text as a document holds it: bytes that are no UTF-8, which
// an import may have brought, are U+FFFD.
func clean(text []byte) string {
	if utf8.Valid(text) {
		return string(text)
	}
	return string([]rune(string(text)))
}

// known makes a commit the newest version if its state is known.
func (r *room) known(ctx context.Context, commit repo.Hash, text string) bool {
	state, err := r.hub.cfg.Journal.State(ctx, r.id, commit.String())
	if err != nil {
		if !unknown(err) {
			r.log.Error("reading the state of a version", "version", commit, "err", err)
		}
		return false
	}
	var v version
	if bytes.Equal(state, r.full) {
		v = version{commit: commit, text: r.doc.Text(), state: r.full, vector: r.doc.StateVector(), units: r.doc.Units()}
	} else {
		v, err = readVersion(commit, state)
	}
	if err != nil || v.text != text {
		r.log.Error("the state of a version is not that of its text", "version", commit, "err", err)
		return false
	}
	r.version = v
	return true
}

func readVersion(commit repo.Hash, state []byte) (version, error) {
	doc, err := yjs.Load(state, yjs.Options{})
	if err != nil {
		return version{}, fmt.Errorf("reading the state of version %s: %w", commit, err)
	}
	return version{commit: commit, text: doc.Text(), state: state, vector: doc.StateVector(), units: doc.Units()}, nil
}

// takeIn brings a version that nobody told the document of into it: made by an
// import or a push, or between git and the journal when a process ended. Its
// text is rebased from the newest version before it whose state is known.
func (r *room) takeIn(ctx context.Context, page *wiki.Page, d *journal.Document) error {
	hash := hashOf(page.Text)
	if in := r.intended; in != nil && in.Text == hash {
		m, err := r.remerge(ctx, in)
		if err != nil {
			return err
		}
		if m != nil {
			r.log.Info("taking in an edit that was on its way", "version", page.Version)
			return r.absorb(ctx, m, page.Version)
		}
	}
	for _, in := range r.intents {
		if in.Text == hash {
			v, err := readVersion(page.Version, in.State)
			if err != nil {
				return err
			}
			return r.saved(ctx, page.Version, &snapshot{version: v, upto: in.Upto})
		}
	}
	if d != nil {
		snap, err := replay(d, clean(page.Text))
		if err != nil {
			return err
		}
		if snap != nil {
			return r.saved(ctx, page.Version, snap)
		}
	}
	base, err := r.newestKnown(ctx, page)
	if err != nil {
		return err
	}
	if base == nil {
		if d == nil {
			return fmt.Errorf("page %s: none of its versions is known to its document", r.name)
		}
		return r.rebuild(ctx, page, d)
	}
	r.log.Info("taking in a version that came without the live document", "version", page.Version, "from", base.commit)
	return r.rebase(ctx, page, base)
}

// replay looks for the moment at which the document had a text: a journal that
// was restored from a copy may not know the version that git has of it, but have
// its edits, which must not be taken in twice.
func replay(d *journal.Document, text string) (*snapshot, error) {
	doc, err := yjs.Load(d.State, yjs.Options{Limits: boundless})
	if err != nil {
		return nil, fmt.Errorf("opening a document: %w", err)
	}
	var found *snapshot
	for i := 0; ; i++ {
		if doc.Bytes() == len(text) && doc.Text() == text {
			found = &snapshot{version: version{text: text, state: doc.Encode(nil), vector: doc.StateVector(), units: doc.Units()}}
			if i == len(d.Updates) {
				found.upto = d.Seq
			}
		}
		if i == len(d.Updates) {
			return found, nil
		}
		if _, err := doc.Apply(d.Updates[i].Data); err != nil {
			return nil, fmt.Errorf("opening a document: %w", err)
		}
	}
}

// newestKnown is the newest of the page's versions whose state is known; nil if
// there is none.
func (r *room) newestKnown(ctx context.Context, page *wiki.Page) (*version, error) {
	below := repo.Zero
	for {
		const atOnce = 100
		list, err := r.side.History(ctx, system, r.place, atOnce, below)
		if err != nil {
			return nil, err
		}
		for _, v := range list {
			below = v.Commit
			if v.Commit == r.version.commit {
				known := r.version
				return &known, nil
			}
			if state, err := r.hub.cfg.Journal.State(ctx, r.id, v.Commit.String()); err == nil {
				if known, err := readVersion(v.Commit, state); err == nil {
					return &known, nil
				}
			} else if !unknown(err) {
				r.log.Error("reading the state of a version", "version", v.Commit, "err", err)
			}
			for _, in := range r.intents {
				old, err := r.side.ReadAt(ctx, system, r.place, v.Commit)
				if err == nil && hashOf(old.Text) == in.Text {
					if known, err := readVersion(v.Commit, in.State); err == nil {
						return &known, nil
					}
				}
			}
		}
		if len(list) < atOnce {
			return nil, nil
		}
	}
}

// rebase takes in the text of a version as an edit of an older one.
func (r *room) rebase(ctx context.Context, page *wiki.Page, base *version) error {
	m, err := r.mergeOnto(base, base.state, clean(page.Text), wiki.PersonID(page.Author))
	if err != nil {
		return err
	}
	return r.absorb(ctx, m, page.Version)
}

// rebuild makes the document anew, under another epoch, when none of its states
// fits the page any more. What was typed and is in no version stays.
func (r *room) rebuild(ctx context.Context, page *wiki.Page, d *journal.Document) error {
	r.log.Warn("making a live document anew: none of the page's versions is known to it")
	was := r.doc.Text()
	base := []byte(nil)
	if state, err := r.hub.cfg.Journal.State(ctx, r.id, d.Last); err == nil && d.Last != "" {
		if v, err := readVersion(repo.Zero, state); err == nil {
			base = []byte(v.text)
		}
	}
	text, _ := content.Merge(base, page.Text, []byte(was))
	if base == nil {
		text = page.Text
	}
	if err := r.replant(ctx, page, clean(text)); err != nil {
		return err
	}
	made, err := r.hub.cfg.Journal.Load(ctx, r.name)
	if err != nil {
		return fmt.Errorf("opening the document of %s: %w", r.name, err)
	}
	return r.resume(ctx, made)
}

// replant puts a new document in the journal in the place of this one, which is
// of no use afterwards. A text that differs from the page's is an edit of the
// new one.
func (r *room) replant(ctx context.Context, page *wiki.Page, text string) error {
	epoch, err := r.hub.newEpoch()
	if err != nil {
		return err
	}
	doc, client, err := r.plant(clean(page.Text))
	if err != nil {
		return err
	}
	state := doc.Encode(nil)
	d := journal.Document{Name: r.name, Epoch: epoch, Rebuilt: true, State: state, Owners: map[uint64]string{client: ""}}
	if text != clean(page.Text) {
		update, err := doc.Replace(text)
		if err != nil {
			return fmt.Errorf("making the document of %s anew: %w", r.name, err)
		}
		if update != nil {
			d.Updates = []journal.Update{{Data: update, At: r.hub.cfg.Now()}}
		}
	}
	if err := r.hub.cfg.Journal.Replace(ctx, d, journal.Version{Commit: page.Version.String(), State: state}); err != nil {
		return fmt.Errorf("making the document of %s anew: %w", r.name, err)
	}
	return nil
}

// renew makes a worn-out document anew when nobody is in it and all of it is in
// git. Browsers that come back with a copy start from the page.
func (r *room) renew(ctx context.Context) (done bool, err error) {
	page, err := r.side.Read(ctx, system, r.place)
	if err != nil {
		return false, err
	}
	if clean(page.Text) != r.doc.Text() {
		return false, nil // somebody was faster; another time
	}
	return true, r.replant(ctx, page, clean(page.Text))
}

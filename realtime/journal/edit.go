package journal

import (
	"context"
)

// known refuses a write to a document that is not there.
func (t *tx) known(id int64) error {
	var one int
	ok, err := t.get("SELECT 1 FROM document WHERE id = ?", []any{id}, &one)
	if err == nil && !ok {
		return refusal{ErrUnknown}
	}
	return err
}

// Create adds a document with its State, Updates, Owners and Epoch, and the
// version that it begins with. A document of that name is [ErrExists]. In a
// file that takes a lost one's place it is marked rebuilt, as [Journal.Load]
// then tells.
func (j *Journal) Create(ctx context.Context, d Document, first Version) (id int64, err error) {
	var v *packed
	size := len(d.State)
	if first.Commit != "" {
		if v, err = j.pack(ctx, 0, first); err != nil {
			return 0, j.failed("making document "+d.Name, err)
		}
		size += len(v.data)
	}
	err = j.writer.write(ctx, size, func(t *tx) error {
		var last any
		id, err = t.insert(`INSERT INTO document (name, epoch, rebuilt, recovering, compacted, saved)
			VALUES (?, ?, max(?, (SELECT rebuilt FROM journal)), ?, ?, ?) ON CONFLICT DO NOTHING`,
			d.Name, d.Epoch, d.Rebuilt, d.Recovering, t.seq, t.seq)
		if err != nil {
			return err
		}
		if id == 0 {
			return refusal{ErrExists}
		}
		if err := t.exec("INSERT INTO state (document, data) VALUES (?, ?)", id, whole(d.State)); err != nil {
			return err
		}
		if v != nil {
			if last, err = t.put(id, v, t.seq); err != nil {
				return err
			}
			if err := t.exec("UPDATE document SET last = ? WHERE id = ?", last, id); err != nil {
				return err
			}
		}
		if err := j.edits(t, id, d.Updates); err != nil {
			return err
		}
		return t.owners(id, d.Owners)
	})
	if err != nil {
		return 0, j.failed("making document "+d.Name, err)
	}
	return id, nil
}

// whole is a blob that is not NULL even if it is empty.
func whole(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

func (j *Journal) edits(t *tx, id int64, updates []Update) error {
	for _, u := range updates {
		at := u.At
		if at.IsZero() {
			at = j.now()
		}
		err := t.exec("INSERT INTO edit (seq, document, person, at, removed, data) VALUES (?, ?, ?, ?, ?, ?)",
			t.seq+1, id, u.Person, at.UnixMilli(), u.Removed, whole(u.Data))
		if err != nil {
			return err
		}
		t.seq++
	}
	return nil
}

func (t *tx) owners(id int64, owners map[uint64]string) error {
	for client, person := range owners {
		// SQLite's numbers have a sign; the bits are what counts.
		if err := t.exec("INSERT INTO owner (document, client, person) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", id, int64(client), person); err != nil {
			return err
		}
	}
	return nil
}

// Append adds a batch to a document and answers the seq of its last update, 0
// if it has none, when all of it is on disk. A document that was removed
// meanwhile is [ErrUnknown]. After any error nothing of the batch may be told
// to anybody; the document is what [Journal.Load] then answers.
func (j *Journal) Append(ctx context.Context, id int64, b Batch) (seq int64, err error) {
	var v *packed
	size := 0
	for _, u := range b.Updates {
		size += len(u.Data) + 64
	}
	if b.Version != nil {
		if v, err = j.pack(ctx, id, *b.Version); err != nil {
			return 0, j.failed("appending edits", err)
		}
		size += len(v.data)
	}
	write := j.writer.write
	if v != nil {
		write = j.writer.writeNow // whoever brought the version waits, and who comes after them
	}
	err = write(ctx, size, func(t *tx) error {
		before := t.seq
		if len(b.Updates) == 0 { // an update has its document looked up by itself
			if err := t.known(id); err != nil {
				return err
			}
		}
		if err := j.edits(t, id, b.Updates); err != nil {
			return err
		}
		if len(b.Updates) > 0 {
			seq = t.seq
		}
		if err := t.owners(id, b.Owners); err != nil {
			return err
		}
		if v == nil {
			return nil
		}
		// If nothing else was pending, nothing is now.
		var upto int64
		_, err := t.get(`SELECT CASE
			WHEN compacted > saved OR EXISTS (SELECT 1 FROM edit WHERE document = d.id AND seq > saved AND seq <= ?1)
			THEN saved ELSE ?2 END FROM document d WHERE id = ?3`, []any{before, t.seq, id}, &upto)
		if err != nil {
			return err
		}
		version, err := t.put(id, v, upto)
		if err != nil || version == 0 {
			return err
		}
		return t.exec("UPDATE document SET last = ?, saved = ? WHERE id = ?", version, upto, id)
	})
	if err != nil {
		return 0, j.failed("appending edits", err)
	}
	return seq, nil
}

// Save notes that a version is about to be put into git.
func (j *Journal) Save(ctx context.Context, id int64, s Saving) error {
	err := j.writer.write(ctx, len(s.State), func(t *tx) error {
		if err := t.known(id); err != nil {
			return err
		}
		return t.exec("INSERT INTO saving (document, text, state, upto) VALUES (?, ?, ?, ?)", id, s.Text[:], whole(s.State), s.Upto)
	})
	return j.failed("noting a version to be saved", err)
}

// Merge notes that an edit is about to be put into git and into the document
// then, by [Journal.Append]. It takes the place of one that was noted before and
// came to nothing; a version that becomes known ends it.
func (j *Journal) Merge(ctx context.Context, id int64, m Merging) error {
	err := j.writer.writeNow(ctx, len(m.Data), func(t *tx) error {
		if err := t.known(id); err != nil {
			return err
		}
		return t.exec("REPLACE INTO merging (document, text, head, client, person, data) VALUES (?, ?, ?, ?, ?, ?)",
			id, m.Text[:], m.Head, int64(m.Client), m.Person, whole(m.Data))
	})
	return j.failed("noting an edit to be merged", err)
}

// Saved notes that a version with all edits up to upto is in git. Its state is
// known from now on; what was removed in those edits is credited and dropped,
// and so are the intents that it fulfils or that older ones left. A commit
// whose state is known already keeps it.
func (j *Journal) Saved(ctx context.Context, id int64, v Version, upto int64) error {
	p, err := j.pack(ctx, id, v)
	if err != nil {
		return j.failed("noting a saved version", err)
	}
	err = j.writer.write(ctx, len(p.data), func(t *tx) error {
		if err := t.known(id); err != nil {
			return err
		}
		version, err := t.put(id, p, upto)
		if err != nil {
			return err
		}
		if version != 0 {
			if err := t.exec("UPDATE document SET last = ? WHERE id = ?", version, id); err != nil {
				return err
			}
		}
		if err := t.exec("UPDATE document SET saved = max(saved, ?) WHERE id = ?", upto, id); err != nil {
			return err
		}
		if err := t.exec("DELETE FROM saving WHERE document = ? AND upto <= ?", id, upto); err != nil {
			return err
		}
		return t.exec("DELETE FROM edit WHERE document = ? AND seq <= ? AND data IS NULL", id, upto)
	})
	return j.failed("noting a saved version", err)
}

// Compact puts state in the place of the document's state and its updates up to
// the seq upto. It keeps what they removed until a version credits it. A state
// older than the one that is kept changes nothing.
func (j *Journal) Compact(ctx context.Context, id, upto int64, state []byte) error {
	err := j.writer.write(ctx, len(state), func(t *tx) error {
		var compacted, saved int64
		known, err := t.get("SELECT compacted, saved FROM document WHERE id = ?", []any{id}, &compacted, &saved)
		if err != nil {
			return err
		}
		if !known {
			return refusal{ErrUnknown}
		}
		if upto < compacted {
			return nil
		}
		if err := t.exec("UPDATE document SET compacted = ? WHERE id = ?", upto, id); err != nil {
			return err
		}
		if err := t.exec("UPDATE state SET data = ? WHERE document = ?", whole(state), id); err != nil {
			return err
		}
		if err := t.exec("DELETE FROM edit WHERE document = ? AND seq <= ? AND (removed = 0 OR seq <= ?)", id, upto, saved); err != nil {
			return err
		}
		return t.exec("UPDATE edit SET data = NULL WHERE document = ? AND seq <= ? AND data IS NOT NULL", id, upto)
	})
	return j.failed("compacting a document", err)
}

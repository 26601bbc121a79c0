package journal

import (
	"context"
)

// Rename gives a document another name. It is [ErrUnknown] if there is none of
// the old name and [ErrExists] if there is one of the new.
func (j *Journal) Rename(ctx context.Context, from, to string) error {
	err := j.writer.write(ctx, 0, func(t *tx) error {
		var id, other int64
		known, err := t.get("SELECT id FROM document WHERE name = ?", []any{from}, &id)
		if err != nil {
			return err
		}
		if !known {
			return refusal{ErrUnknown}
		}
		taken, err := t.get("SELECT id FROM document WHERE name = ? AND id <> ?", []any{to, id}, &other)
		if err != nil {
			return err
		}
		if taken {
			return refusal{ErrExists}
		}
		return t.exec("UPDATE document SET name = ? WHERE id = ?", to, id)
	})
	return j.failed("renaming document "+from, err)
}

// Remove ends a document, if there is one of that name, with all that is known
// of it.
func (j *Journal) Remove(ctx context.Context, name string) error {
	err := j.writer.write(ctx, 0, func(t *tx) error {
		return t.exec("DELETE FROM document WHERE name = ?", name)
	})
	return j.failed("removing document "+name, err)
}

// RemoveAll ends all documents of a prospect.
func (j *Journal) RemoveAll(ctx context.Context, prospect string) error {
	err := j.writer.write(ctx, 0, func(t *tx) error {
		// "0" is what follows on "/".
		return t.exec("DELETE FROM document WHERE name >= ? AND name < ?", prospect+"/", prospect+"0")
	})
	return j.failed("removing the documents of "+prospect, err)
}

// SetRecovering marks all documents: after a restore from a backup clients
// bring back edits that were made after it, by whomever. Documents made from
// now on are marked rebuilt, for there may have been others before them.
func (j *Journal) SetRecovering(ctx context.Context) error {
	err := j.writer.write(ctx, 0, func(t *tx) error {
		if err := t.exec("UPDATE journal SET rebuilt = 1"); err != nil {
			return err
		}
		return t.exec("UPDATE document SET recovering = 1 WHERE recovering = 0")
	})
	return j.failed("marking documents as recovering", err)
}

// Recovered takes that mark from a document.
func (j *Journal) Recovered(ctx context.Context, id int64) error {
	return j.mark(ctx, id, false)
}

// Recover marks one document as recovering.
func (j *Journal) Recover(ctx context.Context, id int64) error {
	return j.mark(ctx, id, true)
}

func (j *Journal) mark(ctx context.Context, id int64, recovering bool) error {
	err := j.writer.write(ctx, 0, func(t *tx) error {
		if err := t.known(id); err != nil {
			return err
		}
		return t.exec("UPDATE document SET recovering = ? WHERE id = ?", recovering, id)
	})
	return j.failed("marking a document", err)
}

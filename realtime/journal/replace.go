package journal

import "context"

// Replace puts a document, with the version that it begins with, in the place of
// the one of that name, of which nothing stays: when a document is worn out or
// lost it is made anew, under another epoch, and marked rebuilt.
func (j *Journal) Replace(ctx context.Context, d Document, first Version) error {
	v, err := j.pack(ctx, 0, first)
	if err != nil {
		return err
	}
	err = j.writer.write(ctx, len(d.State)+len(v.data), func(t *tx) error {
		if err := t.exec("DELETE FROM document WHERE name = ?", d.Name); err != nil {
			return err
		}
		id, err := t.insert(`INSERT INTO document (name, epoch, rebuilt, recovering, compacted, saved)
			VALUES (?, ?, 1, ?, ?, ?)`, d.Name, d.Epoch, d.Recovering, t.seq, t.seq)
		if err != nil {
			return err
		}
		if err := t.exec("INSERT INTO state (document, data) VALUES (?, ?)", id, whole(d.State)); err != nil {
			return err
		}
		last, err := t.put(id, v, t.seq)
		if err != nil {
			return err
		}
		if err := t.exec("UPDATE document SET last = ? WHERE id = ?", last, id); err != nil {
			return err
		}
		if err := j.edits(t, id, d.Updates); err != nil {
			return err
		}
		return t.owners(id, d.Owners)
	})
	return j.failed("making document "+d.Name+" anew", err)
}

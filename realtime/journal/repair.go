package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// A Brief is a document in a list.
type Brief struct {
	ID      int64
	Name    string
	Last    string // as in [Document]
	Unsaved bool   // there are edits or intents after its last version
}

// Documents lists all documents by name.
func (j *Journal) Documents(ctx context.Context) ([]Brief, error) {
	rows, err := j.readers.QueryContext(ctx, `
		SELECT d.id, d.name, coalesce(v.hash, ''), compacted > saved
		   OR EXISTS (SELECT 1 FROM edit WHERE document = d.id AND seq > d.saved)
		   OR EXISTS (SELECT 1 FROM saving WHERE document = d.id)
		FROM document d LEFT JOIN version v ON v.id = d.last ORDER BY name`)
	if err != nil {
		return nil, j.failed("listing documents", err)
	}
	defer rows.Close()
	var list []Brief
	for rows.Next() {
		var b Brief
		if err := rows.Scan(&b.ID, &b.Name, &b.Last, &b.Unsaved); err != nil {
			return nil, j.failed("listing documents", err)
		}
		list = append(list, b)
	}
	return list, j.failed("listing documents", rows.Err())
}

// ListFile is [Journal.Documents] for a file that another process may have open
// as a Journal.
func ListFile(ctx context.Context, path string) (list []Brief, err error) {
	j, err := reading(path)
	if err != nil {
		return nil, fmt.Errorf("listing documents: %w", err)
	}
	defer func() { err = errors.Join(err, j.readers.Close()) }()
	return j.Documents(ctx)
}

// Rewind forgets a document's newest versions as long as git has not got them,
// as after a restore. Their edits count as unsaved again, so that they become a
// version anew. Has says whether a commit is in git. The answer is how many
// versions were forgotten.
func (j *Journal) Rewind(ctx context.Context, id int64, has func(commit string) (bool, error)) (int, error) {
	forget, keep := []int64(nil), sql.NullInt64{}
	upto := int64(-1) // before everything, also before the state that it began with
	rows, err := j.readers.QueryContext(ctx, "SELECT id, hash, upto FROM version WHERE document = ? ORDER BY id DESC", id)
	if err != nil {
		return 0, j.failed("rewinding a document", err)
	}
	for rows.Next() {
		var version, seq int64
		var commit string
		var there bool
		if err = rows.Scan(&version, &commit, &seq); err == nil {
			there, err = has(commit)
		}
		if err != nil {
			break
		}
		if there {
			keep, upto = sql.NullInt64{Int64: version, Valid: true}, seq
			break
		}
		forget = append(forget, version)
	}
	if err = errors.Join(err, rows.Err(), rows.Close()); err != nil {
		return 0, j.failed("rewinding a document", err)
	}
	if len(forget) == 0 {
		return 0, nil
	}
	err = j.writer.write(ctx, 0, func(t *tx) error {
		if err := t.known(id); err != nil {
			return err
		}
		if err := t.exec("UPDATE document SET last = ?, saved = min(saved, ?) WHERE id = ?", keep, upto, id); err != nil {
			return err
		}
		for _, version := range forget {
			if err := t.exec("DELETE FROM version WHERE id = ?", version); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, j.failed("rewinding a document", err)
	}
	return len(forget), nil
}

// Repair makes a sound journal of a damaged one, with nobody else using it. It
// takes over what can be read, document by document, marks those as recovering,
// and lets documents made later be marked rebuilt, since browsers may have
// copies of ones that are lost. It answers how many documents were taken over,
// and where the damaged file is kept.
func Repair(ctx context.Context, path string, o Options) (kept int, aside string, err error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	fail := func(err error) (int, string, error) { return 0, "", fmt.Errorf("repairing the journal: %w", err) }
	if path, err = filepath.Abs(path); err != nil {
		return fail(err)
	}
	aside = path + ".damaged-" + o.Now().UTC().Format("20060102T150405Z")
	for _, suffix := range []string{"", "-wal"} {
		if err := duplicate(path+suffix, aside+suffix); err != nil && (suffix == "" || !errors.Is(err, os.ErrNotExist)) {
			return fail(err)
		}
	}
	fresh := path + ".new"
	if err := remove(fresh); err != nil {
		return fail(err)
	}
	o.Rebuilt = true
	j, err := Open(fresh, o)
	if err != nil {
		return fail(err)
	}
	kept, err = j.salvage(ctx, path)
	if err == nil {
		err = j.SetRecovering(ctx)
	}
	if err = errors.Join(err, j.Close()); err != nil {
		return fail(errors.Join(err, remove(fresh)))
	}
	if err := remove(path); err != nil {
		return fail(err)
	}
	if err := errors.Join(os.Rename(fresh, path), syncFolder(filepath.Dir(path))); err != nil {
		return fail(err)
	}
	return kept, aside, nil
}

// remove deletes a database, if it is there.
func remove(path string) error {
	for _, suffix := range []string{"-wal", "-shm", ""} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// duplicate copies a file, durably.
func duplicate(from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	if err = errors.Join(err, out.Sync(), out.Close()); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(to))
}

// salvage takes over the documents of a damaged file that are whole.
func (j *Journal) salvage(ctx context.Context, from string) (kept int, err error) {
	// Where the tables themselves are damaged their indexes may tell more.
	ids := map[int64]bool{}
	old, err := sql.Open("sqlite", source(from)+"&_pragma=query_only(1)")
	if err != nil {
		return 0, err
	}
	for _, query := range []string{"SELECT id FROM document ORDER BY id", "SELECT document FROM state", "SELECT id FROM document ORDER BY name"} {
		rows, err := old.QueryContext(ctx, query)
		if err != nil {
			continue
		}
		for rows.Next() {
			var id int64
			if rows.Scan(&id) == nil {
				ids[id] = true
			}
		}
		_ = rows.Close() // what came before the damage counts
	}
	_ = old.Close()
	if err := ctx.Err(); err != nil || len(ids) == 0 {
		return 0, err
	}
	// The writer is idle: nobody else knows this journal yet.
	w, err := sql.Open("sqlite", source(j.path)+"&_pragma=foreign_keys(1)")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	conn, err := w.Conn(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	if _, err := conn.ExecContext(ctx, "ATTACH ? AS old", from); err != nil {
		return 0, nil //nolint:nilerr // nothing can be had of it
	}
	for id := range ids {
		if err := ctx.Err(); err != nil {
			return kept, err
		}
		if name, err := takeOver(ctx, conn, id); err != nil {
			j.log.Warn("a live document cannot be taken over", "document", id, "error", err)
		} else if err := j.checkDocument(ctx, name); err != nil {
			j.log.Warn("a live document is damaged", "document", name, "error", err)
			if err := j.Remove(ctx, name); err != nil {
				return kept, err
			}
		} else {
			kept++
		}
	}
	return kept, nil
}

func takeOver(ctx context.Context, conn *sql.Conn, id int64) (name string, err error) {
	if _, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			_, _ = conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
		}
	}()
	steps := []string{
		"INSERT INTO main.document SELECT * FROM old.document WHERE id = ?",
		"INSERT INTO main.state SELECT * FROM old.state WHERE document = ?",
		"INSERT INTO main.edit SELECT * FROM old.edit WHERE document = ?",
		"INSERT INTO main.owner SELECT * FROM old.owner WHERE document = ?",
		"INSERT INTO main.version SELECT * FROM old.version WHERE document = ?",
		"INSERT INTO main.saving SELECT * FROM old.saving WHERE document = ?",
	}
	var newer bool
	if err := conn.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM old.sqlite_schema WHERE name = 'merging')").Scan(&newer); err != nil {
		return "", err
	}
	if newer {
		steps = append(steps, "INSERT INTO main.merging SELECT * FROM old.merging WHERE document = ?")
	}
	for _, step := range steps {
		if _, err := conn.ExecContext(ctx, step, id); err != nil {
			return "", err
		}
	}
	if err := conn.QueryRowContext(ctx, "SELECT name FROM main.document WHERE id = ?", id).Scan(&name); err != nil {
		return "", err
	}
	if _, err := conn.ExecContext(ctx, "COMMIT"); err != nil {
		return "", err
	}
	return name, nil
}

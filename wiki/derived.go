package wiki

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"modernc.org/sqlite" // and its driver named "sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"dealwiki/content"
	"dealwiki/wiki/repo"
)

// openDerived opens the file of derived tables. It may be lost at any time, so
// its log is not synced when something is written; a loss of power takes the
// newest rows, which are derived again. (Unsynced altogether, synchronous=OFF, it
// was seen to come back damaged.) An empty path keeps it in memory.
func openDerived(path string) (*sql.DB, error) {
	dsn := "file:" + (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath() + "?_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)&_pragma=busy_timeout(10000)&_txlock=immediate"
	if path == "" {
		dsn = "file::memory:?_txlock=immediate"
	}
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, fmt.Errorf("opening derived tables: %w", err)
	}
	if path == "" {
		db.SetMaxOpenConns(1) // each connection would have a memory of its own
	}
	return db, nil
}

// openTables opens the derived tables in a file. One that is damaged is deleted
// and begun anew: the repositories have all that was in it.
func (w *Wiki) openTables(ctx context.Context, path string) error {
	err := w.readTables(ctx, path)
	if path == "" || !damaged(err) {
		return err
	}
	w.log.Warn("the derived tables are damaged; they are made anew, which takes a while where there is much history", "file", path, "err", err)
	if w.derived != nil {
		_ = w.derived.Close() // it is about to be deleted
	}
	for _, suffix := range []string{"-wal", "-shm", ""} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("deleting damaged tables: %w", err)
		}
	}
	return w.readTables(ctx, path)
}

func (w *Wiki) readTables(ctx context.Context, path string) (err error) {
	if w.derived, err = openDerived(path); err != nil {
		return err
	}
	// Where something that is damaged is read only later on, it is noticed now.
	// (About a millisecond for each MB.)
	var word string
	if err := w.derived.QueryRowContext(ctx, `PRAGMA quick_check(1)`).Scan(&word); err != nil {
		return fmt.Errorf("checking derived tables: %w", err)
	}
	if word != "ok" {
		return fmt.Errorf("checking derived tables: %w: %s", errDamaged, word)
	}
	if w.history, err = repo.OpenHistory(ctx, w.derived); err != nil {
		return fmt.Errorf("opening the history table: %w", err)
	}
	if w.texts, err = openTexts(ctx, w.derived); err != nil {
		return err
	}
	if w.cat, err = openCatalogue(ctx, w.derived); err != nil {
		return err
	}
	return w.cat.load(ctx, w.spacesDir())
}

var errDamaged = errors.New("the file is damaged")

// damaged reports whether an error of opening derived tables is for what the
// file holds: it is no database, or not the one it should be.
func damaged(err error) bool {
	if e := (*sqlite.Error)(nil); errors.As(err, &e) {
		switch e.Code() & 0xff { // the rest are details
		case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR:
			return true
		}
	}
	return errors.Is(err, errDamaged)
}

// Derived is the database of tables that follow the commits, for the parts of
// the house that keep some of their own there. The file may be deleted while
// the program is stopped, and a loss of power may take its newest rows.
func (w *Wiki) Derived() *sql.DB { return w.derived }

// textFormat is raised whenever what is kept of a text changes, so that rows
// of an older program are not read.
const textFormat = 4

// A textInfo is what lists and links need to know of a page's text. It depends
// on nothing but the text, so it is kept by the text's hash and never stale.
type textInfo struct {
	Title string
	Lead  string
	Words int
	Tags  []string       `json:",omitempty"`
	Links []content.Link `json:",omitempty"`
	Facts int            `json:",omitempty"` // facts and actions on the page
}

// textTable keeps textInfos by blob hash in derived.db.
type textTable struct{ db *sql.DB }

func openTexts(ctx context.Context, db *sql.DB) (*textTable, error) {
	_, err := db.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS texts(
		blob BLOB NOT NULL, format INTEGER NOT NULL, info BLOB NOT NULL, PRIMARY KEY(blob, format)) WITHOUT ROWID`)
	if err != nil {
		return nil, fmt.Errorf("making the table of texts: %w", err)
	}
	return &textTable{db}, nil
}

// get fills the infos of the wanted blobs; those missing are read and kept.
func (t *textTable) get(ctx context.Context, r *repo.Repo, want map[repo.Hash]*textInfo) error {
	blobs := make([]repo.Hash, 0, len(want))
	for h := range want {
		blobs = append(blobs, h)
	}
	const atOnce = 500
	for len(blobs) > 0 {
		n := min(atOnce, len(blobs))
		if err := t.load(ctx, blobs[:n], want); err != nil {
			return err
		}
		blobs = blobs[n:]
	}
	tx, err := t.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("keeping what is known of texts: %w", err)
	}
	defer tx.Rollback()
	for h, info := range want {
		if info != nil {
			continue
		}
		data, err := r.Blob(h)
		if err != nil {
			return err
		}
		info = describe(data)
		want[h] = info
		row, err := json.Marshal(info)
		if err != nil {
			return fmt.Errorf("keeping what is known of a text: %w", err)
		}
		if _, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO texts VALUES(?,?,?)`, h[:], textFormat, row); err != nil {
			return fmt.Errorf("keeping what is known of a text: %w", err)
		}
	}
	return tx.Commit()
}

func (t *textTable) load(ctx context.Context, blobs []repo.Hash, want map[repo.Hash]*textInfo) error {
	args := []any{textFormat}
	for i := range blobs {
		args = append(args, blobs[i][:])
	}
	rows, err := t.db.QueryContext(ctx, `SELECT blob, info FROM texts WHERE format=? AND blob IN (?`+strings.Repeat(",?", len(blobs)-1)+`)`, args...)
	if err != nil {
		return fmt.Errorf("reading what is known of texts: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var key, data []byte
		if err := rows.Scan(&key, &data); err != nil {
			return err
		}
		var info textInfo
		var h repo.Hash
		if copy(h[:], key) == len(h) && json.Unmarshal(data, &info) == nil {
			want[h] = &info
		}
	}
	return rows.Err()
}

const maxLead = 300

func describe(text []byte) *textInfo {
	doc := content.Parse(text)
	lead := []rune(doc.Lead())
	if len(lead) > maxLead {
		lead = append(lead[:maxLead], '…')
	}
	info := &textInfo{Title: doc.Title(), Lead: string(lead), Words: doc.Words(), Tags: doc.Front().Tags, Facts: len(doc.Facts()) + len(doc.Actions())}
	for _, l := range doc.Links() {
		if l.Kind == content.Wiki || l.Kind == content.Relative || l.Kind == content.Image {
			info.Links = append(info.Links, l)
		}
	}
	return info
}

package wiki

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	_ "modernc.org/sqlite" // the driver named "sqlite"

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

// Derived is the database of tables that follow the commits, for the parts of
// the house that keep some of their own there. The file may be deleted while
// the program is stopped, and a loss of power may take its newest rows.
func (w *Wiki) Derived() *sql.DB { return w.derived }

// textFormat is raised whenever what is kept of a text changes, so that rows
// of an older program are not read.
const textFormat = 1

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

package brief

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
)

// format is raised whenever notes are taken differently; rows of older ones are
// not read.
const format = 2

// noteKey names the text that notes were taken of: a version of a page, and the
// path that it came from. So what is kept is never stale.
type noteKey string

func keyOf(info wiki.PageInfo, imported string) noteKey {
	return noteKey(info.Version.String() + " " + info.Place.String() + " " + imported)
}

// maxKept is how many pages' notes are kept in memory; then all are dropped and
// read again.
const maxKept = 20_000

// row is notes as they stand in the table.
type row struct {
	Sentences []sentenceRow
	Claims    map[Topic][]claimed `json:",omitempty"`
	Sections  []Section           `json:",omitempty"`
	Weights   float64             // of the sections
	Possible  []guess             `json:",omitempty"`
	Opening   string              `json:",omitempty"`
}

type sentenceRow struct {
	Text     string
	Headings []string `json:",omitempty"`
	Anchor   string   `json:",omitempty"`
	Line     int
	Weight   float64
	Words    []uint32
	Order    int
}

func (n *notes) row() row {
	r := row{Claims: n.claims, Sections: n.sections, Possible: n.possible, Opening: n.opening}
	for _, s := range n.sentences {
		r.Sentences = append(r.Sentences, sentenceRow{s.text, s.headings, s.source.Anchor, s.source.Line, s.weight, s.words, s.order})
	}
	if len(n.sections) > 0 {
		r.Weights = n.sections[0].weight
	}
	return r
}

func (r row) notes(info wiki.PageInfo, imported string) *notes {
	n := &notes{claims: r.Claims, sections: r.Sections, possible: r.Possible, opening: r.Opening, weight: weigh(info, imported)}
	for _, s := range r.Sentences {
		src := Source{Place: info.Place, Title: info.Title, Anchor: s.Anchor, Line: s.Line}
		if len(s.Headings) > 0 {
			src.Heading = s.Headings[len(s.Headings)-1]
		}
		n.sentences = append(n.sentences, &sentence{text: s.Text, headings: s.Headings, source: src, weight: s.Weight, words: s.Words, order: s.Order})
	}
	for i := range n.sections {
		n.sections[i].weight = r.Weights
		n.sections[i].Source.Place, n.sections[i].Source.Title = info.Place, info.Title
	}
	return n
}

// pages answers all pages of some sides with their notes: kept ones, and the
// others taken and kept.
func (m *Maker) pages(ctx context.Context, caller people.Caller, sides []*wiki.Side) ([]page, error) {
	var out []page
	for _, side := range sides {
		infos, err := side.Pages(ctx, caller)
		if err != nil {
			return nil, err
		}
		imports, err := side.ImportMap(ctx, caller)
		if err != nil {
			return nil, err
		}
		keys, sources := make([]noteKey, len(infos)), make([]string, len(infos))
		for i, info := range infos {
			if imports != nil {
				sources[i], _ = imports.Source(string(info.Section) + "/" + info.Path())
			}
			keys[i] = keyOf(info, sources[i])
		}
		kept, err := m.load(ctx, side, keys)
		if err != nil {
			return nil, err
		}
		fresh := map[noteKey]*notes{}
		for i, info := range infos {
			n := kept.memory[keys[i]]
			if r, ok := kept.rows[keys[i]]; ok && n == nil {
				n = r.notes(info, sources[i])
				fresh[keys[i]] = n
			}
			if n == nil {
				p, err := side.Read(ctx, caller, info.Place)
				if err != nil {
					return nil, err
				}
				n = take(info, p.Text, sources[i])
				fresh[keys[i]] = n
			}
			out = append(out, page{info, n})
		}
		if err := m.keep(ctx, side, keys, fresh, kept.rows); err != nil {
			return nil, err
		}
	}
	return out, nil
}

type found struct {
	memory map[noteKey]*notes
	rows   map[noteKey]row
}

// load looks for notes in memory, then in the table.
func (m *Maker) load(ctx context.Context, side *wiki.Side, keys []noteKey) (found, error) {
	f := found{map[noteKey]*notes{}, map[noteKey]row{}}
	var missing []any
	m.mu.Lock()
	for _, k := range keys {
		if n := m.kept[k]; n != nil {
			f.memory[k] = n
		} else {
			missing = append(missing, string(k))
		}
	}
	made := m.made
	m.mu.Unlock()
	if !made {
		if err := m.makeTable(ctx); err != nil {
			return f, fmt.Errorf("making the table of notes: %w", err)
		}
		m.mu.Lock()
		m.made = true
		m.mu.Unlock()
	}
	const atOnce = 500
	for len(missing) > 0 {
		n := min(atOnce, len(missing))
		if err := m.query(ctx, side, missing[:n], f.rows); err != nil {
			return f, fmt.Errorf("reading notes of pages: %w", err)
		}
		missing = missing[n:]
	}
	return f, nil
}

// makeTable makes the table, without what an earlier format or a prospect that
// was deleted has left.
func (m *Maker) makeTable(ctx context.Context) error {
	db := m.w.Derived()
	_, err := db.ExecContext(ctx, `DROP TABLE IF EXISTS brief_notes;
		CREATE TABLE IF NOT EXISTS page_notes(side TEXT NOT NULL, page TEXT NOT NULL, format INTEGER NOT NULL, notes BLOB NOT NULL, PRIMARY KEY(side, page)) WITHOUT ROWID`)
	if err != nil {
		return err
	}
	if _, err := db.ExecContext(ctx, `DELETE FROM page_notes WHERE format<>?`, format); err != nil {
		return err
	}
	there := map[string]bool{}
	for _, id := range m.w.Streams() {
		there[id.Prospect+"/"+string(id.Section)] = true
	}
	return m.sweep(ctx, `SELECT DISTINCT side FROM page_notes`, `DELETE FROM page_notes WHERE side=?`, func(side string) bool { return there[side] })
}

// sweep deletes by what a question answers, unless it is to stay.
func (m *Maker) sweep(ctx context.Context, ask, remove string, stays func(string) bool, args ...any) error {
	rows, err := m.w.Derived().QueryContext(ctx, ask, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	var old []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return err
		}
		if !stays(s) {
			old = append(old, s)
		}
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	for _, s := range old {
		if _, err := m.w.Derived().ExecContext(ctx, remove, append(args[:len(args):len(args)], s)...); err != nil {
			return err
		}
	}
	return nil
}

func sideName(s *wiki.Side) string { return s.Prospect() + "/" + string(s.Section()) }

func (m *Maker) query(ctx context.Context, side *wiki.Side, keys []any, into map[noteKey]row) error {
	rows, err := m.w.Derived().QueryContext(ctx, `SELECT page, notes FROM page_notes WHERE side=? AND format=? AND page IN (?`+strings.Repeat(",?", len(keys)-1)+`)`, append([]any{sideName(side), format}, keys...)...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var key string
		var data []byte
		if err := rows.Scan(&key, &data); err != nil {
			return err
		}
		var r row
		if json.Unmarshal(data, &r) == nil { // else it is taken again
			into[noteKey(key)] = r
		}
	}
	return rows.Err()
}

// keep keeps notes in memory, and in the table those that are not there. Those of
// texts that pages have no longer go. keys are of all pages of the side.
func (m *Maker) keep(ctx context.Context, side *wiki.Side, keys []noteKey, fresh map[noteKey]*notes, there map[noteKey]row) error {
	if len(fresh) == 0 {
		return nil
	}
	m.mu.Lock()
	if len(m.kept)+len(fresh) > maxKept {
		clear(m.kept)
	}
	for k, n := range fresh {
		m.kept[k] = n
	}
	m.mu.Unlock()
	if len(fresh) == len(there) {
		return nil
	}
	tx, err := m.w.Derived().BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("keeping notes of pages: %w", err)
	}
	defer tx.Rollback()
	for k, n := range fresh {
		if _, ok := there[k]; ok {
			continue
		}
		data, err := json.Marshal(n.row())
		if err != nil {
			return fmt.Errorf("keeping notes of pages: %w", err)
		}
		if _, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO page_notes VALUES(?,?,?,?)`, sideName(side), string(k), format, data); err != nil {
			return fmt.Errorf("keeping notes of pages: %w", err)
		}
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("keeping notes of pages: %w", err)
	}
	now := make(map[string]bool, len(keys))
	for _, k := range keys {
		now[string(k)] = true
	}
	err = m.sweep(ctx, `SELECT page FROM page_notes WHERE side=?`, `DELETE FROM page_notes WHERE side=? AND page=?`, func(page string) bool { return now[page] }, sideName(side))
	if err != nil {
		return fmt.Errorf("dropping old notes of pages: %w", err)
	}
	return nil
}

package credit

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"dealwiki/content"
	"dealwiki/wiki"
	"dealwiki/wiki/handoff"
	"dealwiki/wiki/people"
	"dealwiki/wiki/register"
)

// Book answers who knows and who helped. It is safe for concurrent use.
type Book struct {
	w        *wiki.Wiki
	people   *people.DB
	register *register.Register
	handoffs *handoff.Book
	db       *sql.DB
}

// Open opens the book of a wiki, in its derived tables.
func Open(ctx context.Context, w *wiki.Wiki, r *register.Register, h *handoff.Book) (*Book, error) {
	b := &Book{w: w, people: w.People(), register: r, handoffs: h, db: w.Derived()}
	// The name holds the format: what an older program kept is not read.
	_, err := b.db.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS credit_words_1(side TEXT NOT NULL, path TEXT NOT NULL, version TEXT NOT NULL, words BLOB NOT NULL, PRIMARY KEY(side, path)) WITHOUT ROWID`)
	if err != nil {
		return nil, fmt.Errorf("opening the credit ledger: %w", err)
	}
	return b, nil
}

// wordRune tells whether a text ends within a word.
func wordRune(text string) bool {
	r, _ := utf8.DecodeLastRuneInString(text)
	return unicode.IsLetter(r) || unicode.IsDigit(r)
}

// words answers how many words of a page are whose, by person id; "" for people
// without an account.
func (b *Book) words(ctx context.Context, caller people.Caller, side *wiki.Side, p *wiki.PageInfo, budget *int) (map[string]int, error) {
	name := side.Prospect() + "/" + string(side.Section())
	var version string
	var data []byte
	err := b.db.QueryRowContext(ctx, `SELECT version, words FROM credit_words_1 WHERE side=? AND path=?`, name, p.Path()).Scan(&version, &data)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, err
	}
	out := map[string]int{}
	if err == nil && version == p.Version.String() && json.Unmarshal(data, &out) == nil {
		return out, nil
	}
	if *budget <= 0 {
		return nil, errBudget
	}
	*budget--
	lines, page, err := side.Blame(ctx, caller, p.Place)
	if err != nil {
		return nil, err
	}
	text := content.SplitLines(page.Text)
	for i, l := range lines[:min(len(lines), len(text))] {
		if n := len(strings.Fields(string(text[i]))); n > 0 {
			out[wiki.PersonID(l.Author)] += n
		}
	}
	if data, err = json.Marshal(out); err != nil {
		return nil, err
	}
	_, err = b.db.ExecContext(ctx, `INSERT OR REPLACE INTO credit_words_1 VALUES(?,?,?,?)`, name, p.Path(), page.Version.String(), data)
	return out, err
}

var errBudget = errors.New("enough pages were read for one question")

package source

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"dealwiki/wiki"
	"dealwiki/wiki/maillog"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// Client sends a request to a source. It is the client's to bound time and
// redirects and to refuse addresses that nobody may reach from here.
type Client interface {
	Do(*http.Request) (*http.Response, error)
}

// Config says what a Book needs.
type Config struct {
	Wiki   *wiki.Wiki   // required
	People *people.DB   // required
	Log    *maillog.Log // required: where kept items go
	Client Client       // optional; nil: only files are read
	Logger *slog.Logger // optional: nil discards
	// Chance answers numbers from 0 to 1; nil is math/rand. It spreads the
	// times of asking.
	Chance func() float64
}

// Book is the outside sources and what they tell. It is safe for concurrent use.
type Book struct {
	wiki   *wiki.Wiki
	people *people.DB
	talks  *maillog.Log
	client Client
	log    *slog.Logger
	chance func() float64
	files  string // folder
	wake   chan struct{}
	places chan struct{} // taken by whoever asks

	reading sync.Mutex // one answer is read at a time: it may be large in memory

	mu     sync.Mutex // protects what follows
	head   repo.Hash  // of the playbook, when settings were read
	set    *Settings
	bad    error
	warned repo.Hash        // the version whose settings were told to be bad
	busy   map[string]bool  // sources that are being asked
	quiet  quiet            // so that what is due is not read each time
	about  map[string]int64 // by source: the prospects that its last answer was looked through for
}

var system = people.System("sources")

// New makes a book.
func New(cfg Config) *Book {
	b := &Book{wiki: cfg.Wiki, people: cfg.People, talks: cfg.Log, client: cfg.Client, log: cfg.Logger, chance: cfg.Chance,
		files: filepath.Join(cfg.Wiki.Dir(), "sources"), wake: make(chan struct{}, 1),
		places: make(chan struct{}, atOnce), busy: map[string]bool{}, about: map[string]int64{}}
	if b.log == nil {
		b.log = slog.New(slog.DiscardHandler)
	}
	if b.chance == nil {
		b.chance = rand.Float64
	}
	return b
}

// Settings are the sources as they are set up. When somebody has written a
// sources.yaml that cannot be read, the error says why, and nothing is asked.
func (b *Book) Settings(ctx context.Context) (*Settings, error) {
	sp, err := b.wiki.Space(ctx, system, wiki.Playbook)
	if err != nil {
		return nil, fmt.Errorf("opening the playbook: %w", err)
	}
	head, err := sp.Internal().Head(ctx, system)
	if err != nil {
		return nil, fmt.Errorf("reading the playbook: %w", err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.head == head {
		return b.set, b.bad
	}
	text, err := b.textAt(ctx, sp, head)
	if err != nil {
		return nil, err
	}
	b.head = head
	if b.set, b.bad = Parse(text); b.bad != nil {
		b.set = nil
	}
	return b.set, b.bad
}

func (b *Book) textAt(ctx context.Context, sp *wiki.Space, head repo.Hash) ([]byte, error) {
	past, err := sp.Internal().At(ctx, system, head)
	if err != nil {
		return nil, fmt.Errorf("reading the playbook: %w", err)
	}
	text, err := past.File(File)
	if errors.Is(err, wiki.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the sources: %w", err)
	}
	return text, nil
}

// SettingsText is sources.yaml as it was written, for a form that edits it.
// Administrators only.
func (b *Book) SettingsText(ctx context.Context, caller people.Caller) ([]byte, error) {
	if !b.people.Live(caller).Can(people.Administer) {
		return nil, people.ErrForbidden
	}
	sp, err := b.wiki.Space(ctx, caller, wiki.Playbook)
	if err != nil {
		return nil, err
	}
	head, err := sp.Internal().Head(ctx, caller)
	if err != nil {
		return nil, err
	}
	return b.textAt(ctx, sp, head)
}

// ErrChanged says that somebody has changed the sources in between.
var ErrChanged = errors.New("the sources have changed since")

// SetSettings replaces sources.yaml after checking it. before is the text that
// the change was made from; ErrChanged when it is no longer that. Administrators
// only.
func (b *Book) SetSettings(ctx context.Context, caller people.Caller, before, text []byte) error {
	if !b.people.Live(caller).Can(people.Administer) {
		return people.ErrForbidden
	}
	if _, err := Parse(text); err != nil {
		return err
	}
	sp, err := b.wiki.Space(ctx, caller, wiki.Playbook)
	if err != nil {
		return err
	}
	_, err = sp.Transact(ctx, caller, people.Editor, func(t *wiki.Transaction) (string, error) {
		now, err := t.Read(File)
		if err == nil && string(now) != string(before) {
			return "", ErrChanged
		}
		return "Change the sources", t.Write(File, text)
	})
	if err == nil {
		b.Wake()
	}
	return err
}

// Wake lets Run look soon whether something is due.
func (b *Book) Wake() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// may answers ErrNotFound for what the caller does not see, ErrForbidden for
// what they may only see.
func (b *Book) may(ctx context.Context, caller people.Caller, prospect string, want people.Level) error {
	if prospect == wiki.Playbook || caller.Person.Guest {
		return wiki.ErrNotFound
	}
	if _, err := b.wiki.Prospect(ctx, caller, prospect); err != nil {
		return err
	}
	if b.people.LevelOn(ctx, caller, prospect) < want {
		return people.ErrForbidden
	}
	return nil
}

const maxWords = 200 // bytes of what a prospect is searched by

// Words are what a prospect is searched by, "" for its title.
func (b *Book) Words(ctx context.Context, caller people.Caller, prospect string) (string, error) {
	if err := b.may(ctx, caller, prospect, people.Viewer); err != nil {
		return "", err
	}
	all, err := b.words(ctx)
	return all[prospect], err
}

func (b *Book) words(ctx context.Context) (map[string]string, error) {
	all := map[string]string{}
	err := b.people.AskAttention(ctx, func(rows *sql.Rows) error {
		var prospect, words string
		err := rows.Scan(&prospect, &words)
		all[prospect] = words
		return err
	}, `SELECT prospect, words FROM source_words`)
	return all, err
}

// SetWords says what a prospect is searched by: names with commas between them.
// The first goes into addresses; an item of a source for all belongs to the
// prospect when it names any of them. "" is the prospect's title. The caller
// needs to be an editor.
func (b *Book) SetWords(ctx context.Context, caller people.Caller, prospect, words string) error {
	if err := b.may(ctx, caller, prospect, people.Editor); err != nil {
		return err
	}
	words = strings.Join(splitWords(words), ", ")
	if len(words) > maxWords {
		return &wiki.Invalid{Field: "words", Problem: fmt.Sprintf("are too long; use at most %d bytes", maxWords)}
	}
	err := b.update(ctx, func(ctx context.Context, conn *sql.Conn) error {
		if words == "" {
			_, err := conn.ExecContext(ctx, `DELETE FROM source_words WHERE prospect=?`, prospect)
			return err
		}
		_, err := conn.ExecContext(ctx, `INSERT INTO source_words (prospect, words) VALUES (?, ?) ON CONFLICT DO UPDATE SET words=excluded.words`, prospect, words)
		return err
	})
	if err == nil {
		b.Wake()
	}
	return err
}

func splitWords(s string) []string {
	var out []string
	for word := range strings.SplitSeq(oneLine(s), ",") {
		if word = strings.TrimSpace(word); word != "" {
			out = append(out, word)
		}
	}
	return out
}

func (b *Book) update(ctx context.Context, f func(context.Context, *sql.Conn) error) error {
	return b.people.UpdateAttention(ctx, f)
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMillis(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMilli(n).UTC()
}

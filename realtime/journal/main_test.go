package journal_test

import (
	"context"
	"crypto/sha256"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"dealwiki/realtime/journal"
	"dealwiki/realtime/yjs"
)

// TestMain fails when a goroutine outlives the tests.
func TestMain(m *testing.M) {
	if path := os.Getenv(crashEnv); path != "" {
		appendUntilKilled(path)
	}
	if path := os.Getenv(faultEnv); path != "" {
		appendThroughFaults(path)
	}
	goleak.VerifyTestMain(m)
}

var (
	ctx  = context.Background()
	noon = time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)
)

func noonNow() time.Time { return noon }

const page = "acme/internal/pricing/price-model"

func open(t testing.TB, path string, o journal.Options) *journal.Journal {
	t.Helper()
	if o.Logger == nil {
		o.Logger = slog.New(slog.NewTextHandler(t.Output(), nil))
	}
	j, err := journal.Open(path, o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, j.Close()) })
	return j
}

func fresh(t testing.TB) (*journal.Journal, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "journal.db")
	return open(t, path, journal.Options{}), path
}

// create makes a document that holds text, and answers it as yjs knows it.
func create(t testing.TB, j *journal.Journal, name, text string) (int64, *yjs.Doc) {
	t.Helper()
	doc := yjs.New(yjs.Options{Client: 1})
	_, err := doc.Replace(text)
	require.NoError(t, err)
	state := doc.Encode(nil)
	id, err := j.Create(ctx, journal.Document{Name: name, Epoch: "e1", State: state, Owners: map[uint64]string{1: ""}},
		journal.Version{Commit: "c0", State: state})
	require.NoError(t, err)
	return id, doc
}

// edit inserts text at a place and answers what a client would send.
func edit(t testing.TB, doc *yjs.Doc, at int, text string) journal.Update {
	t.Helper()
	data, err := doc.Change(yjs.Edit{Pos: at, Insert: text})
	require.NoError(t, err)
	return journal.Update{Person: "dana", Data: data, At: noon}
}

func load(t testing.TB, j *journal.Journal, name string) *journal.Document {
	t.Helper()
	d, err := j.Load(ctx, name)
	require.NoError(t, err)
	return d
}

// text is what a loaded document says.
func text(t testing.TB, d *journal.Document) string {
	t.Helper()
	doc, err := yjs.Load(d.State, yjs.Options{})
	require.NoError(t, err)
	for _, u := range d.Updates {
		_, err := doc.Apply(u.Data)
		require.NoError(t, err)
	}
	return doc.Text()
}

func hash(text string) [32]byte { return sha256.Sum256([]byte(text)) }

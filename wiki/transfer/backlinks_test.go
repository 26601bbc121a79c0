package transfer_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/transfer"
)

// Links of imported pages lead, and lead back, as their source had them.
func TestBacklinksOfImportedPages(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "deal", "Offer"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "deal", "README.md"), []byte("# Start\n\nSee [the offer](Offer/The%20Price.md).\n"), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "deal", "Offer", "The Price.md"), []byte("# Price\n\n[Back](../README.md)\n"), 0o644))
	db, err := people.Open(filepath.Join(dir, "dealwiki.db"), people.Options{})
	require.NoError(t, err)
	defer db.Close()
	w, err := wiki.Open(ctx, wiki.Config{Dir: dir, People: db})
	require.NoError(t, err)
	defer w.Close()
	system := people.System("test")
	src, err := transfer.OpenSource(ctx, filepath.Join(dir, "deal"), transfer.SourceOptions{})
	require.NoError(t, err)
	defer src.Close()
	res, err := transfer.Import(ctx, w, system, src, transfer.ImportOptions{Prospect: "Deal"})
	require.NoError(t, err)
	sp, err := w.Space(ctx, system, res.Slug)
	require.NoError(t, err)
	for page, from := range map[string]string{"the-price": "Start", "readme": "Price"} {
		links, err := sp.Internal().Backlinks(ctx, system, wiki.Place{Section: wiki.Internal, Stage: wiki.StageAccount, Page: page})
		require.NoError(t, err)
		require.Len(t, links, 1, page)
		assert.Equal(t, from, links[0].Title)
	}
}

package brief_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki/brief"
)

// Notes of texts that a page has no longer are not kept.
func TestNotesOfOldTextsGo(t *testing.T) {
	d := newDesk(t)
	rows := func() (n int) {
		require.NoError(t, d.Wiki.Derived().QueryRowContext(t.Context(), `SELECT count(*) FROM page_notes`).Scan(&n))
		return n
	}
	d.edit(d.dana, "internal/account/overview", overview)
	d.brief(d.dana, "")
	before := rows()
	for range 5 {
		d.edit(d.dana, "internal/account/overview", overview+"\nOne more line.\n")
		d.edit(d.dana, "internal/account/overview", overview)
		d.brief(d.dana, "")
	}
	assert.Equal(t, before, rows())

	// What an earlier program and a deleted prospect have left goes at the start.
	_, err := d.Wiki.Derived().ExecContext(t.Context(), `CREATE TABLE brief_notes(x); INSERT INTO page_notes VALUES('gone/internal','x',1,'{}'), ('northwind/internal','y',-1,'{}')`)
	require.NoError(t, err)
	d.m = brief.New(d.Wiki, d.register)
	d.brief(d.dana, "")
	assert.Equal(t, before, rows())
	assert.Error(t, d.Wiki.Derived().QueryRowContext(t.Context(), `SELECT count(*) FROM brief_notes`).Err())
}

package web

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
)

// A guest hears that their comment was answered and that they were mentioned,
// until they have opened the page.
func TestGuestsHearWhatTheyAreAnswered(t *testing.T) {
	s := newSite(t)
	place := wiki.Place{Section: wiki.External, Stage: "closing", Page: "terms"}
	s.write("northwind", termsPage, "# Terms\n\nThirty days.\n")
	b, ingrid := s.guest("ingrid@northwind.example", people.GuestEditor, time.Time{})
	require.Equal(t, 200, b.get("/shared/northwind/terms").status)
	space, err := s.wiki.Space(t.Context(), s.as(s.dana), "northwind")
	require.NoError(t, err)
	side, err := space.Side(wiki.External)
	require.NoError(t, err)
	thread, err := side.StartThread(t.Context(), s.as(ingrid), place, wiki.NewThread{Text: "Working days?"})
	require.NoError(t, err)
	assert.NotContains(t, b.get("/shared/northwind/new").body, "answered your comment", "her own words are no news")
	time.Sleep(1100 * time.Millisecond) // comments are dated to the second
	_, err = side.Reply(t.Context(), s.as(s.dana), place, thread.ID, "Yes, working days.")
	require.NoError(t, err)
	_, err = side.StartThread(t.Context(), s.as(s.dana), place, wiki.NewThread{Text: "Who signs, @" + ingrid.Handle + "?"})
	require.NoError(t, err)

	news := b.get("/shared/northwind/new").body
	assert.Contains(t, news, "answered your comment on")
	assert.Contains(t, news, "mentioned you in a comment on")
	assert.Contains(t, news, "What is new: 2 things")
	assert.Contains(t, b.get("/shared/northwind").body, "answered your comment on")
	time.Sleep(1100 * time.Millisecond)
	b.get("/shared/northwind/terms")
	assert.NotContains(t, b.get("/shared/northwind/new").body, "your comment on")
}

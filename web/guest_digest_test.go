package web

import (
	"context"
	"database/sql"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki/people"
)

// Whoever may not come any more, to a space or at all, is mailed nothing of it;
// nobody is mailed of what their screens do not show.
func TestGuestsAreMailedWhatTheirScreensShow(t *testing.T) {
	s, center, out := mailed(t)
	ctx := t.Context()
	s.write("northwind", "external/closing/terms", "# Terms\n\nThirty days.\n")
	names := []string{"viewer", "editor", "revoked", "nobody"}
	guests := map[string]*browser{}
	ids := map[string]string{}
	for _, name := range names {
		role := people.GuestViewer
		if name == "editor" {
			role = people.GuestEditor
		}
		b, p := s.guest(name+"@northwind.example", role, time.Time{})
		guests[name], ids[name] = b, p.ID
		b.ok("/shared/northwind/terms")
		if name == "nobody" {
			continue
		}
		assert.Contains(t, b.ok("/shared/northwind/new"), "Mail it to me")
		require.Equal(t, http.StatusSeeOther, b.post("/shared/northwind/new", url.Values{"do": {"mail"}}).status)
		assert.Contains(t, b.ok("/shared/northwind/new"), "No more mail")
	}
	dana := s.signedIn(s.dana)
	assert.NotContains(t, dana.ok("/shared/northwind/new"), "Mail it to me", "staff have an inbox")
	assert.Equal(t, http.StatusNotFound, dana.post("/shared/northwind/new", url.Values{"do": {"mail"}}).status)
	s.write("northwind", "external/closing/terms", "# Terms\n\nSixty days.\n")
	s.write("northwind", "internal/closing/close-plan", "# Close plan\n\nHidden internal words.\n")
	s.write("secretco", "external/closing/agreement", "# Hidden agreement\n")
	require.NoError(t, s.people.RevokeGuest(ctx, s.as(s.dana), "northwind", ids["revoked"]))
	// Versions are dated to the second: what was before is put some seconds back.
	due := func(told string) {
		require.NoError(t, s.people.UpdateAttention(ctx, func(ctx context.Context, conn *sql.Conn) error {
			_, err := conn.ExecContext(ctx, `UPDATE guest_digests SET next=0, told=told`+told)
			if err == nil {
				_, err = conn.ExecContext(ctx, `UPDATE marks SET at=at-10000`)
			}
			return err
		}))
		require.NoError(t, center.Deliver(ctx))
	}
	due("-10000")
	to := map[string]string{}
	for _, m := range out.letters {
		var raw strings.Builder
		_, err := m.WriteTo(&raw)
		require.NoError(t, err)
		to[m.GetToString()[0]] = strings.ReplaceAll(raw.String(), "=\r\n", "")
	}
	require.Len(t, to, 2, "the viewer and the editor")
	for address, letter := range to {
		assert.Regexp(t, "(viewer|editor)@", address)
		assert.Contains(t, letter, "https://wiki.fairlead.example/shared/northwind/terms")
		assert.NotContains(t, letter, "idden")
		assert.NotContains(t, letter, "closing")
		assert.NotContains(t, letter, "dana@", "no address of staff")
	}
	due("+10000")
	assert.Len(t, out.letters, 2, "what was told is not told again")
	require.Equal(t, http.StatusSeeOther, guests["viewer"].post("/shared/northwind/new", url.Values{"do": {"no-mail"}}).status)
	s.write("northwind", "external/closing/terms", "# Terms\n\nNinety days.\n")
	due("-20000")
	assert.Len(t, out.letters, 3, "the editor alone")
}

package web

import (
	"encoding/csv"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki/people"
)

func TestAuditFilters(t *testing.T) {
	s := newSite(t)
	ada := s.signedIn(s.ada)
	s.signedIn(s.mara)
	require.NoError(t, s.people.Record(t.Context(), s.as(s.dana), people.Event{Action: "page.share", Object: "external/closing/terms", Prospect: "northwind", IP: "192.0.2.77"}))
	require.NoError(t, s.people.Record(t.Context(), s.as(s.dana), people.Event{Action: "page.odd-thing", Object: "=1+1", Detail: "100%_\\"}))

	page := ada.ok("/admin/audit")
	assert.Contains(t, page, "made external")
	assert.Contains(t, page, "signed in")
	for _, c := range []struct {
		query    string
		has, not string
	}{
		{"q=made+external", "192.0.2.77", "signed in ("},
		{"q=192.0.2.77", "made external", "signed in ("},
		{"q=mara+test", "signed in (", "made external"},
		{"q=%25_%5C", "odd thing", "made external"},
		{"who=" + s.mara.ID, "made an account", "made external"},
		{"action=page.", "odd thing", "made an account"},
		{"prospect=northwind", "gave access to", "odd thing"},
		{"only=access", "made external", "odd thing"},
		{"only=guests", "Nothing on record", "made external"},
		{"since=2020-01-01&until=2020-01-02", "Nothing on record", "made external"},
		{"since=2020-01-01", "made external", "Nothing on record"},
		{"action=page.&q=odd&prospect=", "odd thing", "made external"},
	} {
		page := ada.ok("/admin/audit?" + c.query)
		_, rows, ok := strings.Cut(page, `<div class="panel">`)
		require.True(t, ok)
		assert.Contains(t, rows, c.has, c.query)
		assert.NotContains(t, rows, c.not, c.query)
		assert.Contains(t, page, `href="/admin/audit"`, "a way back")
	}
	for _, bad := range []string{"since=yesterday", "until=2026-13-01", "only=everything", "before=0", "before=x", "q=" + strings.Repeat("x", 201)} {
		assert.Equal(t, http.StatusBadRequest, ada.get("/admin/audit?"+bad).status, bad)
		assert.Equal(t, http.StatusForbidden, s.signedIn(s.dana).get("/admin/audit.csv?"+bad).status, bad)
	}

	// Pages keep the filters.
	for i := range 2*auditPage + 10 {
		require.NoError(t, s.people.Record(t.Context(), s.as(s.dana), people.Event{Action: "page.share", Object: "external/closing/n" + strconv.Itoa(i), Prospect: "northwind"}))
	}
	seen := 0
	for at := "/admin/audit?action=page.share&prospect=northwind"; at != ""; {
		page := ada.ok(at)
		seen += strings.Count(page, `class="is-flagged"`)
		at = ""
		if _, after, ok := strings.Cut(page, `rel="next" href="`); ok && strings.Contains(page, "Older") {
			at, _, _ = strings.Cut(after, `"`)
			at = strings.ReplaceAll(at, "&amp;", "&")
		}
	}
	assert.Equal(t, 2*auditPage+11, seen)
}

func TestAuditExport(t *testing.T) {
	s := newSite(t)
	ada := s.signedIn(s.ada)
	require.NoError(t, s.people.Record(t.Context(), s.as(s.dana), people.Event{Action: "page.odd", Object: "=cmd()", Detail: "a,\"b\""}))
	for range auditExport + 5 {
		require.NoError(t, s.people.Record(t.Context(), s.as(s.dana), people.Event{Action: "page.share", Prospect: "northwind"}))
	}
	a := ada.get("/admin/audit.csv?" + url.Values{"action": {"page."}}.Encode())
	require.Equal(t, http.StatusOK, a.status)
	assert.Contains(t, a.header.Get("Content-Disposition"), "attachment")
	rows, err := csv.NewReader(strings.NewReader(a.body)).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 1+auditExport+6)
	last := rows[len(rows)-1]
	assert.Equal(t, "'=cmd()", last[7])
	assert.Equal(t, "Dana Test", last[3])
	assert.Equal(t, "a,\"b\"", last[11])
	assert.Contains(t, ada.ok("/admin/audit"), "exported the audit log (action=page.)", "it is on record itself")
	assert.Equal(t, http.StatusForbidden, s.signedIn(s.dana).get("/admin/audit.csv").status)
	assert.Equal(t, http.StatusSeeOther, s.browser().get("/admin/audit.csv").status)
}

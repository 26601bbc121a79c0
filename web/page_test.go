package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Every page that a signed-in administrator can open, by what must be on it.
func TestEveryPageIsDrawn(t *testing.T) {
	s := newSite(t)
	b := s.signedIn(s.ada)
	d := s.signedIn(s.dana)
	up := d.upload("/p/northwind/files/internal", "file", map[string]string{"stage": "closing"}, map[string][]byte{"prices.csv": []byte("Item,Price\nRail,100\n")})
	require.Equal(t, http.StatusSeeOther, up.status, up.body)
	version := head(t, s, "internal/closing/close-plan")
	s.write("northwind", "internal/closing/close-plan", strings.Replace(closePlan, "ink", "wet ink", 1))
	for _, tt := range []struct{ path, want string }{
		{"/", "Northwind Rail"},
		{"/?view=table", "Northwind Rail"},
		{"/new", "Name of the prospect"},
		{"/search", "You can narrow a search"},
		{"/people", "Dana Test"},
		{"/people/dana", "@dana"},
		{"/playbook", "Prospecting"},
		{"/playbook/funnel", "Begin with a ready-made one"},
		{"/playbook/funnel/text", "funnel.yaml"},
		{"/p/northwind", "Close plan"},
		{"/p/northwind/changes", "close-plan"},
		{"/p/northwind/new", "New page"},
		{"/p/northwind/settings", "People with access"},
		{"/p/northwind/files", "prices.csv"},
		{"/p/northwind/files/internal/closing/prices.csv", "<td class=\"num\">100</td>"},
		{"/p/northwind/files/internal/closing/prices.csv/delete", "Delete prices.csv?"},
		{"/p/northwind/internal/closing/close-plan", "fact-commitment"},
		{"/p/northwind/internal/closing/close-plan?edit", "- [ ] Send the redlines"},
		{"/p/northwind/internal/closing/close-plan?at=" + version.String(), "This is not the current text"},
		{"/p/northwind/internal/closing/close-plan/history", "Compare chosen versions"},
		{"/p/northwind/internal/closing/close-plan/compare", "<ins>"},
		{"/p/northwind/internal/closing/close-plan/compare?view=source", "diff-table"},
		{"/p/northwind/internal/closing/close-plan/blame", "Dana Test"},
		{"/p/northwind/internal/closing/close-plan/move", "Move or rename"},
		{"/p/northwind/internal/closing/close-plan/delete", "Delete Close plan?"},
		{"/p/northwind/external/closing/terms", "Written for Northwind Rail."},
		{"/p/northwind/internal/closing/brand-new?edit", "Create page"},
		{"/p/playbook/internal/account/ideal-customer-profile", ""},
		{"/p/playbook/changes", "Changes"},
		{"/settings", "Where you are signed in"},
		{"/admin/people", "Add a colleague"},
		{"/admin/audit", "Entries are only ever added"},
		{"/admin/import", "Bundle or zip"},
	} {
		t.Run(tt.path, func(t *testing.T) {
			who := b
			if strings.HasPrefix(tt.path, "/p/northwind") {
				who = d
			}
			a := who.get(tt.path)
			require.Equal(t, http.StatusOK, a.status, a.body)
			assert.Contains(t, a.body, tt.want)
			assert.NotContains(t, a.body, "xyzzy")
			assert.NotContains(t, a.body, "<no value>")
			assert.NotContains(t, a.body, "ZgotmplZ")
		})
	}
}

func TestPagesOfNobody(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	a := b.get("/p/northwind/internal/closing/close-plan?edit")
	assert.Equal(t, http.StatusSeeOther, a.status)
	assert.Equal(t, "/sign-in?next="+url.QueryEscape("/p/northwind/internal/closing/close-plan?edit"), a.location())
	assert.Equal(t, http.StatusOK, b.get("/sign-in").status)
	assert.Equal(t, http.StatusUnauthorized, b.post("/p/northwind/internal/closing/close-plan", url.Values{"text": {"x"}}).status)
	assert.Equal(t, http.StatusNotFound, b.get("/no/such/page").status)
	assert.Equal(t, "ok\n", b.ok("/-/healthz"))
	assert.Equal(t, "ready\n", b.ok("/-/readyz"))
	assert.Contains(t, b.ok("/robots.txt"), "Disallow: /")
}

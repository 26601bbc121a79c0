package web

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki"
	"dealwiki/wiki/credit"
	"dealwiki/wiki/people"
)

func TestAskLeavesAQuestionOnAPage(t *testing.T) {
	s := newSite(t)
	dana := s.signedIn(s.dana)
	page := dana.get("/people/" + s.mara.Handle)
	assert.Contains(t, page.body, "Ask Mara Test")
	assert.Contains(t, page.body, `value="northwind"`)
	assert.NotContains(t, page.body, `value="secretco"`, "Mara could not read the question there")

	ask := "/people/" + s.mara.Handle + "/ask"
	a := dana.post(ask, url.Values{"prospect": {"northwind"}, "page": {""}, "text": {"Can the planner run offline?\nThey ask for a week."}})
	require.Equal(t, http.StatusSeeOther, a.status, a.body)
	assert.Equal(t, "/p/northwind/internal/account/questions", a.header.Get("Location"))
	text := string(s.read("northwind", "internal/account/questions").Text)
	assert.Regexp(t, `^# Questions\n\n> \[!question\] Can the planner run offline\? @`+s.mara.Handle+` \^q-\w+\n> They ask for a week\.\n$`, text)
	assert.Equal(t, http.StatusSeeOther, dana.post(ask, url.Values{"prospect": {"northwind"}, "page": {"internal/closing/close-plan"}, "text": {"When?"}}).status)

	for _, wrong := range []url.Values{
		{"prospect": {"northwind"}, "page": {""}, "text": {" \n "}},
		{"prospect": {"secretco"}, "page": {""}, "text": {"Do you know?"}},
	} {
		a := dana.post(ask, wrong)
		assert.Equal(t, http.StatusUnprocessableEntity, a.status)
		assert.Contains(t, a.body, "field-error")
	}
	assert.Equal(t, http.StatusNotFound, s.signedIn(s.mara).post("/people/"+s.dana.Handle+"/ask", url.Values{"prospect": {"secretco"}, "page": {""}, "text": {"?x"}}).status)
	assert.Equal(t, http.StatusForbidden, s.signedIn(s.vera).post(ask, url.Values{"prospect": {"northwind"}, "page": {""}, "text": {"May I?"}}).status)
}

func TestCreditLedger(t *testing.T) {
	s := newSite(t)
	ctx := t.Context()
	s.write("northwind", "internal/account/questions", "# Questions\n\n> [!question] Who signs? @mara ^q-1111\n")
	sp, err := s.wiki.Space(ctx, s.as(s.mara), "northwind")
	require.NoError(t, err)
	page := s.read("northwind", "internal/account/questions")
	_, err = sp.Internal().Edit(ctx, s.as(s.mara), wiki.Edit{Place: page.Place, Base: page.Version, Text: []byte("# Questions\n\n> [!question] Who signs? @mara status:answered ^q-1111\n> The chief financial officer alone.\n")})
	require.NoError(t, err)

	mara := s.signedIn(s.mara)
	for _, at := range []string{"/p/northwind/people", "/people/credit"} {
		page := mara.get(at)
		require.Equal(t, http.StatusOK, page.status, page.body)
		assert.Contains(t, page.body, "<strong>1</strong> question answered", at)
		assert.Contains(t, page.body, "/p/northwind/internal/account/questions#q-1111", at)
		assert.NotContains(t, page.body, "Hidden overview")
	}
	assert.Equal(t, http.StatusNotFound, mara.get("/p/secretco/people").status)
	assert.Contains(t, s.signedIn(s.dana).get("/people/credit").body, "Hidden overview")
	table := mara.get("/people/credit?format=csv")
	assert.Contains(t, table.header.Get("Content-Type"), "text/csv")
	assert.Contains(t, table.body, "question answered,others,northwind,,1,Who signs?")

	ledger, err := s.web.credit.All(ctx, s.as(s.mara))
	require.NoError(t, err)
	assert.Equal(t, s.mara.ID, ledger.Rows[0].ID, "help comes before words")
	assert.Equal(t, 1, ledger.Rows[0].Help.Count())
	again, err := s.web.credit.All(ctx, s.as(s.mara))
	require.NoError(t, err)
	assert.Equal(t, ledger, again, "what is kept says the same")
	_, err = s.web.credit.All(ctx, people.Caller{Person: people.Person{ID: "g", Guest: true}, Scopes: people.AllScopes})
	assert.ErrorIs(t, err, people.ErrForbidden)
}

func TestWhoKnows(t *testing.T) {
	s := newSite(t)
	s.write("northwind", "internal/closing/penalties", "# Penalties\n\nThe penalty cap is ten per cent.\n")
	s.write("secretco", "internal/account/penalties", "# Penalties\n\nThe penalty cap zanzibar is secret.\n")
	require.Eventually(t, func() bool {
		return len(knowers(t, s, s.dana, "penalty")) > 0 && len(knowers(t, s, s.dana, "zanzibar")) > 0
	}, 20*time.Second, 50*time.Millisecond)
	known := knowers(t, s, s.mara, "penalty")
	require.Len(t, known, 1)
	assert.Equal(t, s.dana.Handle, known[0].Person.Handle)
	for _, p := range known[0].Pages {
		assert.Equal(t, "northwind", p.Prospect, "what she may not see counts for nothing")
	}
	assert.Empty(t, knowers(t, s, s.mara, "zanzibar"))

	skills := "Contract law, liability"
	_, err := s.people.Update(t.Context(), s.as(s.vera), s.vera.ID, people.Patch{Skills: &skills})
	require.NoError(t, err)
	known = knowers(t, s, s.mara, "liabilities")
	require.Len(t, known, 1)
	assert.True(t, known[0].Skills)
	assert.Equal(t, s.vera.Handle, known[0].Person.Handle)
	page := s.signedIn(s.mara).get("/people?q=liability").body
	assert.Contains(t, page, "Who knows about “liability”")
	assert.Contains(t, page, "/people/"+s.vera.Handle+"#ask")
	assert.Contains(t, s.signedIn(s.mara).get("/people?q=penalty").body, "/people/"+s.dana.Handle+"?page=internal%2Fclosing%2Fpenalties&amp;prospect=northwind#ask")
	assert.Contains(t, s.signedIn(s.mara).get("/search?q=penalty").body, "Who knows")
}

func knowers(t *testing.T, s *site, p people.Person, q string) []struct {
	Person APIPerson
	credit.Knower
} {
	t.Helper()
	type knower = struct {
		Person APIPerson
		credit.Knower
	}
	return decode[struct{ Items []knower }](t, s.program(p, people.Read).call("GET", "/search/people?q="+url.QueryEscape(q), "")).Items
}

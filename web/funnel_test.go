package web

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/playbook"
)

func TestReadyMadeFunnels(t *testing.T) {
	for name, stages := range map[string]int{"eight": 8, "six": 6, "four": 4} {
		text, err := playbook.Funnel(name)
		require.NoError(t, err)
		f, err := wiki.ParseFunnel(text)
		require.NoError(t, err, name)
		assert.Len(t, f.Stages, stages, name)
	}
	s := newSite(t)
	b := s.signedIn(s.ada)
	assert.Contains(t, b.ok("/playbook/funnel/text?start=four"), "Four steps, for short sales")
	assert.Equal(t, http.StatusNotFound, b.get("/playbook/funnel?start=none").status)
}

func TestAStageWithProspectsGoes(t *testing.T) {
	s := newSite(t)
	b := s.signedIn(s.ada)
	four, err := playbook.Funnel("four")
	require.NoError(t, err)
	a := b.post("/playbook/funnel/text", url.Values{"text": {string(four)}})
	require.Equal(t, http.StatusConflict, a.status, a.body)
	assert.Contains(t, a.body, "From Prospecting to")
	assert.Contains(t, a.body, "and 1 you cannot see", "a restricted one is not named")
	assert.NotContains(t, a.body, "Secret Co")
	a = b.post("/playbook/funnel/text", url.Values{"text": {string(four)}, "move-prospecting": {"nowhere"}})
	assert.Equal(t, http.StatusUnprocessableEntity, a.status)
	a = b.post("/playbook/funnel/text", url.Values{"text": {string(four)}, "move-prospecting": {"qualifying"}})
	require.Equal(t, http.StatusSeeOther, a.status, a.body)
	e, err := s.wiki.Prospect(t.Context(), s.as(s.dana), "secretco")
	require.NoError(t, err)
	assert.Equal(t, "qualifying", e.Stage)
}

// However the funnel came to lose the stage of a deal, the deal is still seen and
// can be handed on.
func TestDealsInNoStageAreShown(t *testing.T) {
	s := newSite(t)
	sp, err := s.wiki.Space(t.Context(), s.as(s.ada), wiki.Playbook)
	require.NoError(t, err)
	_, err = sp.Transact(t.Context(), s.as(s.ada), people.Editor, func(tx *wiki.Transaction) (string, error) {
		text, err := tx.Read("funnel.yaml")
		if err != nil {
			return "", err
		}
		return "Change the funnel", tx.Write("funnel.yaml", []byte(strings.Replace(string(text), "key: closing", "key: signing", 1)))
	})
	require.NoError(t, err)
	dana := s.signedIn(s.dana)
	board := dana.ok("/")
	assert.Contains(t, board, `aria-label="In no stage"`)
	assert.Contains(t, board, `data-move="/p/northwind/handoff"`)
	assert.Contains(t, dana.ok("/?view=table"), "In no stage (closing)")
	assert.Contains(t, dana.ok("/pipeline"), "In no stage")
	assert.Contains(t, s.program(s.dana, people.Read).call("GET", "/pipeline", "").body, `"title":"In no stage"`)
	dana.ok("/p/northwind")
	dana.ok("/p/northwind/brief")
	form := dana.ok("/p/northwind/handoff?to=signing")
	assert.Contains(t, form, "Hand Northwind Rail to")
	a := dana.post("/p/northwind/handoff", url.Values{"from": {"closing"}, "to": {"signing"}, "last": {"0"}, "do": {"alone"}})
	require.Equal(t, http.StatusSeeOther, a.status, a.body)
	assert.NotContains(t, dana.ok("/"), "In no stage")
}

// A deal that sleeps stands on the nurturing list, and the board says how many do.
func TestSleepingDealsAreNotOnTheBoard(t *testing.T) {
	s := newSite(t)
	dana := s.signedIn(s.dana)
	assert.Contains(t, dana.ok("/"), "Northwind Rail")
	a := dana.post("/p/northwind/handoff", url.Values{"from": {"closing"}, "to": {"nurture"}, "last": {"0"}, "receiver": {s.dana.ID}, "note": {"No budget this year"}, "wake": {"2190-01-01"}})
	require.Equal(t, http.StatusSeeOther, a.status, a.body)
	for _, address := range []string{"/", "/?view=table"} {
		board := dana.ok(address)
		assert.NotContains(t, board, `data-deal="Northwind Rail`, address)
		assert.Contains(t, board, `Nurturing <span class="count">1<span class="visually-hidden"> asleep</span></span>`, address)
	}
	assert.Contains(t, dana.ok("/nurturing"), "Northwind Rail")
}

var (
	inputs    = regexp.MustCompile(`<input[^>]*>`)
	areas     = regexp.MustCompile(`(?s)<textarea[^>]* name="([^"]*)"[^>]*>(.*?)</textarea>`)
	selects   = regexp.MustCompile(`(?s)<select[^>]* name="([^"]*)"[^>]*>(.*?)</select>`)
	taken     = regexp.MustCompile(`<option value="([^"]*)" selected>`)
	inputName = regexp.MustCompile(` name="([^"]*)"`)
	inputWith = regexp.MustCompile(` value="([^"]*)"`)
)

// funnelFields reads the fields of the funnel's form as a browser would post them.
func funnelFields(t *testing.T, body string) url.Values {
	t.Helper()
	_, body, ok := strings.Cut(body, `action="/playbook/funnel"`)
	require.True(t, ok)
	body, _, _ = strings.Cut(body, "</form>")
	out := url.Values{}
	for _, in := range inputs.FindAllString(body, -1) {
		name, value := inputName.FindStringSubmatch(in), inputWith.FindStringSubmatch(in)
		if name == nil || strings.Contains(in, `type="checkbox"`) && !strings.Contains(in, " checked") {
			continue
		}
		out.Set(name[1], "")
		if value != nil {
			out.Set(name[1], html.UnescapeString(value[1]))
		}
	}
	for _, m := range areas.FindAllStringSubmatch(body, -1) {
		out.Set(m[1], strings.ReplaceAll(html.UnescapeString(m[2]), "\n", "\r\n"))
	}
	for _, m := range selects.FindAllStringSubmatch(body, -1) {
		out.Set(m[1], "")
		if v := taken.FindStringSubmatch(m[2]); v != nil {
			out.Set(m[1], v[1])
		}
	}
	return out
}

func TestFunnelIsEditedByStages(t *testing.T) {
	s := newSite(t)
	b := s.signedIn(s.ada)
	before, err := s.wiki.Funnel(t.Context())
	require.NoError(t, err)

	form := funnelFields(t, b.ok("/playbook/funnel"))
	require.Equal(t, http.StatusSeeOther, b.post("/playbook/funnel", form).status)
	same, err := s.wiki.Funnel(t.Context())
	require.NoError(t, err)
	require.Len(t, same.Stages, len(before.Stages))
	for i := range before.Stages {
		was, is := before.Stages[i], same.Stages[i]
		if len(was.Warn) == 0 {
			was.Warn, is.Warn = nil, nil
		}
		assert.Equal(t, was, is, "saved as it was")
	}
	assert.Equal(t, before.Account, same.Account)
	text, err := s.wiki.FunnelText(t.Context(), s.as(s.ada))
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(string(text), "# The funnel"), "the comment at the top stays")

	form = funnelFields(t, b.ok("/playbook/funnel"))
	form.Set("target", "1 200 000")
	form.Set("currency", "usd")
	form.Set("s1-days", "31")
	form.Set("s1-warn-delivery", "yes")
	form.Set("s1-exit", "Reworded ^project-and-budget\r\n\r\nThey have named a day\r\nThey have named a day")
	form.Set("s1-task0-text", "")
	form.Set("s1-task3-text", "Call <them>")
	form.Set("s1-task3-due", "2")
	form.Set("do", "save")
	a := b.post("/playbook/funnel", form)
	require.Equal(t, http.StatusSeeOther, a.status, a.body)
	f, err := s.wiki.Funnel(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 1200000., f.Target)
	assert.Equal(t, "USD", f.Currency)
	st := f.Stages[1]
	assert.Equal(t, 31, st.TypicalDays)
	assert.Equal(t, []string{"delivery"}, st.Warn)
	assert.Equal(t, []wiki.Criterion{{ID: "project-and-budget", Text: "Reworded"}, {ID: "they-have-named-a-day", Text: "They have named a day"}, {ID: "they-have-named-a-day-2", Text: "They have named a day"}}, st.Exit)
	require.Len(t, st.Tasks, 3)
	assert.Equal(t, wiki.EntryTask{Text: "Call <them>", Due: 2}, st.Tasks[2])

	a = b.post("/playbook/funnel", form)
	assert.Equal(t, http.StatusConflict, a.status)
	assert.Contains(t, a.body, "Somebody changed the funnel")
}

func TestFunnelFormIsShownAgain(t *testing.T) {
	s := newSite(t)
	b := s.signedIn(s.ada)
	form := funnelFields(t, b.ok("/playbook/funnel"))
	do := func(what string) {
		t.Helper()
		form.Set("do", what)
		a := b.post("/playbook/funnel", form)
		require.Equal(t, http.StatusOK, a.status, a.body)
		form = funnelFields(t, a.body)
	}
	do("down-0")
	assert.Equal(t, "qualifying", form.Get("s0-key"))
	assert.Equal(t, "prospecting", form.Get("s1-key"))
	do("up-1")
	assert.Equal(t, "prospecting", form.Get("s0-key"))
	do("remove-7")
	assert.Equal(t, "7", form.Get("stages"))
	do("add")
	form.Set("s7-title", "Looking back")
	do("rows-7")
	assert.Equal(t, "Looking back", form.Get("s7-title"))
	form.Set("do", "sideways-1")
	assert.Equal(t, http.StatusBadRequest, b.post("/playbook/funnel", form).status)

	form.Set("do", "save")
	form.Set("s2-days", "soon")
	form.Set("s3-exit", "One ^same\nTwo ^same")
	form.Set("period", "0")
	a := b.post("/playbook/funnel", form)
	require.Equal(t, http.StatusUnprocessableEntity, a.status)
	assert.Contains(t, a.body, "stage 3 (")
	assert.Contains(t, a.body, "Give a number of days from 0 to 3650.")
	assert.Contains(t, a.body, "^same stands on two lines")
	form.Set("s2-days", "5")
	form.Set("s3-exit", "One ^same")
	form.Set("period", "30")
	form.Set("s4-key", "Not A Key")
	a = b.post("/playbook/funnel", form)
	require.Equal(t, http.StatusUnprocessableEntity, a.status)
	assert.Contains(t, a.body, "stage 5")
	form.Set("s4-key", "")
	a = b.post("/playbook/funnel", form)
	require.Equal(t, http.StatusSeeOther, a.status, a.body)
	f, err := s.wiki.Funnel(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "looking-back", f.Stages[7].Key)
}

func TestProspectsFollowARenamedStage(t *testing.T) {
	s := newSite(t)
	b := s.signedIn(s.ada)
	was, err := s.wiki.Prospect(t.Context(), s.as(s.dana), "secretco")
	require.NoError(t, err)
	form := funnelFields(t, b.ok("/playbook/funnel"))
	form.Set("s0-key", "qualifying")
	form.Set("s1-key", "prospecting")
	a := b.post("/playbook/funnel", form)
	require.Equal(t, http.StatusUnprocessableEntity, a.status)
	assert.Contains(t, a.body, "Another stage had this key until now")

	form.Set("s0-key", "hunting")
	form.Set("s1-key", "qualifying")
	a = b.post("/playbook/funnel", form)
	require.Equal(t, http.StatusSeeOther, a.status, a.body)
	e, err := s.wiki.Prospect(t.Context(), s.as(s.dana), "secretco")
	require.NoError(t, err)
	assert.Equal(t, "hunting", e.Stage)
	assert.Equal(t, was.Since, e.Since, "its days count on")

	form = funnelFields(t, b.ok("/playbook/funnel"))
	form.Set("do", "remove-0")
	form = funnelFields(t, b.post("/playbook/funnel", form).body)
	form.Del("do")
	a = b.post("/playbook/funnel", form)
	require.Equal(t, http.StatusConflict, a.status)
	assert.Contains(t, a.body, "and 1 you cannot see")
	form.Set("move-hunting", "qualifying")
	require.Equal(t, http.StatusSeeOther, b.post("/playbook/funnel", form).status)
	e, err = s.wiki.Prospect(t.Context(), s.as(s.dana), "secretco")
	require.NoError(t, err)
	assert.Equal(t, "qualifying", e.Stage)
}

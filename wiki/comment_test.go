package wiki_test

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

const surveyPage = `# Rollout

Depots go live one after another.

## What Northwind prepares

- [x] Maximo export account
- [ ] Tablet Wi-Fi survey in Lillestrand hall 2
- [ ] Name one planner per depot

## What Fairlead prepares

- [ ] Tablet Wi-Fi survey for the office
`

// talk is a page to comment on.
type talk struct {
	*site
	ctx  context.Context
	sp   *wiki.Space
	side *wiki.Side
	at   wiki.Place
	last repo.Hash
}

func newTalk(t *testing.T, text string) *talk {
	s := newSite(t)
	k := &talk{site: s, ctx: context.Background(), sp: s.prospect("Northwind"), at: place("external/closing/rollout")}
	k.side = s.side(k.sp, wiki.External)
	k.write(text)
	return k
}

func (k *talk) write(text string) {
	e, err := k.side.Edit(k.ctx, k.dana, wiki.Edit{Place: k.at, Text: []byte(text), Base: k.last})
	require.NoError(k.t, err)
	k.last = e.Version
}

func (k *talk) start(n wiki.NewThread) *wiki.Thread {
	if n.Text == "" {
		n.Text = "Can we use the 2024 survey?"
	}
	th, err := k.side.StartThread(k.ctx, k.tom, k.at, n)
	require.NoError(k.t, err)
	return th
}

func (k *talk) all() []wiki.Thread {
	all, err := k.side.Comments(k.ctx, k.dana, k.at)
	require.NoError(k.t, err)
	return all
}

func (k *talk) only() wiki.Thread {
	all := k.all()
	require.Len(k.t, all, 1)
	return all[0]
}

func (k *talk) text() string {
	p, err := k.side.Read(k.ctx, k.dana, k.at)
	require.NoError(k.t, err)
	return string(p.Text)
}

// file is the comments as a clone has them.
func (k *talk) file() string {
	out, err := exec.Command("git", "-C", filepath.Join(k.dir, "spaces/northwind/external.git"), "show", "main:"+strings.TrimSuffix(k.at.Path(), ".md")+".comments.yaml").Output()
	require.NoError(k.t, err)
	return string(out)
}

func TestCommentThread(t *testing.T) {
	k := newTalk(t, surveyPage)
	th := k.start(wiki.NewThread{Quote: "Tablet Wi-Fi survey", After: " in Lillestrand", Text: "Can **we** use the 2024 survey, @dana?\n\nHall 2 has not changed."})
	assert.Equal(t, "Tablet Wi-Fi survey", th.Quote)
	assert.Equal(t, "What Northwind prepares", th.Heading)
	assert.Equal(t, 8, th.Line)
	assert.Equal(t, "Tablet Wi-Fi survey", k.text()[th.Start:th.End])
	assert.Equal(t, k.last, th.Version)
	assert.Equal(t, []string{"dana"}, th.Comments[0].Mentions())
	assert.Equal(t, k.tom.Person.ID, th.Comments[0].By)
	assert.True(t, strings.HasPrefix(th.After, " in Lillestrand hall 2"))

	th, err := k.side.Reply(k.ctx, k.dana, k.at, th.ID, "No.\r\nNew steel doors.  ")
	require.NoError(t, err)
	require.Len(t, th.Comments, 2)
	assert.Equal(t, "No.\nNew steel doors.", th.Comments[1].Text)
	assert.Equal(t, "Dana Reyes", th.Comments[1].Name)

	_, err = k.side.EditComment(k.ctx, k.dana, k.at, th.Comments[0].ID, "not mine")
	require.ErrorIs(t, err, people.ErrForbidden)
	_, err = k.side.EditComment(k.ctx, k.admin, k.at, th.Comments[0].ID, "not mine either")
	require.ErrorIs(t, err, people.ErrForbidden, "nobody puts words into another's mouth")
	th, err = k.side.EditComment(k.ctx, k.tom, k.at, th.Comments[0].ID, "Can we, @dana and @ada?")
	require.NoError(t, err)
	assert.Equal(t, []string{"dana", "ada"}, th.Comments[0].Mentions())
	assert.False(t, th.Comments[0].Edited.IsZero())

	th, err = k.side.Resolve(k.ctx, k.dana, k.at, th.ID, true)
	require.NoError(t, err)
	assert.Equal(t, &wiki.Resolution{By: k.dana.Person.ID, Name: "Dana Reyes", At: k.clock}, th.Resolved)
	_, err = k.side.Resolve(k.ctx, k.tom, k.at, th.ID, true)
	require.NoError(t, err, "resolving twice is done already")
	th, err = k.side.Resolve(k.ctx, k.tom, k.at, th.ID, false)
	require.NoError(t, err)
	assert.True(t, th.Open())

	_, err = k.side.DeleteComment(k.ctx, k.tom, k.at, th.Comments[1].ID)
	require.ErrorIs(t, err, people.ErrForbidden)
	th, err = k.side.DeleteComment(k.ctx, k.dana, k.at, th.Comments[0].ID)
	require.NoError(t, err, "the owner may remove what others said")
	require.Len(t, th.Comments, 1)
	th, err = k.side.DeleteComment(k.ctx, k.dana, k.at, th.Comments[0].ID)
	require.NoError(t, err)
	assert.Nil(t, th)
	assert.Empty(t, k.all())
	has, err := k.side.HasComments(k.ctx, k.dana, k.at)
	require.NoError(t, err)
	assert.False(t, has, "the last comment takes the file along")

	versions, err := k.side.History(k.ctx, k.dana, k.at, 10, repo.Hash{})
	require.NoError(t, err)
	assert.Len(t, versions, 1, "comments are no versions of the page")
}

func TestCommentsInAClone(t *testing.T) {
	k := newTalk(t, surveyPage)
	th := k.start(wiki.NewThread{Line: 8, Text: "First line\n  indented: yes\n\n# not a heading of YAML\n- \"quotes\" & 🚚\tdone"})
	want := fmt.Sprintf(`# Comments on the page of the same name. Each thread names the words that it is about.
threads:
  - id: %s
    about:
      quote: "Tablet Wi-Fi survey in Lillestrand hall 2"
      before: "ind prepares\n\n- [x] Maximo export account\n- [ ] "
      after: "\n- [ ] Name one planner per depot\n\n## What Fairl"
      heading: What Northwind prepares
      version: %s
      line: 8
      bytes: [%d, %d]
    comments:
      - id: %s
        by: %s
        name: Tom Okafor
        at: 2026-11-12T09:00:00Z
        text: "First line\n  indented: yes\n\n# not a heading of YAML\n- \"quotes\" & \U0001F69A\tdone"
`, th.ID, k.last, th.Start, th.End, th.Comments[0].ID, k.tom.Person.ID)
	assert.Equal(t, want, k.file())
	_, err := k.side.Reply(k.ctx, k.dana, k.at, th.ID, "Yes.\n\n> a: b\n")
	require.NoError(t, err)
	assert.Contains(t, k.file(), "        text: |-\n          Yes.\n\n          > a: b\n")
	out, err := exec.Command("git", "-C", filepath.Join(k.dir, "spaces/northwind/external.git"), "log", "-2", "--format=%an <%ae> %s", "main").Output()
	require.NoError(t, err)
	assert.Equal(t, fmt.Sprintf("Dana Reyes <%s@users.invalid> Reply to a comment on Rollout\nTom Okafor <%s@users.invalid> Comment on Rollout\n", k.dana.Person.ID, k.tom.Person.ID), string(out))
}

// TestCommentFollowsItsText changes a page under a thread.
func TestCommentFollowsItsText(t *testing.T) {
	replace := func(pairs ...string) func(string) string { return strings.NewReplacer(pairs...).Replace }
	const first, second = "Tablet Wi-Fi survey", "Name one planner per depot"
	for name, c := range map[string]struct {
		page  string // "" is the survey page
		about wiki.NewThread
		edits []func(string) string
		want  string // the words now; "" is gone
		line  int
	}{
		"untouched":       {about: wiki.NewThread{Quote: first}, want: first, line: 8},
		"text above":      {about: wiki.NewThread{Quote: first}, edits: []func(string) string{replace("Depots go", "One.\n\nTwo.\n\nDepots go")}, want: first, line: 12},
		"same line":       {about: wiki.NewThread{Quote: first}, edits: []func(string) string{replace("- [ ] Tablet Wi-Fi survey in Lillestrand", "- [x] The Tablet Wi-Fi survey at Lillestrand")}, want: first, line: 8},
		"within":          {about: wiki.NewThread{Quote: first}, edits: []func(string) string{replace("Tablet Wi-Fi survey in", "Tablet and phone Wi-Fi survey in")}, want: "Tablet and phone Wi-Fi survey", line: 8},
		"half of it":      {about: wiki.NewThread{Quote: first}, edits: []func(string) string{replace("Tablet Wi-Fi survey in", "survey in")}, want: "survey", line: 8},
		"deleted":         {about: wiki.NewThread{Quote: second}, edits: []func(string) string{replace("- [ ] Name one planner per depot\n", "")}},
		"replaced":        {about: wiki.NewThread{Quote: second}, edits: []func(string) string{replace("Name one planner per depot", "Train everybody")}},
		"first of twins":  {about: wiki.NewThread{Quote: first, After: " in Lillestrand"}, edits: []func(string) string{replace("- [x] Maximo", "- [ ] New\n- [x] Maximo")}, want: first, line: 9},
		"second of twins": {about: wiki.NewThread{Quote: first, After: " for the office"}, want: first, line: 13},
		"by line, twins":  {about: wiki.NewThread{Quote: first, Line: 12}, want: first, line: 13},
		"a twin deleted, not taken for the other": {about: wiki.NewThread{Quote: first, After: " in Lillestrand"},
			edits: []func(string) string{replace("- [ ] Tablet Wi-Fi survey in Lillestrand hall 2\n", "")}},
		"the other twin deleted": {about: wiki.NewThread{Quote: first, After: " for the office"},
			edits: []func(string) string{replace("- [ ] Tablet Wi-Fi survey in Lillestrand hall 2\n", "")}, want: first, line: 12},
		"moved down": {about: wiki.NewThread{Quote: second}, edits: []func(string) string{
			replace("- [ ] Name one planner per depot\n", "", "for the office\n", "for the office\n- [ ] Name one planner per depot\n")}, want: second, line: 13},
		"deleted and back": {about: wiki.NewThread{Quote: second}, edits: []func(string) string{
			replace("- [ ] Name one planner per depot\n", ""), replace("hall 2\n", "hall 2\n- [ ] Name one planner per depot\n")}, want: second, line: 9},
		"many edits": {about: wiki.NewThread{Quote: second}, edits: []func(string) string{
			replace("# Rollout", "# Rollout\n\nMore."), replace("per depot", "at every depot"), replace("one after another", "soon"), replace("planner", "senior planner")},
			want: "Name one senior planner at every depot", line: 11},
		"everything else rewritten": {about: wiki.NewThread{Quote: second}, edits: []func(string) string{func(string) string { return "Intro\n\n" + second + "\n" }}, want: second, line: 3},
		"page emptied":              {about: wiki.NewThread{Quote: second}, edits: []func(string) string{func(string) string { return "" }}},
		"to CRLF":                   {about: wiki.NewThread{Quote: second}, edits: []func(string) string{func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }}, want: second, line: 9},
		"over lines":                {about: wiki.NewThread{Quote: "hall 2\n- [ ] Name one"}, edits: []func(string) string{replace("Depots", "All depots")}, want: "hall 2\n- [ ] Name one", line: 8},
		"over lines, to CRLF": {about: wiki.NewThread{Quote: "hall 2\n- [ ] Name one"},
			edits: []func(string) string{func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }}, want: "hall 2\r\n- [ ] Name one", line: 8},
		"wrapped anew": {page: "# P\n\nThe depots all go live in the spring of next year.\n", about: wiki.NewThread{Quote: "live in the spring"},
			edits: []func(string) string{replace("live in the", "live\nin the")}, want: "live\nin the spring", line: 3},
		"as it reads": {page: "# P\n\nThe **depots** all [go live](https://example.com/a) in *spring*.\n", about: wiki.NewThread{Quote: "depots all go live in spring."},
			edits: []func(string) string{replace("# P", "# P\n\nX")}, want: "depots** all [go live](https://example.com/a) in *spring", line: 5},
		"over a link whose title is drawn": {page: "# P\n\nSigned before the [[closing/close-plan]] is agreed by both of us.\n",
			about: wiki.NewThread{Quote: "Signed before the Close plan for 2027 is agreed by both"}, want: "Signed before the [[closing/close-plan]] is agreed by both", line: 3},
		"other letters": {page: "# P\n\nВнедрение начнётся весной 🚂 в депо.\n\n导入从春天开始。\n", about: wiki.NewThread{Quote: "весной 🚂"},
			edits: []func(string) string{replace("начнётся", "наверное начнётся")}, want: "весной 🚂", line: 3},
		"no spaces": {page: "# P\n\n导入从春天开始。\n", about: wiki.NewThread{Quote: "春天"}, edits: []func(string) string{replace("导入", "系统导入")}, want: "春天", line: 3},
	} {
		t.Run(name, func(t *testing.T) {
			k := newTalk(t, first0(c.page, surveyPage))
			k.start(c.about)
			for _, edit := range c.edits {
				k.write(edit(k.text()))
			}
			th := k.only()
			if c.want == "" {
				assert.True(t, th.Gone, "found %q on line %d", th.Now, th.Line)
				assert.Zero(t, th.Line)
				assert.NotEmpty(t, th.Quote)
				return
			}
			require.False(t, th.Gone)
			assert.Equal(t, strings.Trim(c.want, "*."), strings.Trim(k.text()[th.Start:th.End], "*."))
			assert.Equal(t, c.line, th.Line)
		})
	}
}

func first0(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func TestCommentsGoWithTheirPage(t *testing.T) {
	k := newTalk(t, surveyPage)
	th := k.start(wiki.NewThread{Quote: "Maximo export account"})
	from := k.at
	k.at = place("external/delivering/roll-out-plan")
	p, err := k.side.Move(k.ctx, k.dana, from, k.at)
	require.NoError(t, err)
	k.last = p.Version
	assert.Equal(t, th.ID, k.only().ID)
	k.write(strings.Replace(k.text(), "## What", "Text\n\n## What", 1))
	now := k.only()
	assert.Equal(t, 9, now.Line, "the version is found under its former name")

	require.NoError(t, k.side.DeletePage(k.ctx, k.dana, k.at, repo.Hash{}))
	_, err = k.side.Comments(k.ctx, k.dana, k.at)
	require.ErrorIs(t, err, wiki.ErrNotFound)
	_, err = k.side.Reply(k.ctx, k.dana, k.at, th.ID, "anybody here?")
	require.ErrorIs(t, err, wiki.ErrNotFound)
	_, err = k.side.Restore(k.ctx, k.dana, k.at, k.last)
	require.NoError(t, err)
	assert.Equal(t, now.Line, k.only().Line, "a restored page has its comments again")

	_, err = k.side.DeleteComment(k.ctx, k.tom, k.at, th.Comments[0].ID)
	require.NoError(t, err)
	require.NoError(t, k.side.DeletePage(k.ctx, k.dana, k.at, repo.Hash{}))
	_, err = k.side.Restore(k.ctx, k.dana, k.at, k.last)
	require.NoError(t, err)
	assert.Empty(t, k.all(), "what was removed stays removed")
}

func TestBrokenComments(t *testing.T) {
	for name, c := range map[string]struct{ file, want string }{
		"conflict markers": {"threads:\n<<<<<<< HEAD\n- id: a\n=======\n- id: b\n>>>>>>> x\n", "closing/rollout.comments.yaml holds a conflict of a merge on line 2"},
		"a list of words":  {"threads: [a, b]\n", "cannot be read (unmarshal errors: line 1: cannot unmarshal"},
		"a wrong time":     {"threads:\n- id: a\n  comments:\n  - id: b\n    at: yesterday\n", "yesterday"},
		"wrong bytes":      {"threads:\n- id: a\n  about: {bytes: [9, 3]}\n", "line 3: bytes is a pair"},
		"two documents":    {"threads: []\n---\nthreads: []\n", "more than one document"},
		"no text":          {"\xff\xfe\x00", "not valid UTF-8"},
		"references":       {"threads: []\na: &a [x]\nb: *a\n", "line 2: references with & and *"},
		"joined":           {"threads:\n- {<<, {a},[]}\n", "line 2: a key is a word"},
	} {
		t.Run(name, func(t *testing.T) {
			k := newTalk(t, surveyPage)
			k.put(c.file)
			_, err := k.side.Comments(k.ctx, k.dana, k.at)
			var invalid *wiki.Invalid
			require.ErrorAs(t, err, &invalid)
			assert.Contains(t, err.Error(), c.want)
			_, err = k.side.StartThread(k.ctx, k.dana, k.at, wiki.NewThread{Text: "Hello"})
			require.ErrorAs(t, err, &invalid, "what cannot be read is not written over")
			assert.Equal(t, c.file, k.file())
		})
	}
}

// put writes the comments by hand, as with git.
func (k *talk) put(text string) {
	r, err := repo.Open(filepath.Join(k.dir, "spaces/northwind/external.git"), repo.Options{Now: k.now})
	require.NoError(k.t, err)
	head, err := r.Head()
	require.NoError(k.t, err)
	path := strings.TrimSuffix(k.at.Path(), ".md") + ".comments.yaml"
	_, err = r.Commit(k.ctx, head, []repo.Edit{{Path: path, Data: []byte(text)}}, repo.Message{Author: repo.Person{Name: "x", Email: "x@users.invalid"}, Text: "By hand"})
	require.NoError(k.t, err)
	require.NoError(k.t, r.Close())
	k.reopen()
	sp, err := k.Space(k.ctx, k.dana, "northwind")
	require.NoError(k.t, err)
	k.sp, k.side = sp, k.site.side(sp, wiki.External)
}

func TestCommentsWrittenByHand(t *testing.T) {
	k := newTalk(t, surveyPage)
	k.put(`threads:
- about: {quote: Maximo export account}
  mood: curious
  comments:
  - {name: Ingrid, text: "No id, no time"}
  -
- id: twice
  comments:
  - {id: one, name: Ingrid, at: 2026-01-02T03:04:05Z, text: Old}
  - {id: two, name: Lars, at: 2026-01-03T03:04:05+02:00, text: Two}
- id: twice
  resolved: {name: Lars, at: 2026-01-05T00:00:00Z}
  comments:
  - {id: three, name: Tom, at: 2026-01-04T03:04:05Z, text: Three, stars: 5}
  - {id: one, name: Ingrid, at: 2026-01-02T03:04:05Z, edited: 2026-01-06T00:00:00Z, text: New}
- id: empty
- null
future: {kept: true}
`)
	all := k.all()
	require.Len(t, all, 2)
	assert.Equal(t, "twice", all[0].ID)
	assert.NotNil(t, all[0].Resolved)
	var texts []string
	for _, c := range all[0].Comments {
		texts = append(texts, c.Text)
	}
	assert.Equal(t, []string{"New", "Two", "Three"}, texts, "joined by their ids")
	assert.False(t, all[1].Gone)
	assert.Equal(t, 7, all[1].Line)
	assert.NotEmpty(t, all[1].ID)

	_, err := k.side.Reply(k.ctx, k.tom, k.at, all[1].ID, "Answer")
	require.NoError(t, err)
	for _, kept := range []string{"mood: curious", "stars: 5", "kept: true", "No id, no time", "Three", "id: empty"} {
		assert.Contains(t, k.file(), kept, "nothing is lost when the file is written again")
	}
}

func TestCommentsOfOneThreadManyTimes(t *testing.T) {
	read := func(n int) ([]wiki.Thread, error) {
		var file strings.Builder
		file.WriteString("threads:\n")
		for i := range n {
			fmt.Fprintf(&file, "- {id: a, comments: [{id: c%d, name: I, at: 2026-01-02T03:04:05Z, text: x}]}\n", i)
		}
		return wiki.ParseComments([]byte(file.String()))
	}
	threads, err := read(2000)
	require.NoError(t, err)
	require.Len(t, threads, 1)
	assert.Len(t, threads[0].Comments, 2000)
	_, err = read(20_000)
	assert.ErrorContains(t, err, "more than 2000 threads")
}

func TestCommentRefusals(t *testing.T) {
	k := newTalk(t, surveyPage)
	for name, n := range map[string]wiki.NewThread{
		"quote is not on the page":     {Quote: "Something else entirely", Text: "x"},
		"comment is empty":             {Text: " \n\t"},
		"comment is longer":            {Text: strings.Repeat("x", wiki.MaxComment+1)},
		"comment is empty; write what": {Text: "\u200b\n\u2060"},
		"comment holds a control":      {Text: "a\x1b[31m"},
		"turns the direction of text":  {Text: "pay \u202eevif"},
		"comment is not valid":         {Text: "\xff"},
		"quote is longer":              {Quote: strings.Repeat("x", wiki.MaxQuote+1), Text: "x"},
		"line is between 1 and":        {Line: 99, Text: "x"},
		"line has no words":            {Line: 2, Text: "x"},
		"start and end are not":        {Start: 5, End: 5000, Text: "x"},
		"quote is not what stands":     {Start: 2, End: 9, Quote: "rollout", Text: "x"},
		"version is not one of this":   {Quote: "Maximo", Version: repo.Hash{1}, Text: "x"},
		"quote is not valid UTF-8":     {Quote: "\xff", Text: "x"},
		"start and end are not a rang": {Start: -1, End: 4, Text: "x"},
	} {
		_, err := k.side.StartThread(k.ctx, k.dana, k.at, n)
		var invalid *wiki.Invalid
		if assert.ErrorAs(t, err, &invalid, name) {
			assert.Contains(t, err.Error(), name)
		}
	}
	_, err := k.side.StartThread(k.ctx, k.dana, place("internal/closing/rollout"), wiki.NewThread{Text: "x"})
	require.ErrorIs(t, err, wiki.ErrNotFound)
	_, err = k.side.StartThread(k.ctx, k.dana, place("external/closing/nothing"), wiki.NewThread{Text: "x"})
	require.ErrorIs(t, err, wiki.ErrNotFound)
	_, err = k.side.Reply(k.ctx, k.dana, k.at, "nothing", "x")
	require.ErrorIs(t, err, wiki.ErrNotFound)
	reads := k.dana
	reads.Scopes = people.Read
	_, err = k.side.StartThread(k.ctx, reads, k.at, wiki.NewThread{Text: "x"})
	require.ErrorIs(t, err, people.ErrForbidden)
	assert.Empty(t, k.all())
}

func TestWhoMayComment(t *testing.T) {
	k := newTalk(t, surveyPage)
	th := k.start(wiki.NewThread{Quote: "Maximo export account"})
	require.NoError(t, k.db.SetRestricted(k.ctx, k.dana, "northwind", true))
	_, err := k.side.Comments(k.ctx, k.tom, k.at)
	require.ErrorIs(t, err, wiki.ErrNotFound, "a handle outlives no grant")
	_, err = k.side.Reply(k.ctx, k.tom, k.at, th.ID, "x")
	require.ErrorIs(t, err, wiki.ErrNotFound)
	_, err = k.side.DeleteComment(k.ctx, k.tom, k.at, th.Comments[0].ID)
	require.ErrorIs(t, err, wiki.ErrNotFound, "not even one's own")
	require.NoError(t, k.db.Grant(k.ctx, k.dana, "northwind", k.tom.Person.ID, people.Viewer))
	_, err = k.side.Edit(k.ctx, k.tom, wiki.Edit{Place: k.at, Text: []byte("x"), Base: k.last})
	require.ErrorIs(t, err, people.ErrForbidden)
	th, err = k.side.Reply(k.ctx, k.tom, k.at, th.ID, "A viewer may comment")
	require.NoError(t, err)
	assert.Len(t, th.Comments, 2)
	assert.True(t, k.side.MayComment(k.ctx, k.tom))
	guest := k.tom
	guest.Person.Guest = true
	internal := k.site.side(k.sp, wiki.Internal)
	_, err = internal.StartThread(k.ctx, guest, place("internal/closing/rollout"), wiki.NewThread{Text: "x"})
	require.ErrorIs(t, err, wiki.ErrNotFound)
}

func TestManyThreads(t *testing.T) {
	k := newTalk(t, surveyPage)
	var b strings.Builder
	b.WriteString("threads:\n")
	for i := range 500 {
		fmt.Fprintf(&b, "- id: t%d\n  about: {quote: Tablet Wi-Fi survey, version: %s, bytes: [108, 127]}\n  comments: [{id: c%d, name: N, at: 2026-01-02T03:04:05Z, text: x}]\n", i, k.last, i)
	}
	k.put(b.String())
	assert.Len(t, k.all(), 500)
	_, err := k.side.StartThread(k.ctx, k.dana, k.at, wiki.NewThread{Text: "one more"})
	require.ErrorContains(t, err, "500 threads")
}

// FuzzComments reads whatever a clone may bring and writes it again.
func FuzzComments(f *testing.F) {
	f.Add([]byte("threads:\n- id: a\n  about: {quote: \"x\", bytes: [1, 2]}\n  comments:\n  - {id: b, name: N, at: 2026-01-02T03:04:05Z, text: |\n      a\n      b\n"))
	f.Add([]byte("threads: [{comments: [{text: ' x'}]}, null]\nz: &a [*a]"))
	f.Add([]byte("? [a]\n: b"))
	f.Add([]byte("threads:\n- {<<: {id: q}, comments: [{text: \"\\u2028\\x85\\ufeff\"}]}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		threads, err := wiki.ParseComments(data)
		if err != nil {
			return
		}
		again, err := wiki.RewriteComments(data)
		require.NoError(t, err)
		same, err := wiki.ParseComments(again)
		require.NoError(t, err, "%s", again)
		assert.Equal(t, threads, same, "%s", again)
	})
}

package wiki_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
)

func TestProspectsFollowTheFunnel(t *testing.T) {
	s := newSite(t)
	s.prospect("Northwind Rail")
	text, err := s.FunnelText(t.Context(), s.admin)
	require.NoError(t, err)
	named := func(key string) []byte {
		return []byte(strings.Replace(string(text), "key: prospecting", "key: "+key, 1))
	}
	stage := func() string {
		e, err := s.Prospect(t.Context(), s.admin, "northwind-rail")
		require.NoError(t, err)
		return e.Stage
	}
	assert.ErrorIs(t, s.ChangeFunnel(t.Context(), s.dana, named("hunting"), nil), people.ErrForbidden)
	var gone *wiki.StagesGone
	require.ErrorAs(t, s.ChangeFunnel(t.Context(), s.admin, named("hunting"), nil), &gone)
	require.NoError(t, s.ChangeFunnel(t.Context(), s.admin, named("hunting"), map[string]string{"prospecting": "hunting"}))
	assert.Equal(t, "hunting", stage())

	// As after a crash: the funnel is there with its moves, its prospect is not moved.
	sp, err := s.Space(t.Context(), s.admin, wiki.Playbook)
	require.NoError(t, err)
	_, err = sp.Transact(t.Context(), s.admin, people.Editor, func(tx *wiki.Transaction) (string, error) {
		if err := tx.Write("funnel-moves.yaml", []byte("hunting: first\nother: nowhere\n")); err != nil {
			return "", err
		}
		return "Change the funnel", tx.Write("funnel.yaml", named("first"))
	})
	require.NoError(t, err)
	assert.Equal(t, "hunting", stage())
	s.reopen()
	assert.Equal(t, "first", stage(), "made good at the start")

	// Earlier moves go on to where their stage went.
	require.NoError(t, s.ChangeFunnel(t.Context(), s.admin, named("second"), map[string]string{"first": "second"}))
	sp, err = s.Space(t.Context(), s.admin, wiki.Playbook)
	require.NoError(t, err)
	_, err = sp.Transact(t.Context(), s.admin, people.Editor, func(tx *wiki.Transaction) (string, error) {
		moves, err := tx.Read("funnel-moves.yaml")
		assert.Contains(t, string(moves), "hunting: second\n")
		return "", err
	})
	require.NoError(t, err)
}

func TestFunnelIsWrittenAsItIsRead(t *testing.T) {
	s := newSite(t)
	f, err := s.Funnel(t.Context())
	require.NoError(t, err)
	before, err := s.FunnelText(t.Context(), s.admin)
	require.NoError(t, err)
	text, err := f.YAML(append([]byte("# Ours\r\n\n"), before...))
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(string(text), "# Ours\n\n# The funnel"))
	again, err := wiki.ParseFunnel(text)
	require.NoError(t, err)
	for i := range f.Stages {
		assert.Equal(t, f.Stages[i].Exit, again.Stages[i].Exit)
		assert.Equal(t, f.Stages[i].Tasks, again.Stages[i].Tasks)
		assert.Equal(t, f.Stages[i].Needed, again.Stages[i].Needed)
	}
	twice, err := again.YAML(text)
	require.NoError(t, err)
	assert.Equal(t, string(text), string(twice))
}

const commented = `# At the top

# what it is for
target: 100 # from the board of directors
stages:
  # where it begins
  - key: first
    title: "First" # short
    exit:
      # the law says so
      - id: heard
        text: They have answered # in writing
      - id: met
        text: We have met
  - key: second
    warn: [delivery, sales] # both
    tasks:
      # ask Kim
      - text: Call them
    needed:
      # the long one
      - {section: internal, page: plan, title: The plan}
  # the end
  - key: third
    title: Third
# thank you
`

// Comments go with what they speak of, wherever a form moves it.
func TestFunnelKeepsItsComments(t *testing.T) {
	f, err := wiki.ParseFunnel([]byte(commented))
	require.NoError(t, err)
	f.Stages[0], f.Stages[1] = f.Stages[1], f.Stages[0]
	f.Stages[1].Exit = f.Stages[1].Exit[:1]
	f.Stages[1].Exit[0].Text = "They have written"
	f.Stages[2].Key = "last"
	f.Target = 200
	text, err := f.YAML([]byte(commented))
	require.NoError(t, err)
	for _, want := range []string{"# At the top\n\n# what it is for\ntarget: 200 # from the board of directors\n", "# where it begins\n  - key: first\n    title: \"First\" # short\n",
		"# the law says so\n      - id: heard\n        text: They have written # in writing\n", "warn: [delivery, sales] # both\n", "# ask Kim\n      - text: Call them\n",
		"# the long one\n      - {section: internal, page: plan, title: The plan}\n", "# the end\n  - key: last\n", "# thank you\n"} {
		assert.Contains(t, string(text), want)
	}
	assert.Less(t, strings.Index(string(text), "key: second"), strings.Index(string(text), "key: first"))
	again, err := wiki.ParseFunnel(text)
	require.NoError(t, err)
	assert.Equal(t, f, again)

	// A stage that goes takes its comments along.
	f.Stages = append(f.Stages[:1:1], f.Stages[2], wiki.Stage{Key: "other", Title: "Other", Buyer: "Other"})
	text, err = f.YAML(text)
	require.NoError(t, err)
	assert.NotContains(t, string(text), "the law says so")
	assert.Contains(t, string(text), "# the end\n  - key: last\n")
	again, err = wiki.ParseFunnel(text)
	require.NoError(t, err)
	assert.Equal(t, f, again)
}

// Whatever was written before, the funnel that is written over it is the one
// that was asked for.
func FuzzFunnelYAML(f *testing.F) {
	f.Add([]byte(commented))
	f.Add([]byte("stages:\n- &a {key: x} # b\n- *a\n"))
	f.Add([]byte("# a\n? [1]\n: {}\n"))
	want, err := wiki.ParseFunnel([]byte(commented))
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, before []byte) {
		text, err := want.YAML(before)
		if err != nil {
			return
		}
		got, err := wiki.ParseFunnel(text)
		require.NoError(t, err, "%s", text)
		require.Equal(t, want, got, "%s", text)
	})
}

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
	text, err := f.YAML([]byte("# Ours\r\n\n# still\nstages: []\n# lost\n"))
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(string(text), "# Ours\n\n# still\n"))
	assert.NotContains(t, string(text), "# lost")
	again, err := wiki.ParseFunnel(text)
	require.NoError(t, err)
	assert.Len(t, again.Stages, len(f.Stages))
	for i := range f.Stages {
		assert.Equal(t, f.Stages[i].Exit, again.Stages[i].Exit)
		assert.Equal(t, f.Stages[i].Needed, again.Stages[i].Needed)
	}
}

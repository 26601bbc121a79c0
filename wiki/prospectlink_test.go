package wiki_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki"
)

func TestLinksOfAProspect(t *testing.T) {
	s := newSite(t)
	s.prospect("Northwind Rail")
	set := func(links ...string) error {
		_, err := s.Update(t.Context(), s.dana, "northwind-rail", wiki.Patch{Links: &links})
		return err
	}
	for _, bad := range []string{"", "Not A Slug", "javascript:alert(1)", "https://crm.example/1", "[x](javascript:alert(1))", "[x](data:text/html,x)", "[](https://crm.example/1)", "[ ](https://crm.example)",
		"[x](//crm.example)", "[x](https:///1)", "[x](https://dana:secret@crm.example/)", "[x](ftp://crm.example/)", "[x](https://crm.example/a b)", "[a\u202eb](https://crm.example/)", "[" + strings.Repeat("x", 201) + "](https://crm.example/)",
		"[x](https://crm.example/" + strings.Repeat("x", 2000) + ")"} {
		var invalid *wiki.Invalid
		require.ErrorAs(t, set(bad), &invalid, bad)
		assert.Equal(t, "links", invalid.Field)
	}
	var invalid *wiki.Invalid
	require.ErrorAs(t, set(strings.Split(strings.Repeat("acme ", 51)[:254], " ")...), &invalid)
	require.NoError(t, set("[Their account](https://crm.example/accounts/1?x=2)", "acme"))
	e, err := s.Prospect(t.Context(), s.dana, "northwind-rail")
	require.NoError(t, err)
	assert.Equal(t, []wiki.ProspectLink{{Title: "Their account", URL: "https://crm.example/accounts/1?x=2"}}, e.WebLinks())
	assert.Equal(t, []string{"acme"}, e.Related())
}

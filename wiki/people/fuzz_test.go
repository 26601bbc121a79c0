package people_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"

	"dealwiki/wiki/people"
)

func TestHandleFor(t *testing.T) {
	for email, want := range map[string]string{
		"dana@example.com":              "dana",
		"Dana.Smith@example.com":        "dana-smith",
		"sam+deals@example.com":         "sam-deals",
		"--a__b..c--@example.com":       "a-b-c",
		"ÉMILE@example.com":             "émile",
		"e\u0301mile@example.com":       "émile",
		"محمد@example.com":              "محمد",
		"李雷@example.com":                "李雷",
		"!!!@example.com":               "person",
		"@example.com":                  "person",
		"":                              "person",
		strings.Repeat("a", 64) + "@x":  strings.Repeat("a", 40),
		strings.Repeat("a.", 32) + "@x": strings.Repeat("a-", 19) + "a",
		"\u0301@example.com":            "person",
	} {
		assert.Equal(t, want, people.HandleFor(email), email)
	}
	for _, bad := range []string{"", "-", "a-", "-a", "a--b", "A", "a b", "a.b", "a\u202eb", "e\u0301", "\u0301a", "a/b", "a\xff"} {
		assert.False(t, people.ValidHandle(bad), "%q", bad)
	}
}

func FuzzHandleFor(f *testing.F) {
	for _, s := range []string{"dana@example.com", "İ@x", "ǅ@x", "a-\u0301b@x", "\xff@x", "ß.ẞ@x", "𝐀𝐁@x", "ᾳ@x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, email string) {
		h := people.HandleFor(email)
		require.True(t, people.ValidHandle(h), "%q from %q", h, email)
		require.True(t, norm.NFC.IsNormalString(h))
		require.Equal(t, h, people.HandleFor(h+"@example.com"), "a handle is its own")
	})
}

func FuzzNormalEmail(f *testing.F) {
	for _, s := range []string{"dana@example.com", " Dana@EXAMPLE.com\n", "İ@x.y", "a@b@c", "a@xn--p1ai", "e\u0301@x", "a@-b", "a..b@c", "\xff@x", "ΑΣ@x.gr"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		e, err := people.NormalEmail(s)
		if err != nil {
			require.Empty(t, e)
			return
		}
		again, err := people.NormalEmail(e)
		require.NoError(t, err)
		require.Equal(t, e, again)
		require.True(t, utf8.ValidString(e) && len(e) <= 254)
		require.Equal(t, 1, strings.Count(e, "@"))
		require.False(t, strings.ContainsAny(e, " \t\r\n<>()[]\\,;:\"\x00"))
	})
}

func FuzzNormalName(f *testing.F) {
	for _, s := range []string{"Dana", " \u200b ", "a\u202eb", "e\u0301", "\xff", "👨‍👩‍👧"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := people.NormalName(s)
		if err != nil {
			return
		}
		again, err := people.NormalName(n)
		require.NoError(t, err)
		require.Equal(t, n, again)
		require.NotEmpty(t, n)
		require.LessOrEqual(t, utf8.RuneCountInString(n), 100)
		require.False(t, strings.ContainsAny(n, "<>\r\n\x00\u202e\u2066"))
	})
}

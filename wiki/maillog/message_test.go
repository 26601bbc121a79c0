package maillog_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/content"
	"dealwiki/wiki"
	"dealwiki/wiki/maillog"
	"dealwiki/wiki/mailtest"
)

// check asserts what holds of whatever a mail turns into.
func check(t *testing.T, m *maillog.Message) {
	assert.True(t, utf8.ValidString(m.Text+m.Subject))
	assert.NotContains(t, m.Text, "\x00")
	assert.NotContains(t, m.Subject, "\n")
	assert.LessOrEqual(t, len(m.Text), 512<<10)
	assert.LessOrEqual(t, len(m.Attachments), 50)
	assert.LessOrEqual(t, len(m.References), 30)
	names := map[string]bool{}
	for _, a := range m.Attachments {
		assert.NoError(t, (wiki.File{Section: wiki.External, Stage: "log", Name: a.Name}).Check(), a.Name)
		assert.False(t, names[strings.ToLower(a.Name)], "%s stands twice", a.Name)
		names[strings.ToLower(a.Name)] = true
	}
	for _, id := range append(m.References, m.ID, m.InReplyTo) {
		assert.NotContains(t, id, "<")
		assert.NotContains(t, id, " ")
	}
}

func TestHostileMails(t *testing.T) {
	d := newDesk(t)
	refused := mailtest.Refused()
	for name, raw := range mailtest.Hostile() {
		t.Run(name, func(t *testing.T) {
			m, err := maillog.ParseMessage([]byte(raw))
			e, _, addErr := d.log.AddMail(t.Context(), d.dana, d.sp, "", []byte(raw))
			if refused[name] {
				var invalid *wiki.Invalid
				require.ErrorAs(t, err, &invalid)
				require.ErrorAs(t, addErr, &invalid)
				return
			}
			require.NoError(t, err)
			check(t, m)
			require.NoError(t, addErr)
			text := d.text(e)
			doc := content.Parse([]byte(text))
			require.NoError(t, doc.Front().Err)
			assert.Equal(t, "mail", doc.Front().Values["kind"])
			assert.Empty(t, doc.Facts())
			assert.Empty(t, doc.Tasks())
			assert.Empty(t, doc.Mentions())
			shown := string(doc.HTML(nil, content.RenderOptions{}))
			for _, bad := range []string{"<script", "<img", "href=\"javascript", "<h2"} {
				assert.NotContains(t, strings.ReplaceAll(shown, "&lt;img", ""), bad)
			}
		})
	}
}

func TestTextOfHTMLMails(t *testing.T) {
	m, err := maillog.ParseMessage([]byte("From: a@b\nContent-Type: text/html; charset=utf-8\n\n<html><head><style>p{}</style></head><body><h1>Offer</h1><p>We <b>want</b> it,<br>soon.</p><ul><li>one<li>two</ul><blockquote><p>You wrote</p></blockquote><table><tr><td>a<td>b</tr></table>&amp; more"))
	require.NoError(t, err)
	assert.Equal(t, "Offer\n\nWe want it,\nsoon.\n\n- one\n- two\n\n> You wrote\n\na b\n\n& more", m.Text)
}

func TestMailsOnDisk(t *testing.T) {
	all, err := filepath.Glob("testdata/*.eml")
	require.NoError(t, err)
	for _, file := range all {
		raw, err := os.ReadFile(file)
		require.NoError(t, err)
		m, err := maillog.ParseMessage(raw)
		require.NoError(t, err, file)
		check(t, m)
	}
}

func FuzzParseMessage(f *testing.F) {
	for _, raw := range mailtest.Hostile() {
		if len(raw) < 20_000 {
			f.Add([]byte(raw))
		}
	}
	f.Add([]byte(simple))
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := maillog.ParseMessage(raw)
		if err == nil {
			check(t, m)
		}
	})
}

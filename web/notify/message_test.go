package notify_test

import (
	"errors"
	"mime"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/web/notify"
	"dealwiki/wiki/people"
)

func invitation() notify.Message {
	return notify.Message{
		To: mail.Address{Name: "Sam Buyer", Address: "sam@customer.example"}, Subject: "Fairlead invites you",
		Text:  "Hello Sam,\n\nDana Reyes shares pages with you\nin the wiki of Fairlead.\n\nIf this is a mistake, do nothing.",
		Label: "Open the pages", Link: "https://wiki.example.com/join/abcdef",
	}
}

func TestAMessageWaitsOnDiskAndIsSent(t *testing.T) {
	d := newDesk(t)
	out := &flaky{err: errors.New("no route")}
	d.withMail(out)
	require.NoError(t, d.c.SendMail(t.Context(), invitation()))
	require.Error(t, d.c.Deliver(t.Context()))
	dir := t.TempDir()
	folder, err := notify.NewFolder(dir)
	require.NoError(t, err)
	d.withMail(folder) // a restart, and the server is back
	require.NoError(t, d.c.Deliver(t.Context()))
	d.clock = d.clock.Add(time.Minute)
	require.NoError(t, d.c.Deliver(t.Context()))
	files, err := filepath.Glob(filepath.Join(dir, "*.eml"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	raw, err := os.ReadFile(files[0])
	require.NoError(t, err)
	m, err := mail.ReadMessage(strings.NewReader(string(raw)))
	require.NoError(t, err)
	assert.Equal(t, `"Sam Buyer" <sam@customer.example>`, m.Header.Get("To"))
	assert.Equal(t, "Fairlead invites you", m.Header.Get("Subject"))
	assert.Empty(t, m.Header.Get("List-Unsubscribe"), "it is no subscription")
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	require.NoError(t, err)
	text, html := bodies(t, m.Body, params["boundary"])
	assert.Equal(t, "Hello Sam,\n\nDana Reyes shares pages with you in the wiki of Fairlead.\n\nIf this is a mistake, do nothing.\n\nOpen the pages:\nhttps://wiki.example.com/join/abcdef\n", text)
	assert.Contains(t, html, `<a href="https://wiki.example.com/join/abcdef"`)
	require.NoError(t, d.c.Deliver(t.Context()))
	files, err = filepath.Glob(filepath.Join(dir, "*"))
	require.NoError(t, err)
	assert.Len(t, files, 1, "once, and nothing half-written beside it")
}

func TestAMessageOfNoUseIsDropped(t *testing.T) {
	d := newDesk(t)
	out := &flaky{err: errors.New("no route")}
	d.withMail(out)
	m := invitation()
	m.Until = d.clock.Add(time.Hour)
	require.NoError(t, d.c.SendMail(t.Context(), m))
	require.Error(t, d.c.Deliver(t.Context()))
	d.clock = m.Until
	out.err = nil
	require.NoError(t, d.c.Deliver(t.Context()))
	assert.Equal(t, 1, out.tried)
	require.Len(t, d.givenUp(), 1)
	assert.Equal(t, "sam@customer.example", d.givenUp()[0].Object)
	assert.NotContains(t, d.givenUp()[0].Detail, "abcdef")
}

func TestWhatNoMessageMayBe(t *testing.T) {
	d, p := newPost(t)
	for name, change := range map[string]func(*notify.Message){
		"no address":    func(m *notify.Message) { m.To.Address = "" },
		"two addresses": func(m *notify.Message) { m.To.Address = "a@example.com, b@example.com" },
		"a header":      func(m *notify.Message) { m.To.Address = "a@example.com\r\nBcc: b@example.com" },
		"no subject":    func(m *notify.Message) { m.Subject = " \r\n" },
		"too long":      func(m *notify.Message) { m.Text = strings.Repeat("x", 20_001) },
		"a script":      func(m *notify.Message) { m.Link = "javascript:alert(1)" },
		"a path":        func(m *notify.Message) { m.Link = "/join/x" },
	} {
		m := invitation()
		change(&m)
		var invalid *people.Invalid
		assert.ErrorAs(t, d.c.SendMail(t.Context(), m), &invalid, name)
	}
	m := invitation()
	m.To.Name, m.Subject, m.Text = "Sam\r\nBcc: b@example.com", "Hi\r\nBcc: b@example.com =?utf-8?q?=0D=0AX-Evil:_1?=", "<script>alert(1)</script>\n\n{{.Link}}\n.\nQUIT"
	require.NoError(t, d.c.SendMail(t.Context(), m))
	require.NoError(t, d.c.Deliver(t.Context()))
	files, err := filepath.Glob(filepath.Join(p.dir, "*"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	raw, err := os.ReadFile(files[0])
	require.NoError(t, err)
	read, err := mail.ReadMessage(strings.NewReader(string(raw)))
	require.NoError(t, err)
	assert.Empty(t, read.Header.Get("Bcc"))
	assert.Empty(t, read.Header.Get("X-Evil"))
	_, params, err := mime.ParseMediaType(read.Header.Get("Content-Type"))
	require.NoError(t, err)
	_, html := bodies(t, read.Body, params["boundary"])
	assert.NotContains(t, html, "<script")

	d.c.Close()
	d.c = notify.New(notify.Config{Wiki: d.w, People: d.db})
	assert.ErrorIs(t, d.c.SendMail(t.Context(), invitation()), notify.ErrNoMail)
	assert.Empty(t, d.c.Link("/join/x"))
}

// What somebody waits for is sent before what can wait.
func TestMessagesGoFirst(t *testing.T) {
	d := newDesk(t)
	out := &flaky{}
	d.withMail(out)
	d.edit(d.dana, "internal/account/plan", "# Plan\n\nAsk @tom and @vera.\n")
	d.c.CatchUp(t.Context())
	for range 25 {
		require.NoError(t, d.c.SendMail(t.Context(), invitation()))
	}
	require.NoError(t, d.c.Deliver(t.Context()))
	require.Len(t, out.to, 27)
	for _, to := range out.to[:25] {
		assert.Contains(t, to, "sam@customer.example")
	}
}

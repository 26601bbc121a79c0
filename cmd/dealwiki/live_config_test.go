package main

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/realtime"
	"dealwiki/realtime/load"
	"dealwiki/wiki/people"
)

func TestLiveLimitsAreChecked(t *testing.T) {
	for text, problem := range map[string]string{
		"live: {}": "",
		"live: {max_message_kb: 4096, messages_per_second: 50, burst: 100, pages_per_person: 5}": "",
		"live: {messages_per_second: 5000}":             "",
		"live: {max_message_kb: 100}":                   "max_message_kb is between 1536 and 8192",
		"live: {messages_per_second: -1}":               "messages_per_second is between 20 and 10000",
		"live: {burst: 1000001}":                        "burst is between 100 and 100000",
		"live: {pages_per_person: 1}":                   "pages_per_person is between 5 and 10000",
		"live: {messages_per_second: 1000, burst: 999}": "burst is no smaller than messages_per_second, which is 1000",
		"live: {frames: 1}":                             "field frames not found",
	} {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "config.yaml"), []byte(text), 0o600))
		c, err := readConfig(dir)
		if problem != "" {
			assert.ErrorContains(t, err, problem, "%s", text)
			continue
		}
		require.NoError(t, err, "%s", text)
		l := c.Live.limits()
		assert.True(t, l.Burst == 0 || l.Burst >= l.Messages, "%s", text)
	}
}

// What is configured is what the server keeps.
func TestLiveLimitsAreKept(t *testing.T) {
	r := &restarts{t: t, data: t.TempDir()}
	require.NoError(t, os.WriteFile(filepath.Join(r.data, "config.yaml"), []byte("live: {pages_per_person: 5, max_message_kb: 1536}\n"), 0o600))
	r.start()
	defer func() { r.stop() }()
	_, dana := addPerson(t, r.people, "Dana Reyes", "dana@example.com", people.Member)
	c := &client{token: dana, http: http.DefaultClient}
	r.page(c, "POST", "/api/v1/prospects", map[string]string{"name": "Northwind"})
	const at = "internal/closing/plan"
	r.page(c, "PUT", "/api/v1/prospects/northwind/pages/"+at, map[string]string{"text": "# Plan\n"}, "If-None-Match", "*")
	for i := range 5 {
		e := load.NewEditor(uint64(31 + i))
		r.connect(e, at, dana)
		defer e.Disconnect()
	}
	more := load.NewEditor(36)
	require.Error(t, more.Connect(within(t), "ws"+r.url[len("http"):]+"/live/northwind/"+at+"?token="+dana, nil))
	code, _ := more.Closed()
	assert.Equal(t, realtime.CodeTooFast, code)
}

package main

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/web/signon/signontest"
	"dealwiki/wiki/people"
)

// The sample in the manual is one that the program takes.
func TestTheManualsSignOnIsTaken(t *testing.T) {
	manual, err := os.ReadFile("../../docs/administration.md")
	require.NoError(t, err)
	_, sample, ok := strings.Cut(string(manual), "\n    sign_on:\n")
	require.True(t, ok)
	sample, _, _ = strings.Cut(sample, "\n\n")
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "oidc-secret"), []byte("s3cret\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "config.yaml"), []byte("sign_on:\n"+sample+"\n"), 0o600))
	conf, err := readConfig(dir)
	require.NoError(t, err)
	s, err := conf.signOn(dir, "https://wiki.example.com", nil, nil)
	require.NoError(t, err)
	t.Cleanup(s.Provider.Close)
	assert.Equal(t, "Fairlead SSO", s.Provider.Name())
	assert.Equal(t, map[string]people.Role{"wiki-admins": people.Admin, "sales": people.Member}, s.Roles)
	assert.True(t, s.Create)
}

func TestSignOnIsCheckedAtTheStart(t *testing.T) {
	const provider = "provider: {issuer: https://login.example.com, client_id: wiki"
	for name, c := range map[string]struct{ yaml, says string }{
		"nothing":             {"{}", ""},
		"a provider":          {"{" + provider + "}}", ""},
		"an unknown word":     {"{helb: x}", "helb"},
		"a long help":         {"{help: " + strings.Repeat("x", 201) + "}", "200 characters"},
		"two steps of whom":   {"{two_step: some}", "nobody, admins or everybody"},
		"passwords of whom":   {"{passwords: nobody}", "everybody or admins"},
		"passwords of admins": {"{passwords: admins}", "only where a provider"},
		"plain http":          {"{provider: {issuer: http://login.example.com, client_id: wiki}}", "https://"},
		"no client":           {"{provider: {issuer: https://login.example.com}}", "client_id"},
		"no secret there":     {"{" + provider + ", client_secret_file: missing}}", "client_secret_file"},
		"an empty secret":     {"{" + provider + ", client_secret_file: empty}}", "is empty"},
		"roles of no claim":   {"{" + provider + ", roles: {a: admin}}}", "groups_claim"},
		"an unknown role":     {"{" + provider + ", groups_claim: groups, roles: {a: owner}}}", "admin or member"},
		"domains for nothing": {"{" + provider + ", domains: [example.com]}}", "create: true"},
		"accounts for all":    {"{" + provider + ", create: true}}", "domains or roles"},
		"no domain":           {"{" + provider + ", create: true, domains: [\"@\"]}}", "not a domain"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(dir, "empty"), []byte("\n"), 0o600))
			require.NoError(t, os.WriteFile(filepath.Join(dir, "config.yaml"), []byte("sign_on: "+c.yaml+"\n"), 0o600))
			conf, err := readConfig(dir)
			if err == nil {
				s, opened := conf.signOn(dir, "https://wiki.example.com", nil, nil)
				if s.Provider != nil {
					t.Cleanup(s.Provider.Close)
				}
				err = opened
			}
			if c.says == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.says)
			assert.Contains(t, err.Error(), "config.yaml")
		})
	}
	_, err := config{SignOn: &signOnConfig{Provider: &providerConfig{Issuer: "https://login.example.com", ClientID: "x"}}}.signOn(t.TempDir(), "", nil, nil)
	assert.ErrorContains(t, err, "-url")
}

// A server that is configured so sends people to the provider and takes its
// answer.
func TestAServerWithAProvider(t *testing.T) {
	idp := signontest.New(t)
	idp.Claims = map[string]any{"sub": "1", "email": "dana@example.com", "email_verified": true, "name": "Dana"}
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "secret"), []byte(signontest.ClientSecret), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "config.yaml"), []byte("sign_on: {provider: {name: Our SSO, issuer: \""+idp.URL+"\", client_id: dealwiki, client_secret_file: secret, create: true, domains: [example.com]}}\n"), 0o600))
	s := startServer(t, dir)
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	client := &http.Client{Jar: jar}
	defer client.CloseIdleConnections()
	res, err := client.Get(s.url + "/sign-in/sso?next=/settings")
	require.NoError(t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, res.StatusCode)
	assert.Equal(t, "/settings", res.Request.URL.Path)
	assert.Contains(t, string(body), "dana@example.com")
}

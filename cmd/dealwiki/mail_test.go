package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMailConfiguration(t *testing.T) {
	for text, problem := range map[string]string{
		"": "",
		"mail: {from: wiki@example.com, folder: out}":                                                       "",
		"mail: {from: Deals <wiki@example.com>, host: smtp.example.com, user: wiki, password_file: secret}": "",
		"mail: {from: wiki@example.com, host: localhost, tls: none}":                                        "",
		"mail: {host: smtp.example.com}":                                                                    "from is an address",
		"mail: {from: wiki@example.com}":                                                                    "host is the name",
		"mail: {from: wiki@example.com, folder: out, host: x}":                                              "either folder or",
		"mail: {from: wiki@example.com, host: x, tls: ssl}":                                                 "tls is",
		"mail: {from: wiki@example.com, host: x, user: u}":                                                  "belong together",
		"mail: {from: wiki@example.com, host: x, user: u, password_file: gone}":                             "reading password_file",
		"mail: {from: wiki@example.com, host: x, user: u, password_file: empty}":                            "is empty",
		"mail: {from: wiki@example.com, host: x, user: u, password_file: secret, tls: none}":                "without protection",
		"mail: {from: wiki@example.com, password: x}":                                                       "not found",
	} {
		t.Run(text, func(t *testing.T) {
			dir := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(dir, "config.yaml"), []byte(text), 0o600))
			require.NoError(t, os.WriteFile(filepath.Join(dir, "secret"), []byte("s3cret\n"), 0o600))
			require.NoError(t, os.WriteFile(filepath.Join(dir, "empty"), []byte("\n"), 0o600))
			c, err := readConfig(dir)
			if err == nil {
				_, err = c.mailer(dir, "https://wiki.example.com")
			}
			if problem == "" {
				assert.NoError(t, err)
				return
			}
			assert.ErrorContains(t, err, problem)
			assert.ErrorContains(t, err, "config.yaml")
			assert.NotContains(t, err.Error(), "s3cret")
		})
	}
	_, err := config{Mail: &mailConfig{From: "wiki@example.com", Host: "smtp.example.com"}}.mailer(t.TempDir(), "")
	assert.ErrorContains(t, err, "-url")
}

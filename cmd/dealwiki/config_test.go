package main

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The configuration that the manual shows is one that the server takes, and no
// setting of mail is missing in it.
func TestTheManualShowsTheConfiguration(t *testing.T) {
	manual, err := os.ReadFile("../../docs/administration.md")
	require.NoError(t, err)
	_, text, ok := strings.Cut(string(manual), "\n## Configuration\n")
	require.True(t, ok)
	text, _, _ = strings.Cut(text, "\n## ")
	var samples []string
	sample := ""
	for line := range strings.SplitSeq(text+"\n", "\n") {
		if code, ok := strings.CutPrefix(line, "    "); ok {
			sample += code + "\n"
		} else if sample != "" {
			samples, sample = append(samples, sample), ""
		}
	}
	require.NotEmpty(t, samples)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "smtp-password"), []byte("secret\n"), 0o600))
	for _, sample := range samples {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "config.yaml"), []byte(sample), 0o600))
		c, err := readConfig(dir)
		require.NoError(t, err, sample)
		_, err = c.mailer(dir, "https://wiki.example.com")
		assert.NoError(t, err, sample)
	}
	for _, key := range settings(reflect.TypeFor[mailConfig]()) {
		assert.Contains(t, strings.Join(samples, ""), key+":", "the manual shows every setting")
	}
}

// settings are the names that a part of the configuration has in its file.
func settings(of reflect.Type) (names []string) {
	for of.Kind() == reflect.Pointer {
		of = of.Elem()
	}
	if of.Kind() != reflect.Struct {
		return nil
	}
	for i := range of.NumField() {
		f := of.Field(i)
		if name, _, _ := strings.Cut(f.Tag.Get("yaml"), ","); name != "" && name != "-" {
			names = append(names, name)
		}
		names = append(names, settings(f.Type)...)
	}
	return names
}

// A demo in a folder with a configuration of one's own, with mail for example,
// leaves it alone.
func TestTheDemoKeepsAConfiguration(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "config.yaml")
	require.NoError(t, writeDemoConfig(dir, "Fairlead"))
	conf, err := readConfig(dir)
	require.NoError(t, err)
	assert.Equal(t, "Fairlead", conf.Company)

	const mine = "mail: {from: wiki@example.com, folder: outbox}\n"
	require.NoError(t, os.WriteFile(file, []byte(mine), 0o600))
	require.NoError(t, writeDemoConfig(dir, "Fairlead"))
	kept, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, mine, string(kept))
}

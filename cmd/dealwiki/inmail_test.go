package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestInboundMailIsChecked(t *testing.T) {
	for text, want := range map[string]string{
		"": "",
		"inbound_mail: {address: '127.0.0.1:0', domain: deals.example.com}":                            "",
		"inbound_mail: {address: '127.0.0.1:0', domain: deals.example.com, protocol: lmtp, max_mb: 5}": "",
		"inbound_mail: {domain: deals.example.com}":                                                    "inbound_mail: address is where to listen",
		"inbound_mail: {address: ':25'}":                                                               "domain is what stands behind the @",
		"inbound_mail: {address: ':25', domain: localhost}":                                            "domain is what stands behind the @",
		"inbound_mail: {address: ':25', domain: deals.example.com, protocol: pop3}":                    "protocol is smtp or lmtp",
		"inbound_mail: {address: ':25', domain: deals.example.com, max_mb: 26}":                        "max_mb is between",
		"inbound_mail: {address: ':25', domain: deals.example.com, certificate: c.pem}":                "given together",
		"inbound_mail: {address: ':25', domain: deals.example.com, certificate: c.pem, key: k.pem}":    "reading certificate and key",
		"inbound_mail: {address: ':25', domain: deals.example.com, per_minute: -1}":                    "per_minute is between",
		"inbound_mail: {adress: ':25'}":                                                                "adress",
	} {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "config.yaml"), []byte(text), 0o600))
		c, err := readConfig(dir)
		if err == nil {
			err = c.checkInbound(dir)
		}
		if want == "" {
			assert.NoError(t, err, text)
		} else if assert.Error(t, err, text) {
			assert.Contains(t, err.Error(), want)
		}
	}
}

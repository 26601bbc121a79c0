package people

import (
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"io"
	"strings"
)

var base = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// randomText is n random bytes, written with lower-case letters and digits.
func (d *DB) randomText(n int) (string, error) {
	b := make([]byte, n)
	d.randomMu.Lock()
	_, err := io.ReadFull(d.random, b)
	d.randomMu.Unlock()
	if err != nil {
		return "", fmt.Errorf("reading random bytes: %w", err)
	}
	return base.EncodeToString(b), nil
}

// newID is short, url-safe and has no meaning.
func (d *DB) newID() (string, error) { return d.randomText(10) }

// newSecret is 32 random bytes as text, with the hash that is kept of it.
func (d *DB) newSecret(prefix string) (string, []byte, error) {
	s, err := d.randomText(32)
	if err != nil {
		return "", nil, err
	}
	s = prefix + s
	h := hash(s)
	return s, h[:], nil
}

func hash(secret string) [sha256.Size]byte { return sha256.Sum256([]byte(secret)) }

// plausible keeps look-ups of what cannot be a secret from reaching the file.
func plausible(secret string) bool {
	return len(secret) >= 40 && len(secret) <= 80 && !strings.ContainsFunc(secret, func(r rune) bool { return r <= ' ' || r > '~' })
}

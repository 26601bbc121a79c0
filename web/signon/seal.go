package signon

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"
)

// maxUsed bounds the states that are remembered as used.
const maxUsed = 100_000

// seal keeps what a browser keeps for us from being read or changed there. Its
// key lives as long as the program: what was sealed before a restart is begun
// anew.
type seal struct {
	box cipher.AEAD

	mu   sync.Mutex
	used map[string]time.Time // states, and when nobody takes them any more
}

func newSeal() (*seal, error) {
	key := make([]byte, 32)
	rand.Read(key) // never fails
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("making a key: %w", err)
	}
	box, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("making a key: %w", err)
	}
	return &seal{box: box, used: map[string]time.Time{}}, nil
}

// once is true the first time that a state is named.
func (s *seal) once(state string, until, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, before := s.used[state]; before {
		return false
	}
	if len(s.used) >= maxUsed {
		for state, until := range s.used {
			if !now.Before(until) {
				delete(s.used, state)
			}
		}
		for state := range s.used {
			if len(s.used) < maxUsed {
				break
			}
			// Any: its code was used up at the provider too.
			delete(s.used, state)
		}
	}
	s.used[state] = until
	return true
}

// close writes a value for a browser to keep; use says what it is for.
func (s *seal) close(use string, v any) (string, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("sealing: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(s.box.Seal(nil, nil, data, []byte(use))), nil
}

// errSeal: something was sealed by somebody else, for something else, or before a
// restart.
var errSeal = errors.New("the seal is broken")

// open reads what close wrote for the same use.
func (s *seal) open(use, sealed string, v any) error {
	data, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil {
		return errSeal
	}
	if data, err = s.box.Open(nil, nil, data, []byte(use)); err != nil {
		return errSeal
	}
	return json.Unmarshal(data, v)
}

// Seal writes a value for a browser to keep; use says what it is for.
func (p *Provider) Seal(use string, v any) (string, error) { return p.seal.close(use, v) }

// Unseal reads what Seal wrote for the same use.
func (p *Provider) Unseal(use, sealed string, v any) error { return p.seal.open(use, sealed, v) }

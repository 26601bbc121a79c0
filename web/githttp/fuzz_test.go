package githttp

import (
	"bytes"
	"testing"
)

// FuzzReadWish reads what may stand before a pack: it ends, keeps within its
// bounds and reads not a byte of what follows.
func FuzzReadWish(f *testing.F) {
	const id = "0123456789012345678901234567890123456789"
	for _, s := range []string{"0000", "0035shallow " + id + "\n0000", "0076" + id + " " + id + " refs/heads/main\x00report-status\n0000PACK", "0003", "zzzz", "00ff"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r := bytes.NewReader(data)
		w, err := readWish(r)
		if err != nil {
			return
		}
		if len(w.commands) > maxCommands || len(w.shallow) > maxShallow {
			t.Fatal("more than is taken")
		}
		at := len(data) - r.Len()
		if at < 4 || string(data[at-4:at]) != flushPacket {
			t.Fatalf("ended at %d, not behind a flush", at)
		}
		if out := w.answer(nil, nil, errUnread); w.bands && !bytes.HasSuffix(out, []byte(flushPacket)) {
			t.Fatal("an answer that does not end")
		}
	})
}

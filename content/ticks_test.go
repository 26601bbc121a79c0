package content_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"dealwiki/content"
)

func TestOnlyTicks(t *testing.T) {
	const text = "# Plan\n\n- [ ] one\n- [x] two @dana due:2026-12-01 ^a-1\n  - [X] three\n\n    [ ] code\n"
	for other, want := range map[string]bool{
		text: false,
		"# Plan\n\n- [x] one\n- [x] two @dana due:2026-12-01 ^a-1\n  - [X] three\n\n    [ ] code\n": true,
		"# Plan\n\n- [x] one\n- [ ] two @dana due:2026-12-01 ^a-1\n  - [ ] three\n\n    [ ] code\n": true,
		"# Plan\n\n- [x] one\n- [x] two @dana due:2026-12-02 ^a-1\n  - [X] three\n\n    [ ] code\n": false,
		"# Plan\n\n- [ ] one\n- [x] two @dana due:2026-12-01 ^a-1\n  - [X] three\n\n    [x] code\n": false,
		"# Plan\n\n- [x] one more\n- [x] two @dana due:2026-12-01 ^a-1\n":                           false,
		"": false,
	} {
		assert.Equal(t, want, content.OnlyTicks([]byte(text), []byte(other)), other)
		assert.Equal(t, want, content.OnlyTicks([]byte(other), []byte(text)), other)
	}
}

package register

import (
	"encoding/json"
	"sync"
)

// parsed keeps facts by the rows that they were read from, so that one that has
// not changed is taken apart once. What it answers shares its life and its
// attributes with others who ask: they are not to be changed. It is safe for
// concurrent use.
type parsed struct {
	mu    sync.Mutex
	facts map[string]Fact
}

// maxParsed is how many facts are kept; then all are dropped and read again.
const maxParsed = 10_000

func (p *parsed) fact(row []byte) (Fact, error) {
	p.mu.Lock()
	f, ok := p.facts[string(row)]
	p.mu.Unlock()
	if ok {
		return f, nil
	}
	if err := json.Unmarshal(row, &f); err != nil {
		return f, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.facts == nil || len(p.facts) >= maxParsed {
		p.facts = map[string]Fact{}
	}
	p.facts[string(row)] = f
	return f, nil
}

package wiki

import (
	"bytes"
	"fmt"

	"gopkg.in/yaml.v3"
)

// YAML writes the funnel as funnel.yaml has it. The comment at the top of what
// was there before is kept; comments further down are not.
func (f *Funnel) YAML(before []byte) ([]byte, error) {
	var out bytes.Buffer
	for len(before) > 0 && (before[0] == '#' || before[0] == '\n' || before[0] == '\r') {
		line, rest, _ := bytes.Cut(before, []byte("\n"))
		out.Write(bytes.TrimRight(line, "\r"))
		out.WriteByte('\n')
		before = rest
	}
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	if err := enc.Encode(f); err != nil {
		return nil, fmt.Errorf("writing the funnel: %w", err)
	}
	if err := enc.Close(); err != nil {
		return nil, fmt.Errorf("writing the funnel: %w", err)
	}
	return out.Bytes(), nil
}

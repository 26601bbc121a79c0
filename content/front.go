package content

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// Front is the front matter of a page: YAML between two lines of three
// hyphens at its very beginning.
type Front struct {
	Title  string
	Tags   []string
	Values map[string]any // everything; scalars, []any and map[string]any only
	Err    error          // why it could not be read; nil without front matter
	Raw    []byte         // the YAML as written, without the fences
}

const (
	maxFront      = 64 << 10 // bytes of front matter that are read
	maxFrontNodes = 5000     // values in it, aliases expanded
	maxFrontDepth = 32
)

// splitFront cuts a page into front matter (without fences, nil when there is
// none) and body. An opening fence that is never closed is body text.
func splitFront(src []byte) (front, body []byte) {
	b := bytes.TrimPrefix(src, utf8BOM)
	first, rest := cutLine(b)
	if !isFence(first) {
		return nil, b
	}
	for at := 0; at < len(rest); {
		line, after := cutLine(rest[at:])
		if isFence(line) {
			return rest[:at:at], after
		}
		at = len(rest) - len(after)
	}
	return nil, b
}

// cutLine returns the first line with its end, and what follows.
func cutLine(b []byte) (line, rest []byte) {
	if i := bytes.IndexByte(b, '\n'); i >= 0 {
		return b[:i+1], b[i+1:]
	}
	return b, b[len(b):]
}

func isFence(line []byte) bool {
	return string(bytes.TrimRight(line, " \t\r\n")) == "---"
}

func parseFront(raw []byte) (f Front) {
	if raw == nil {
		return Front{}
	}
	f.Raw = raw
	defer func() {
		// The YAML reader is not ours; whatever it does, a page must show.
		if p := recover(); p != nil {
			f = Front{Raw: raw, Err: errors.New("reading front matter: it is not valid YAML")}
		}
	}()
	if len(raw) > maxFront {
		f.Err = fmt.Errorf("reading front matter: it is longer than %d kB", maxFront>>10)
		return f
	}
	// Flow brackets are counted first: the reader recurses on them.
	if n := deepestFlow(raw); n > maxFrontDepth {
		f.Err = fmt.Errorf("reading front matter: it is nested deeper than %d levels", maxFrontDepth)
		return f
	}
	var n yaml.Node
	// The empty line stands for the fence, so that lines are counted as in the page.
	if err := yaml.Unmarshal(append([]byte{'\n'}, raw...), &n); err != nil {
		f.Err = fmt.Errorf("reading front matter: %w", err)
		return f
	}
	if n.Kind == 0 || len(n.Content) == 0 {
		return f
	}
	r := frontReader{left: maxFrontNodes}
	v, err := r.value(n.Content[0], 0)
	if err != nil {
		f.Err = fmt.Errorf("reading front matter: %w", err)
		return f
	}
	values, ok := v.(map[string]any)
	if !ok {
		if v != nil {
			f.Err = errors.New("reading front matter: it must be a list of “name: value” lines")
		}
		return f
	}
	f.Values = values
	f.Title = strings.TrimSpace(scalar(values["title"]))
	f.Tags = tags(values["tags"])
	return f
}

// deepestFlow counts open brackets, quoted ones too: an upper bound.
func deepestFlow(b []byte) int {
	depth, most := 0, 0
	for _, c := range b {
		switch c {
		case '[', '{':
			depth++
			most = max(most, depth)
		case ']', '}':
			depth = max(depth-1, 0)
		}
	}
	return most
}

// frontReader turns YAML nodes into plain values within a budget, so that
// aliases cannot grow without bound.
type frontReader struct{ left int }

func (r *frontReader) value(n *yaml.Node, depth int) (any, error) {
	if r.left--; r.left < 0 {
		return nil, fmt.Errorf("line %d: it has more than %d values", n.Line, maxFrontNodes)
	}
	if depth > maxFrontDepth {
		return nil, fmt.Errorf("line %d: it is nested deeper than %d levels", n.Line, maxFrontDepth)
	}
	switch n.Kind {
	case yaml.AliasNode:
		return r.value(n.Alias, depth+1)
	case yaml.SequenceNode:
		list := make([]any, 0, len(n.Content))
		for _, c := range n.Content {
			v, err := r.value(c, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		return list, nil
	case yaml.MappingNode:
		return r.mapping(n, depth)
	case yaml.ScalarNode:
		return frontScalar(n)
	}
	return nil, fmt.Errorf("line %d: unknown kind of value", n.Line)
}

func (r *frontReader) mapping(n *yaml.Node, depth int) (any, error) {
	m := make(map[string]any, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		if k.Kind != yaml.ScalarNode {
			return nil, fmt.Errorf("line %d: a name must be plain text", k.Line)
		}
		if _, twice := m[k.Value]; twice {
			return nil, fmt.Errorf("line %d: “%s” stands there twice", k.Line, clip(k.Value, 60))
		}
		v, err := r.value(n.Content[i+1], depth+1)
		if err != nil {
			return nil, err
		}
		m[k.Value] = v
	}
	return m, nil
}

func frontScalar(n *yaml.Node) (any, error) {
	switch tag := n.ShortTag(); tag {
	case "!!str":
		return strings.ToValidUTF8(n.Value, "\uFFFD"), nil
	case "!!timestamp":
		return n.Value, nil // dates stay as they were written
	case "!!null":
		return nil, nil
	case "!!bool":
		var v bool
		err := n.Decode(&v)
		return v, err
	case "!!int":
		var v int64
		if err := n.Decode(&v); err != nil {
			return n.Value, nil // larger than any number we use: kept as text
		}
		return v, nil
	case "!!float":
		var v float64
		if err := n.Decode(&v); err != nil {
			return nil, err
		}
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("line %d: “%s” is not a number", n.Line, clip(n.Value, 60))
		}
		return v, nil
	default:
		return nil, fmt.Errorf("line %d: values of type %s cannot be used", n.Line, clip(tag, 60))
	}
}

func scalar(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

// tags reads a list, or one text with commas.
func tags(v any) []string {
	var all []string
	switch v := v.(type) {
	case []any:
		for _, t := range v {
			all = append(all, scalar(t))
		}
	default:
		all = strings.Split(scalar(v), ",")
	}
	var out []string
	for _, t := range all {
		if t = strings.TrimSpace(t); t != "" {
			out = append(out, t)
		}
	}
	return out
}

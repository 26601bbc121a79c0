package wiki

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"

	"gopkg.in/yaml.v3"
)

// YAML writes the funnel as funnel.yaml has it. Comments of what was there
// before stay with what they speak of: the stage of the same key, the criterion
// of the same id, the page of the same name. Those of what is gone go with it.
func (f *Funnel) YAML(before []byte) ([]byte, error) {
	plain, err := f.write(nil)
	if err != nil {
		return nil, err
	}
	text, err := f.write(before)
	if err != nil {
		return plain, nil
	}
	// What was written before lends its looks, never its meaning.
	var want, got Funnel
	if yaml.Unmarshal(plain, &want) != nil || yaml.Unmarshal(text, &got) != nil || !reflect.DeepEqual(want, got) {
		return plain, nil
	}
	return text, nil
}

// write writes the funnel, with the looks of what was there before.
func (f *Funnel) write(before []byte) ([]byte, error) {
	var out bytes.Buffer
	for len(before) > 0 && (before[0] == '#' || before[0] == '\n' || before[0] == '\r') {
		line, rest, _ := bytes.Cut(before, []byte("\n"))
		out.Write(bytes.TrimRight(line, "\r"))
		out.WriteByte('\n')
		before = rest
	}
	var was, now yaml.Node
	if err := now.Encode(f); err != nil {
		return nil, fmt.Errorf("writing the funnel: %w", err)
	}
	if yaml.Unmarshal(before, &was) == nil && was.Kind == yaml.DocumentNode && len(was.Content) == 1 {
		keepWriting(was.Content[0], &now)
		now.HeadComment, now.LineComment, now.FootComment = was.HeadComment, was.LineComment, was.FootComment
	}
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	if err := enc.Encode(&now); err != nil {
		return nil, fmt.Errorf("writing the funnel: %w", err)
	}
	if err := enc.Close(); err != nil {
		return nil, fmt.Errorf("writing the funnel: %w", err)
	}
	return out.Bytes(), nil
}

// keepWriting gives a tree of YAML the comments of the one that it replaces, and
// the way that lists and unchanged texts were written.
func keepWriting(was, now *yaml.Node) {
	now.HeadComment, now.LineComment, now.FootComment = was.HeadComment, was.LineComment, was.FootComment
	if was.Kind != now.Kind {
		return
	}
	switch now.Kind {
	case yaml.ScalarNode:
		if was.Value == now.Value && was.Tag == now.Tag {
			now.Style = was.Style
		}
	case yaml.MappingNode:
		now.Style = was.Style
		for i := 0; i+1 < len(now.Content); i += 2 {
			for j := 0; j+1 < len(was.Content); j += 2 {
				if was.Content[j].Value == now.Content[i].Value {
					keepWriting(was.Content[j], now.Content[i])
					keepWriting(was.Content[j+1], now.Content[i+1])
				}
			}
		}
	case yaml.SequenceNode:
		now.Style = was.Style
		matchItems(was.Content, now.Content)
	}
}

// matchItems matches the items of two lists by name, and those without a match
// that stand at the same place: such a one was renamed.
func matchItems(was, now []*yaml.Node) {
	free := slices.Clone(was)
	var left []int
	for i, item := range now {
		j := slices.IndexFunc(free, func(n *yaml.Node) bool { return n != nil && itemName(n) == itemName(item) })
		if j < 0 {
			left = append(left, i)
			continue
		}
		keepWriting(free[j], item)
		free[j] = nil
	}
	for _, i := range left {
		if i < len(free) && free[i] != nil {
			keepWriting(free[i], now[i])
		}
	}
}

// itemName is what an item of a list in the funnel is known by.
func itemName(n *yaml.Node) string {
	if n.Kind != yaml.MappingNode {
		return n.Value
	}
	field := func(name string) string {
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == name {
				return n.Content[i+1].Value
			}
		}
		return ""
	}
	for _, name := range []string{"key", "id"} {
		if v := field(name); v != "" {
			return v
		}
	}
	return field("section") + "/" + field("page") + "/" + field("text")
}

package brief

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"dealwiki/content"
	"dealwiki/wiki"
	"dealwiki/wiki/people"
)

// dismissedFile keeps on the internal side which sentences were looked at and
// found to be no facts, so that nobody is asked twice.
const dismissedFile = "dismissed.yaml"

type dismissal struct {
	Key  string `yaml:"key"`
	Text string `yaml:"text"`
	By   string `yaml:"by"` // person id
	On   string `yaml:"on"`
}

// possibleKey tells a sentence from others, however its page changes round it.
func possibleKey(text string) string {
	sum := sha256.Sum256([]byte(strings.Join(wordRe.FindAllString(strings.ToLower(text), -1), " ")))
	return hex.EncodeToString(sum[:8])
}

func (m *Maker) dismissed(ctx context.Context, caller people.Caller, sp *wiki.Space) (map[string]bool, error) {
	files, err := sp.Internal().Folder(ctx, caller, dismissedFile)
	if err != nil {
		return nil, err
	}
	data, err := files.Read(dismissedFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var list []dismissal
	if err := yaml.Unmarshal(data, &list); err != nil {
		return nil, nil // somebody's slip: they are asked again
	}
	out := map[string]bool{}
	for _, d := range list {
		out[d.Key] = true
	}
	return out, nil
}

// Dismiss says that a sentence is no fact.
func (m *Maker) Dismiss(ctx context.Context, caller people.Caller, sp *wiki.Space, text string) error {
	text = clip(strings.Join(strings.Fields(text), " "))
	if text == "" {
		return &wiki.Invalid{Field: "text", Problem: "is empty"}
	}
	_, err := sp.Transact(ctx, caller, people.Editor, func(tx *wiki.Transaction) (string, error) {
		data, err := tx.Read(dismissedFile)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
		var list []dismissal
		if err := yaml.Unmarshal(data, &list); err != nil {
			return "", &wiki.Invalid{Field: dismissedFile, Problem: "is not valid YAML; mend it in a clone"}
		}
		key := possibleKey(text)
		for _, d := range list {
			if d.Key == key {
				return "", nil
			}
		}
		list = append(list, dismissal{key, text, caller.Person.ID, m.w.Now().UTC().Format(time.DateOnly)})
		data, err = yaml.Marshal(list)
		if err != nil {
			return "", fmt.Errorf("writing %s: %w", dismissedFile, err)
		}
		return "Dismiss a possible fact", tx.Write(dismissedFile, data)
	})
	return err
}

// Confirm makes a fact of a sentence: a callout right after the paragraph that
// holds it, in the words of the page. The edit is the caller's. From an
// external page the fact goes to the internal page facts of its stage, with a
// link to where it was said, so that nothing is told the customer by a click.
func (m *Maker) Confirm(ctx context.Context, caller people.Caller, sp *wiki.Space, src Source, kind, text string) (*wiki.Edited, error) {
	if !content.IsFactKind(kind) {
		return nil, &wiki.Invalid{Field: "kind", Problem: "is one of decision, commitment, requirement, risk, question, stakeholder"}
	}
	text = strings.TrimSuffix(strings.Join(strings.Fields(text), " "), " …")
	side, err := sp.Side(src.Place.Section)
	if err != nil {
		return nil, err
	}
	page, err := side.Read(ctx, caller, src.Place)
	if err != nil {
		return nil, err
	}
	callout := "> [!" + kind + "] " + text + "\n"
	edit := wiki.Edit{Place: src.Place, Base: page.Version, Message: "Mark a " + kind + " on " + page.Title}
	if src.Place.Section == wiki.Internal {
		next, err := after(page.Text, text, callout)
		if err != nil {
			return nil, err
		}
		edit.Text = next
		return side.Edit(ctx, caller, edit)
	}
	edit.Place = wiki.Place{Section: wiki.Internal, Stage: src.Place.Stage, Page: "facts"}
	edit.Base = [20]byte{}
	own := []byte("# Facts from shared pages\n")
	if was, err := sp.Internal().Read(ctx, caller, edit.Place); err == nil {
		edit.Base, own = was.Version, was.Text
	} else if !errors.Is(err, wiki.ErrNotFound) {
		return nil, err
	}
	edit.Text = append(own[:len(own):len(own)], "\n"+callout+"> Said on the shared page "+page.Title+" ("+src.Place.String()+").\n"...)
	return sp.Internal().Edit(ctx, caller, edit)
}

// after puts a block after the paragraph that holds a sentence.
func after(text []byte, sentence, block string) ([]byte, error) {
	doc := content.Parse(text)
	for _, p := range doc.Passages() {
		if !strings.Contains(p.Text, sentence) {
			continue
		}
		lines := content.SplitLines(text)
		end := p.Line - 1 // of the paragraph: the next empty line, or the end
		for end < len(lines) && strings.TrimSpace(string(lines[end])) != "" {
			end++
		}
		var out []byte
		for _, l := range lines[:end] {
			out = append(out, l...)
		}
		if len(out) > 0 && out[len(out)-1] != '\n' {
			out = append(out, '\n')
		}
		out = append(out, "\n"+block...)
		for _, l := range lines[end:] {
			out = append(out, l...)
		}
		return out, nil
	}
	return nil, &wiki.Invalid{Field: "text", Problem: "is no longer on the page; load the brief again"}
}

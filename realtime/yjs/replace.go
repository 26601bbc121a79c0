package yjs

import (
	"fmt"
	"io"
	"strings"
)

// Replace makes the text equal to another by small edits (see [Diff]), so that
// what others type meanwhile, and where their cursors stand, stays. It answers
// as [Doc.Change] does.
func (d *Doc) Replace(text string) ([]byte, error) {
	return d.Change(Diff(d.Text(), strings.ToValidUTF8(text, replacement))...)
}

// Rebase answers the update that brings a text made from an older state into
// this document, without applying it. The state is what [Doc.Encode] wrote when
// the text was that of the state: the smallest edit is made there, under a
// client id that neither knows. What was typed since then stays. (To compare
// the text with the live one would delete it.) The update is nil if the text is
// that of the state. Limits are those of this document.
func (d *Doc) Rebase(state []byte, text string, random io.Reader) (update []byte, client uint64, err error) {
	base, err := Load(state, Options{})
	if err != nil {
		return nil, 0, err
	}
	for base.client == 0 || base.clients[base.client] != nil {
		if base.client, err = d.FreshClient(random); err != nil {
			return nil, 0, err
		}
	}
	base.limits = d.limits
	if update, err = base.Replace(text); err != nil {
		return nil, 0, fmt.Errorf("replacing the text of an older state: %w", err)
	}
	return update, base.client, nil
}

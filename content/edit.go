package content

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"sort"
	"strings"
)

var (
	// ErrNoTask says that there is no task on the line.
	ErrNoTask = errors.New("there is no task on this line")
	// ErrNoFact says that the page has no fact or action of that id.
	ErrNoFact = errors.New("there is no fact with this id on the page")
	// ErrStatus says that a status cannot be written.
	ErrStatus = errors.New("a status is a word in lower case")
)

// insertion puts text at an offset; with it, cut bytes are taken away.
type insertion struct {
	at, cut int
	text    string
}

// apply makes edits, which must not overlap.
func apply(src []byte, edits []insertion) []byte {
	sort.SliceStable(edits, func(i, j int) bool { return edits[i].at < edits[j].at })
	var b bytes.Buffer
	last := 0
	for _, e := range edits {
		b.Write(src[last:e.at])
		b.WriteString(e.text)
		last = e.at + e.cut
	}
	b.Write(src[last:])
	return b.Bytes()
}

// AssignIDs gives every fact and action without an id one, at the end of its
// first line, and reports whether it changed anything; the other bytes stay as
// they are. newID is asked for ids, with the kind of the fact or “action”,
// until it answers one that is not on the page. Where an id could not be read
// back (a first line that ends inside code, say) none is put.
func AssignIDs(src []byte, newID func(kind string) string) ([]byte, bool) {
	skip := map[int]bool{}
	for range 4 {
		out, lines := assignIDs(src, newID, skip)
		if len(lines) == 0 {
			return src, false
		}
		// Read it back: an id that is not one there would be put again and again.
		missing := false
		for _, line := range missingIDs(Parse(out)) {
			if slices.Contains(lines, line) && !skip[line] {
				skip[line] = true
				missing = true
			}
		}
		if !missing {
			return out, true
		}
	}
	return src, false
}

func missingIDs(d *Doc) []int {
	var lines []int
	for _, f := range d.facts {
		if f.ID == "" {
			lines = append(lines, f.Line)
		}
	}
	for _, a := range d.actions {
		if a.ID == "" {
			lines = append(lines, a.Line)
		}
	}
	return lines
}

// assignIDs puts ids and returns the lines that got one.
func assignIDs(src []byte, newID func(string) string, skip map[int]bool) ([]byte, []int) {
	d := Parse(src)
	used := map[string]bool{}
	for _, id := range d.ids {
		used[id] = true
	}
	var edits []insertion
	var lines []int
	add := func(kind string, line int, s spot) {
		if skip[line] {
			return
		}
		for range 100 {
			if id := newID(kind); id != "" && !used[id] {
				used[id] = true
				edits = append(edits, insertion{at: s.end, text: " ^" + id})
				lines = append(lines, line)
				return
			}
		}
	}
	for _, f := range d.facts {
		if f.ID == "" {
			add(f.Kind, f.Line, f.spot)
		}
	}
	for _, a := range d.actions {
		if a.ID == "" {
			add("action", a.Line, a.spot)
		}
	}
	if len(edits) == 0 {
		return src, nil
	}
	return apply(src, edits), lines
}

// idLetters leaves out what is easily mistaken when read aloud or copied.
const idLetters = "0123456789abcdefghjkmnpqrstvwxyz"

// NewID makes an id such as “c-7f3a9k” of a fact kind or “action”: the first
// letter tells the kind, thirty random bits make it unlike all others of a
// prospect. It is empty when random fails.
func NewID(kind string, random io.Reader) string {
	mark := "t"
	if k, ok := calloutKinds[kind]; ok && k.fact {
		mark = k.mark
	}
	var b [6]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return ""
	}
	for i := range b {
		b[i] = idLetters[int(b[i])%len(idLetters)]
	}
	return mark + "-" + string(b[:])
}

// SetTask ticks or unticks the task on a 1-based line. Only the character
// between the brackets changes. [ErrNoTask] if there is no task.
func SetTask(src []byte, line int, done bool) ([]byte, error) {
	for _, t := range Parse(src).tasks {
		if t.Line != line {
			continue
		}
		if t.Done == done {
			return src, nil
		}
		mark := " "
		if done {
			mark = "x"
		}
		return apply(src, []insertion{{at: t.at, cut: 1, text: mark}}), nil
	}
	return nil, fmt.Errorf("setting task on line %d: %w", line, ErrNoTask)
}

// SetFactStatus writes the status of a fact on its first line; "" or "open"
// takes it away. An action is ticked by “done” and unticked by "" or "open".
// [ErrNoFact] if the page has no such fact, [ErrStatus] if the status is not a
// word in lower case.
func SetFactStatus(src []byte, id, status string) ([]byte, error) {
	if status == "open" {
		status = ""
	}
	if status != "" && !isStatus(status) {
		return nil, fmt.Errorf("setting status of %s: %w", id, ErrStatus)
	}
	id = strings.TrimPrefix(id, "^")
	d := Parse(src)
	for _, f := range d.facts {
		if f.ID == id && id != "" {
			return apply(src, statusEdit(src, f.spot, f.Status, status)), nil
		}
	}
	for _, a := range d.actions {
		if a.ID == id && id != "" {
			if status != "" && status != "done" {
				return nil, fmt.Errorf("setting status of %s: an action is open or done: %w", id, ErrStatus)
			}
			return SetTask(src, a.Line, status == "done")
		}
	}
	return nil, fmt.Errorf("setting status of %s: %w", clip(id, 80), ErrNoFact)
}

// statusEdit is the edit that turns one status into another. A new one stands
// before the id, which stays last.
func statusEdit(src []byte, s spot, old, status string) []insertion {
	if old == status {
		return nil
	}
	for _, a := range s.attrs {
		if a.key != "status" {
			continue
		}
		if status != "" {
			return []insertion{{at: a.start, cut: a.stop - a.start, text: "status:" + status}}
		}
		start := a.start
		for start > 0 && (src[start-1] == ' ' || src[start-1] == '\t') {
			start--
		}
		return []insertion{{at: start, cut: a.stop - start}}
	}
	for _, a := range s.attrs {
		if a.key == "^" {
			return []insertion{{at: a.start, text: "status:" + status + " "}}
		}
	}
	return []insertion{{at: s.end, text: " status:" + status}}
}

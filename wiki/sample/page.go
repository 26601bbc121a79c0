package sample

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

type revisionData struct {
	Day  int
	At   string
	By   string
	With []string
	Note string
}

// parsePage reads a page file: a list of revisions between two lines "---",
// then the text with marks that say which lines belong to which revisions.
func parsePage(src string, cal calendar) ([]Revision, error) {
	rest, ok := strings.CutPrefix(src, "---\n")
	if !ok {
		return nil, errors.New("does not start with a line ---")
	}
	head, body, ok := strings.Cut(rest, "\n---\n")
	if !ok {
		return nil, errors.New("the list of revisions has no end")
	}
	var list []revisionData
	d := yaml.NewDecoder(strings.NewReader(head))
	d.KnownFields(true)
	if err := d.Decode(&list); err != nil {
		return nil, fmt.Errorf("reading the list of revisions: %w", err)
	}
	if len(list) == 0 {
		return nil, errors.New("has no revision")
	}
	texts, err := unfold(body, len(list))
	if err != nil {
		return nil, err
	}
	var revisions []Revision
	var last time.Time
	for i, r := range list {
		minute, err := clock(r.At)
		if err != nil {
			return nil, err
		}
		at := cal.moment(r.Day, minute)
		if i > 0 && r.Day < list[i-1].Day {
			return nil, fmt.Errorf("revision %d is older than the one before it", i+1)
		}
		// Moving weekends to Friday may put two days' work in the wrong order.
		if !at.After(last) {
			at = last.Add(7 * time.Minute)
		}
		last = at
		text, err := cal.expand(texts[i])
		if err != nil {
			return nil, err
		}
		note, err := cal.expand(r.Note)
		if err != nil {
			return nil, err
		}
		if i > 0 && text == revisions[i-1].Text {
			return nil, fmt.Errorf("revision %d changes nothing", i+1)
		}
		revisions = append(revisions, Revision{At: at, Author: r.By, CoAuthors: r.With, Message: note, Text: text})
	}
	return revisions, nil
}

// A mark at the start of a line: %2 from revision 2 on, %-2 up to revision 2,
// %2-4 both; followed by { it opens a block that %} closes.
var mark = regexp.MustCompile(`^%([0-9]*)(-?)([0-9]*)( |\{$|$)`)

// unfold returns the text of each of n revisions.
func unfold(body string, n int) ([]string, error) {
	texts := make([]strings.Builder, n)
	add := func(from, to int, line string) {
		for i := from; i <= to; i++ {
			texts[i-1].WriteString(line)
			texts[i-1].WriteByte('\n')
		}
	}
	blockFrom, blockTo := 1, n
	inBlock := false
	for i, line := range strings.Split(strings.TrimSuffix(body, "\n"), "\n") {
		if line == "%}" {
			if !inBlock {
				return nil, fmt.Errorf("line %d of the text closes no block", i+1)
			}
			blockFrom, blockTo, inBlock = 1, n, false
			continue
		}
		m := mark.FindStringSubmatch(line)
		if m == nil || m[1]+m[3] == "" {
			add(blockFrom, blockTo, line)
			continue
		}
		from, to := 1, n
		if m[1] != "" {
			from, _ = strconv.Atoi(m[1])
		}
		if m[3] != "" {
			to, _ = strconv.Atoi(m[3])
		}
		if from < 1 || to > n || from > to {
			return nil, fmt.Errorf("line %d of the text is marked for revisions %d to %d of %d", i+1, from, to, n)
		}
		if m[4] == "{" {
			if inBlock {
				return nil, fmt.Errorf("line %d of the text opens a block inside a block", i+1)
			}
			blockFrom, blockTo, inBlock = from, to, true
			continue
		}
		add(max(from, blockFrom), min(to, blockTo), line[len(m[0]):])
	}
	if inBlock {
		return nil, errors.New("a block is not closed")
	}
	out := make([]string, n)
	for i := range texts {
		out[i] = texts[i].String()
	}
	return out, nil
}

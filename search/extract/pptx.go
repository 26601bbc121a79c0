package extract

import (
	"encoding/xml"
	"errors"
	"fmt"
	"path"
	"sort"
	"strconv"
	"strings"
)

// pptxParts reads a presentation slide by slide, each with its notes.
func pptxParts(data []byte) ([]Part, error) {
	a, err := openArchive(data)
	if err != nil {
		return nil, err
	}
	slides, err := a.slides()
	if err != nil {
		return nil, err
	}
	var c collector
	var failed error
	for i, name := range slides {
		if c.full() {
			break
		}
		var b strings.Builder
		if err := a.slideText(name, &b); err != nil {
			if errors.Is(err, ErrTooLarge) {
				return nil, err
			}
			failed = err
		}
		targets, types := a.relations(name)
		for id, typ := range types {
			if typ == "notesSlide" && a.has(targets[id]) {
				b.WriteByte('\n')
				// Notes that cannot be read take nothing from their slide.
				_ = a.slideText(targets[id], &b)
				break
			}
		}
		c.add(fmt.Sprintf("Slide %d", i+1), b.String())
	}
	if len(c.parts) == 0 && failed != nil {
		return nil, failed
	}
	return c.parts, nil
}

// slides lists the entries of the slides in the order they are shown in.
func (a *archive) slides() ([]string, error) {
	const presentation = "ppt/presentation.xml"
	targets, _ := a.relations(presentation)
	var slides []string
	err := a.walk(presentation, func(t xml.Token) error {
		e, ok := t.(xml.StartElement)
		if !ok || e.Name.Local != "sldId" {
			return nil
		}
		for _, at := range e.Attr {
			if at.Name.Local == "id" && at.Name.Space != "" {
				if name := targets[at.Value]; a.has(name) && len(slides) < MaxParts {
					slides = append(slides, name)
				}
			}
		}
		return nil
	})
	if err != nil || len(slides) > 0 {
		return slides, err
	}
	number := func(name string) int {
		n, _ := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(path.Base(name), "slide"), ".xml"))
		return n
	}
	for name := range a.files {
		if path.Dir(name) == "ppt/slides" && number(name) > 0 {
			slides = append(slides, name)
		}
	}
	sort.Slice(slides, func(i, j int) bool { return number(slides[i]) < number(slides[j]) })
	return slides, nil
}

// slideText writes the text of a slide, a line for every paragraph.
func (a *archive) slideText(name string, b *strings.Builder) error {
	inText, skip := false, 0
	return a.walk(name, func(t xml.Token) error {
		if b.Len() > MaxText {
			return errStop
		}
		switch e := t.(type) {
		case xml.StartElement:
			if skip > 0 || e.Name.Local == "Fallback" {
				skip++
				return nil
			}
			switch e.Name.Local {
			case "t":
				inText = true
			case "br":
				b.WriteByte('\n')
			}
		case xml.EndElement:
			if skip > 0 {
				skip--
				return nil
			}
			switch e.Name.Local {
			case "t":
				inText = false
			case "p":
				b.WriteByte('\n')
			}
		case xml.CharData:
			if inText && skip == 0 {
				b.Write(e)
			}
		}
		return nil
	})
}

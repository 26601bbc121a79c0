package extract

import (
	"encoding/xml"
	"errors"
	"fmt"
	"strings"
)

// docxParts reads a Word document by the pages it had when it was last saved.
func docxParts(data []byte) ([]Part, error) {
	a, err := openArchive(data)
	if err != nil {
		return nil, err
	}
	var c collector
	page, broken := 1, false
	var b strings.Builder
	flush := func() {
		c.add(fmt.Sprintf("Page %d", page), b.String())
		b.Reset()
	}
	err = a.wordText("word/document.xml", func(s string) error {
		b.WriteString(s)
		if c.size+b.Len() > MaxText {
			return errStop
		}
		return nil
	}, func() error {
		flush()
		page++
		broken = true
		if c.full() {
			return errStop
		}
		return nil
	})
	flush()
	if err != nil && (len(c.parts) == 0 || errors.Is(err, ErrTooLarge)) {
		return nil, err
	}
	if !broken && len(c.parts) == 1 {
		c.parts[0].Label = "" // a file of one page needs no number
	}
	for _, extra := range []struct{ file, label string }{{"word/footnotes.xml", "Footnotes"}, {"word/endnotes.xml", "Endnotes"}, {"word/comments.xml", "Comments"}} {
		if !a.has(extra.file) || c.full() {
			continue
		}
		b.Reset()
		// What can be read of the notes is taken; the document itself is whole.
		_ = a.wordText(extra.file, func(s string) error {
			b.WriteString(s)
			if c.size+b.Len() > MaxText {
				return errStop
			}
			return nil
		}, func() error { return nil })
		c.add(extra.label, b.String())
	}
	return c.parts, nil
}

// wordText gives the text of a WordprocessingML entry and the page breaks in
// it. Deleted text and the older twin of a drawing are left out.
func (a *archive) wordText(name string, text func(string) error, page func() error) error {
	inText, skip, rendered := false, 0, false
	return a.walk(name, func(t xml.Token) error {
		switch e := t.(type) {
		case xml.StartElement:
			if skip > 0 || e.Name.Local == "Fallback" {
				skip++
				return nil
			}
			switch e.Name.Local {
			case "t":
				inText = true
			case "tab":
				return text("\t")
			case "noBreakHyphen":
				return text("-")
			case "cr":
				return text("\n")
			case "lastRenderedPageBreak":
				rendered = true
				return page()
			case "br":
				if attr(e, "type") == "page" {
					// A document that Word has laid out marks every page
					// itself; one made by a program has only these.
					if rendered {
						return text("\n")
					}
					return page()
				}
				return text("\n")
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
				return text("\n")
			case "tc":
				return text("\t")
			}
		case xml.CharData:
			if inText && skip == 0 {
				return text(string(e))
			}
		}
		return nil
	})
}

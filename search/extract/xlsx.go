package extract

import (
	"encoding/xml"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// maxShared bounds the texts a workbook's cells share, in number and bytes.
const (
	maxShared      = 1 << 20
	maxSharedBytes = 32 << 20
)

// workbook is an opened xlsx file.
type workbook struct {
	*archive
	sheets []struct{ name, file string }
	shared []string
	dates  map[int]string // cell style → layout of its date
	cents  map[int]bool   // cell style → shown as percent
	epoch  time.Time
}

func openWorkbook(data []byte) (*workbook, error) {
	a, err := openArchive(data)
	if err != nil {
		return nil, err
	}
	w := &workbook{archive: a, dates: map[int]string{}, cents: map[int]bool{}, epoch: time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)}
	const book = "xl/workbook.xml"
	targets, types := a.relations(book)
	err = a.walk(book, func(t xml.Token) error {
		e, ok := t.(xml.StartElement)
		if !ok {
			return nil
		}
		switch e.Name.Local {
		case "workbookPr":
			if v := attr(e, "date1904"); v == "1" || v == "true" {
				w.epoch = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
			}
		case "sheet":
			for _, at := range e.Attr {
				if at.Name.Local == "id" && at.Name.Space != "" && a.has(targets[at.Value]) && types[at.Value] == "worksheet" && len(w.sheets) < MaxParts {
					w.sheets = append(w.sheets, struct{ name, file string }{attr(e, "name"), targets[at.Value]})
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for id, typ := range types {
		switch typ {
		case "sharedStrings":
			err = a.readShared(targets[id], w)
		case "styles":
			err = a.readStyles(targets[id], w)
		}
		if err != nil {
			return nil, err
		}
	}
	return w, nil
}

func (a *archive) readShared(name string, w *workbook) error {
	if !a.has(name) {
		return nil
	}
	var b strings.Builder
	inText, phonetic, size := false, false, 0
	return a.walk(name, func(t xml.Token) error {
		switch e := t.(type) {
		case xml.StartElement:
			switch e.Name.Local {
			case "si":
				b.Reset()
			case "rPh":
				phonetic = true
			case "t":
				inText = !phonetic
			}
		case xml.EndElement:
			switch e.Name.Local {
			case "si":
				if size += b.Len(); size > maxSharedBytes || len(w.shared) >= maxShared {
					return ErrTooLarge
				}
				w.shared = append(w.shared, b.String())
			case "rPh":
				phonetic = false
			case "t":
				inText = false
			}
		case xml.CharData:
			if inText {
				b.Write(e)
			}
		}
		return nil
	})
}

// readStyles finds the cell styles that make dates or percents of numbers.
func (a *archive) readStyles(name string, w *workbook) error {
	if !a.has(name) {
		return nil
	}
	custom := map[int]string{}
	inCells, style := false, 0
	return a.walk(name, func(t xml.Token) error {
		switch e := t.(type) {
		case xml.StartElement:
			switch e.Name.Local {
			case "numFmt":
				if id, err := strconv.Atoi(attr(e, "numFmtId")); err == nil && len(custom) < maxEntries {
					custom[id] = attr(e, "formatCode")
				}
			case "cellXfs":
				inCells = true
			case "xf":
				if !inCells || style >= maxShared {
					return nil
				}
				id, _ := strconv.Atoi(attr(e, "numFmtId"))
				if layout := dateLayout(id, custom[id]); layout != "" {
					w.dates[style] = layout
				} else if id == 9 || id == 10 || strings.HasSuffix(custom[id], "%") {
					w.cents[style] = true
				}
				style++
			}
		case xml.EndElement:
			if e.Name.Local == "cellXfs" {
				inCells = false
			}
		}
		return nil
	})
}

// dateLayout tells how a number format shows a date; "" when it shows none.
func dateLayout(id int, code string) string {
	switch {
	case code == "" && (id >= 14 && id <= 17):
		return "2006-01-02"
	case code == "" && (id >= 18 && id <= 21 || id >= 45 && id <= 47):
		return "15:04:05"
	case code == "" && id == 22:
		return "2006-01-02 15:04"
	case code == "":
		return ""
	}
	// Quoted text, escaped signs and [colours] say nothing about the number.
	var b strings.Builder
	quoted, bracket, escaped := false, false, false
	for _, r := range strings.ToLower(code) {
		switch {
		case escaped:
			escaped = false
		case r == '\\' || r == '_':
			escaped = true
		case r == '"':
			quoted = !quoted
		case r == '[':
			bracket = true
		case r == ']':
			bracket = false
		case !quoted && !bracket:
			b.WriteRune(r)
		}
	}
	code = b.String()
	day, clock := strings.ContainsAny(code, "yd"), strings.ContainsAny(code, "hs")
	switch {
	case day && clock:
		return "2006-01-02 15:04"
	case day:
		return "2006-01-02"
	case clock:
		return "15:04:05"
	}
	return ""
}

// cells gives the filled cells of a sheet in the order of the file; row and
// column are 0-based.
func (w *workbook) cells(file string, cell func(row, col int, text string) error) error {
	row, col, kind, style := -1, -1, "", 0
	var b strings.Builder
	take, phonetic := false, false
	return w.walk(file, func(t xml.Token) error {
		switch e := t.(type) {
		case xml.StartElement:
			switch e.Name.Local {
			case "row":
				if n, err := strconv.Atoi(attr(e, "r")); err == nil && n > 0 {
					row = n - 1
				} else {
					row++
				}
				col = -1
			case "c":
				kind = attr(e, "t")
				style, _ = strconv.Atoi(attr(e, "s"))
				if r, c, ok := cellRef(attr(e, "r")); ok {
					row, col = r, c
				} else {
					col++
				}
				b.Reset()
			case "v":
				take = true
			case "t":
				take = !phonetic
			case "rPh":
				phonetic = true
			}
		case xml.EndElement:
			switch e.Name.Local {
			case "v", "t":
				take = false
			case "rPh":
				phonetic = false
			case "c":
				if text := w.shown(kind, style, b.String()); text != "" && row >= 0 && col >= 0 {
					return cell(row, col, text)
				}
			}
		case xml.CharData:
			if take && b.Len() < MaxText {
				b.Write(e)
			}
		}
		return nil
	})
}

// shown is a cell's value as a person would write it.
func (w *workbook) shown(kind string, style int, v string) string {
	switch kind {
	case "s":
		if i, err := strconv.Atoi(strings.TrimSpace(v)); err == nil && i >= 0 && i < len(w.shared) {
			return w.shared[i]
		}
		return ""
	case "b":
		if v == "1" {
			return "TRUE"
		}
		return "FALSE"
	case "str", "inlineStr", "e", "d":
		return v
	}
	f, err := strconv.ParseFloat(v, 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		return v
	}
	if layout := w.dates[style]; layout != "" && f >= 0 && f < 2958466 {
		return w.epoch.Add(time.Duration(math.Round(f*86400)) * time.Second).Format(layout)
	}
	if w.cents[style] {
		return strconv.FormatFloat(math.Round(f*1e6)/1e4, 'f', -1, 64) + "%"
	}
	if math.Abs(f) < 1e15 {
		// Binary fractions such as 0.30000000000000004 are not what was typed.
		s := strconv.FormatFloat(f, 'f', 10, 64)
		if g, _ := strconv.ParseFloat(s, 64); math.Abs(g-f) < 1e-9 {
			if strings.Contains(s, ".") {
				s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
			}
			return s
		}
	}
	return v
}

// cellRef reads a reference like "BC12".
func cellRef(s string) (row, col int, ok bool) {
	i := 0
	for ; i < len(s) && i < 3 && s[i] >= 'A' && s[i] <= 'Z'; i++ {
		col = col*26 + int(s[i]-'A') + 1
	}
	n, err := strconv.Atoi(s[i:])
	if i == 0 || err != nil || n <= 0 {
		return 0, 0, false
	}
	return n - 1, col - 1, true
}

// xlsxParts reads a workbook sheet by sheet: a line for every row, its cells
// by tabs.
func xlsxParts(data []byte) ([]Part, error) {
	w, err := openWorkbook(data)
	if err != nil {
		return nil, err
	}
	var c collector
	var failed error
	for i, s := range w.sheets {
		if c.full() {
			break
		}
		var b strings.Builder
		last := -1
		err := w.cells(s.file, func(row, col int, text string) error {
			if row != last {
				b.WriteByte('\n')
				last = row
			} else {
				b.WriteByte('\t')
			}
			b.WriteString(text)
			if c.size+b.Len() > MaxText {
				return errStop
			}
			return nil
		})
		if errors.Is(err, ErrTooLarge) {
			return nil, err
		}
		if err != nil {
			failed = err
		}
		label := s.name
		if label == "" {
			label = fmt.Sprintf("Sheet %d", i+1)
		}
		c.add(label, b.String())
	}
	if len(c.parts) == 0 && failed != nil {
		return nil, failed
	}
	return c.parts, nil
}

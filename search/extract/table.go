package extract

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
)

// Limits of a table that is shown.
const (
	MaxSheets = 50
	MaxRows   = 1000
	MaxCols   = 100
	maxCell   = 4 << 10 // bytes of one cell
	maxCells  = 100_000 // over all sheets
	maxCSV    = 2 << 20 // bytes of a CSV file that are looked at
)

// Sheet is the beginning of one table.
type Sheet struct {
	Name string     // "" in a CSV file
	Rows [][]string // at most MaxRows; a row ends with its last filled cell
	Cols int        // cells in the widest row, at most MaxCols
	More bool       // rows or columns are left out
}

// Table returns the rows of a CSV, TSV or xlsx file for showing, within the
// limits above. Errors are as those of Parts.
func Table(name string, data []byte) (sheets []Sheet, err error) {
	if len(data) > MaxInput {
		return nil, ErrTooLarge
	}
	defer func() {
		if r := recover(); r != nil {
			sheets, err = nil, fmt.Errorf("%w (%v)", ErrFormat, r)
		}
	}()
	switch strings.ToLower(path.Ext(name)) {
	case ".csv", ".tsv":
		return csvTable(decodeText(data))
	case ".xlsx", ".xlsm":
		return xlsxTable(data)
	}
	return nil, ErrUnsupported
}

func csvTable(text string) ([]Sheet, error) {
	if strings.ContainsRune(text, 0) {
		return nil, fmt.Errorf("%w: it holds bytes that are no text", ErrFormat)
	}
	var g grid
	if len(text) > maxCSV {
		text, g.more = cut(text, maxCSV), true
	}
	r := csv.NewReader(strings.NewReader(text))
	r.Comma = separator(text)
	r.LazyQuotes = true
	r.FieldsPerRecord = -1
	for row := 0; ; row++ {
		record, err := r.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %v", ErrFormat, err)
		}
		for col, cell := range record {
			if !g.set(row, col, cell) && row >= MaxRows {
				break
			}
		}
		if row >= MaxRows || g.cells >= maxCells {
			break
		}
	}
	return []Sheet{g.sheet("")}, nil
}

// separator guesses what stands between the cells, from the first lines.
func separator(text string) rune {
	head := cut(text, 8<<10)
	best, most := ',', 0
	for _, sep := range []rune{',', ';', '\t', '|'} {
		n, quoted := 0, false
		for _, r := range head {
			if r == '"' {
				quoted = !quoted
			} else if r == sep && !quoted {
				n++
			}
		}
		if n > most {
			best, most = sep, n
		}
	}
	return best
}

func xlsxTable(data []byte) ([]Sheet, error) {
	w, err := openWorkbook(data)
	if err != nil {
		return nil, err
	}
	var sheets []Sheet
	total := 0
	for i, s := range w.sheets {
		if i == MaxSheets {
			break
		}
		g := grid{cells: total}
		err := w.cells(s.file, func(row, col int, text string) error {
			if !g.set(row, col, text) && (row >= MaxRows || g.cells >= maxCells) {
				return errStop
			}
			return nil
		})
		if err != nil && (errors.Is(err, ErrTooLarge) || len(g.rows) == 0) {
			return nil, err
		}
		total = g.cells
		sheets = append(sheets, g.sheet(s.name))
	}
	return sheets, nil
}

// grid gathers cells within the limits.
type grid struct {
	rows  [][]string
	width int
	cells int // counts the cells made, empty ones included
	more  bool
}

// set puts a cell in; false when it lies past a limit.
func (g *grid) set(row, col int, text string) bool {
	if row >= MaxRows || col >= MaxCols || g.cells >= maxCells {
		g.more = true
		return false
	}
	for len(g.rows) <= row {
		g.rows = append(g.rows, nil)
		g.cells++
	}
	for len(g.rows[row]) <= col {
		g.rows[row] = append(g.rows[row], "")
		g.cells++
	}
	if len(text) > maxCell {
		text = cut(text, maxCell) + "…"
	}
	g.rows[row][col] = strings.ToValidUTF8(text, "\uFFFD")
	g.width = max(g.width, len(g.rows[row]))
	return true
}

func (g *grid) sheet(name string) Sheet {
	return Sheet{Name: name, Rows: g.rows, Cols: g.width, More: g.more}
}

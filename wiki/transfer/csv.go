package transfer

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"sort"
	"strings"
	"unicode/utf8"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
)

// Limits of a CSV file.
const (
	maxCSV     = 32 << 20
	maxCSVRows = 50_000
)

// Fields that a column of a CSV file can fill.
const (
	fieldTitle      = "title"
	fieldAccount    = "account"
	fieldValue      = "value"
	fieldCurrency   = "currency"
	fieldStage      = "stage"
	fieldClose      = "close"
	fieldExternalID = "external_id"
	fieldOwner      = "owner"
	fieldSource     = "source"
	fieldTags       = "tags"
	fieldCreated    = "created"
)

// csvFields are the names that -columns can use, in the order of the manual.
var csvFields = []string{fieldTitle, fieldAccount, fieldValue, fieldCurrency, fieldStage, fieldClose, fieldExternalID, fieldOwner, fieldSource, fieldTags, fieldCreated}

// knownColumns are the headings of Salesforce and HubSpot exports, folded.
var knownColumns = map[string]string{
	// both, and what a person would write
	"amount": fieldValue, "value": fieldValue, "currency": fieldCurrency, "stage": fieldStage, "close date": fieldClose,
	"title": fieldTitle, "name": fieldTitle, "owner": fieldOwner, "tags": fieldTags, "source": fieldSource, "external id": fieldExternalID,
	"expected close": fieldClose, "prospect": fieldTitle,
	// Salesforce
	"opportunity name": fieldTitle, "account name": fieldAccount, "opportunity id": fieldExternalID, "opportunity owner": fieldOwner,
	"opportunity owner email": fieldOwner, "owner email": fieldOwner, "lead source": fieldSource, "amount currency": fieldCurrency,
	"opportunity currency": fieldCurrency, "created date": fieldCreated, "stage name": fieldStage, "stagename": fieldStage, "closedate": fieldClose, "leadsource": fieldSource,
	"currency iso code": fieldCurrency, "currencyisocode": fieldCurrency, "opportunity id (18)": fieldExternalID,
	// HubSpot
	"deal name": fieldTitle, "deal stage": fieldStage, "record id": fieldExternalID, "record id - deal": fieldExternalID, "deal id": fieldExternalID,
	"deal owner": fieldOwner, "create date": fieldCreated, "associated company": fieldAccount, "associated company (primary)": fieldAccount,
	"original source": fieldSource, "original source type": fieldSource, "amount in company currency": fieldValue,
}

// CSVOptions say how a CSV file is read.
type CSVOptions struct {
	// Columns name the heading of a field where it is not one of the known
	// ones, as ParseColumns reads them.
	Columns map[string]string
	// Currency stands where the file has none.
	Currency string
	// DryRun checks everything and changes nothing.
	DryRun   bool
	Progress func(done, total int, what string)
}

// ParseColumns reads "title=Name,value=Amount": field, equals sign, heading.
func ParseColumns(s string) (map[string]string, error) {
	out := map[string]string{}
	if strings.TrimSpace(s) == "" {
		return out, nil
	}
	for part := range strings.SplitSeq(s, ",") {
		field, heading, ok := strings.Cut(part, "=")
		field, heading = strings.ToLower(strings.TrimSpace(field)), strings.TrimSpace(heading)
		known := false
		for _, f := range csvFields {
			known = known || f == field
		}
		if !ok || !known || heading == "" {
			return nil, &wiki.Invalid{Field: "columns", Problem: fmt.Sprintf("are written as FIELD=HEADING, separated by commas, with fields of %s; %q is not", strings.Join(csvFields, ", "), part)}
		}
		out[field] = heading
	}
	return out, nil
}

// RowError is what is wrong with one line of a CSV file.
type RowError struct {
	Line    int // of the file, from 1; where the row begins
	Problem string
}

func (e RowError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Problem) }

// RowErrors are all that is wrong with a CSV file. Nothing was changed.
type RowErrors []RowError

func (e RowErrors) Error() string {
	const show = 20
	var b strings.Builder
	fmt.Fprintf(&b, "nothing was imported: %d of the file's rows cannot be read", len(e))
	for i, r := range e {
		if i == show {
			fmt.Fprintf(&b, "\nand %d more", len(e)-show)
			break
		}
		b.WriteString("\n" + r.Error())
	}
	return b.String()
}

// CSVResult is what a CSV import has done.
type CSVResult struct {
	Created   []string // slugs, in the order of the file
	Updated   []string
	Unchanged int
	Notes     []string
}

// ImportCSV makes prospects of the rows of a CRM's export, or brings those up
// to date that were imported before: rows are known by their external id, and
// where the file has no such column by their title. All rows are checked before
// the first is imported.
//
// Separators are comma, semicolon or tab, whichever the heading line has most.
// Dates are 2027-03-01 or 2027/03/01, with or without a time, or in the American
// order 3/1/2027. Amounts may have a currency sign and thousands separators.
// Stages are named by key or title of the funnel; closed deals (Closed Won,
// Closed Lost) get their outcome when they are made. The stage and outcome of a
// prospect that is there are not touched: they are the team's to change.
func ImportCSV(ctx context.Context, w *wiki.Wiki, caller people.Caller, r io.Reader, o CSVOptions) (*CSVResult, error) {
	if o.Progress == nil {
		o.Progress = func(int, int, string) {}
	}
	res := &CSVResult{}
	rows, err := readCSV(ctx, w, caller, r, o, res)
	if err != nil {
		return nil, err
	}
	for i, row := range rows {
		if err := ctx.Err(); err != nil {
			return res, err
		}
		if err := row.importInto(ctx, w, caller, o, res); err != nil {
			return res, fmt.Errorf("line %d: %w", row.line, err)
		}
		o.Progress(i+1, len(rows), "importing rows")
	}
	return res, nil
}

func invalidCSV(format string, args ...any) error {
	return &wiki.Invalid{Field: "the CSV file", Problem: fmt.Sprintf(format, args...)}
}

func readCSV(ctx context.Context, w *wiki.Wiki, caller people.Caller, r io.Reader, o CSVOptions, res *CSVResult) ([]csvRow, error) {
	table, err := parseCSV(&limitedReader{r, maxCSV, invalidCSV("is larger than %d MB", maxCSV>>20)})
	if err != nil {
		return nil, err
	}
	columns, err := table.columns(o.Columns)
	if err != nil {
		return nil, err
	}
	funnel, err := w.Funnel(ctx)
	if err != nil {
		return nil, err
	}
	byID, byTitle := map[string]*wiki.Entry{}, map[string]*wiki.Entry{}
	for _, e := range w.Prospects(ctx, caller) {
		if e.ExternalID != "" {
			byID[e.ExternalID] = &e
		}
		byTitle[strings.ToLower(e.Title)] = &e
	}
	var rows []csvRow
	var bad RowErrors
	seen := map[string]int{}
	unknown := map[string]bool{}
	for i, cells := range table.rows {
		row := csvRow{line: table.lines[i], has: map[string]bool{}}
		if err := row.read(cells, columns, funnel, o.Currency); err != nil {
			bad = append(bad, RowError{row.line, err.Error()})
			continue
		}
		key := "id " + row.p.ExternalID
		if row.p.ExternalID == "" {
			key = "title " + strings.ToLower(row.p.Title)
		}
		if first, ok := seen[key]; ok {
			bad = append(bad, RowError{row.line, fmt.Sprintf("is the same deal as line %d; leave one of them out", first)})
			continue
		}
		seen[key] = row.line
		if row.p.ExternalID != "" {
			row.entry = byID[row.p.ExternalID]
		} else {
			row.entry = byTitle[strings.ToLower(row.p.Title)]
		}
		if row.owner != "" {
			if p, err := w.People().Find(ctx, row.owner); err == nil && !p.Guest {
				row.owner = p.ID
			} else {
				if !unknown[row.owner] {
					unknown[row.owner] = true
					res.Notes = append(res.Notes, fmt.Sprintf("%q has no account here under that address or handle; the deals are owned by whoever imports them", row.owner))
				}
				row.owner = ""
			}
		}
		rows = append(rows, row)
	}
	sort.Strings(res.Notes)
	if len(bad) > 0 {
		return nil, bad
	}
	if len(rows) == 0 {
		return nil, invalidCSV("has a heading line but no rows")
	}
	return rows, nil
}

// csvTable is a file's cells.
type csvTable struct {
	head  []string
	rows  [][]string
	lines []int
}

func parseCSV(r io.Reader) (*csvTable, error) {
	br := bufio.NewReaderSize(r, 1<<16)
	if b, err := br.Peek(3); err == nil && string(b) == "\xef\xbb\xbf" {
		br.Discard(3)
	} else if len(b) >= 2 && (string(b[:2]) == "\xff\xfe" || string(b[:2]) == "\xfe\xff") {
		return nil, invalidCSV("is UTF-16 text; save it as CSV UTF-8 and try again")
	}
	peek, err := br.Peek(1 << 16)
	if len(peek) == 0 {
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		return nil, invalidCSV("is empty")
	}
	cr := csv.NewReader(br)
	cr.Comma = separator(peek)
	cr.FieldsPerRecord = -1
	t := &csvTable{}
	for {
		cells, err := cr.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		var perr *csv.ParseError
		if errors.As(err, &perr) {
			return nil, RowErrors{{perr.StartLine, fmt.Sprintf("a quotation mark is out of place (%v)", perr.Err)}}
		}
		if err != nil {
			return nil, err
		}
		line, _ := cr.FieldPos(0)
		for _, c := range cells {
			if !utf8.ValidString(c) {
				return nil, RowErrors{{line, "is no UTF-8 text; save the file as CSV UTF-8 and try again"}}
			}
		}
		if t.head == nil {
			t.head = cells
			continue
		}
		if strings.TrimSpace(strings.Join(cells, "")) == "" {
			continue
		}
		if len(t.rows) >= maxCSVRows {
			return nil, invalidCSV("has more than %d rows; split it", maxCSVRows)
		}
		t.rows = append(t.rows, cells)
		t.lines = append(t.lines, line)
	}
	if t.head == nil {
		return nil, invalidCSV("is empty")
	}
	return t, nil
}

// separator is what the heading line has most of, outside quotation marks.
func separator(start []byte) rune {
	count := map[byte]int{}
	quoted := false
loop:
	for _, c := range start {
		switch {
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '\n':
			break loop
		default:
			count[c]++
		}
	}
	best := ','
	for _, c := range []byte{';', '\t'} {
		if count[c] > count[byte(best)] {
			best = rune(c)
		}
	}
	return best
}

// columns finds which column fills which field.
func (t *csvTable) columns(given map[string]string) (map[string]int, error) {
	out := map[string]int{}
	for field, heading := range given {
		found := false
		for i, h := range t.head {
			if strings.EqualFold(strings.TrimSpace(h), heading) {
				out[field], found = i, true
				break
			}
		}
		if !found {
			return nil, invalidCSV("has no column %q; its columns are %s", heading, strings.Join(t.head, ", "))
		}
	}
	for i, h := range t.head {
		field, ok := knownColumns[strings.ToLower(strings.Join(strings.Fields(h), " "))]
		if _, taken := out[field]; ok && !taken {
			out[field] = i
		}
	}
	if _, ok := out[fieldTitle]; !ok {
		if i, ok := out[fieldAccount]; ok {
			out[fieldTitle] = i
		} else {
			return nil, invalidCSV("has no column that names the deal, such as Opportunity Name or Deal Name; say which it is with -columns title=HEADING")
		}
	}
	return out, nil
}

package transfer_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/transfer"
)

func importCSV(t testing.TB, w *world, text string, o transfer.CSVOptions) (*transfer.CSVResult, error) {
	t.Helper()
	return transfer.ImportCSV(t.Context(), w.Wiki, cli, strings.NewReader(text), o)
}

func TestCSVOfKnownCRMs(t *testing.T) {
	w := newWorld(t)
	_, err := w.People().Add(t.Context(), people.System("test"), people.NewPerson{Email: "dana@example.com", Name: "Dana"})
	require.NoError(t, err)
	salesforce, err := os.ReadFile(filepath.Join("testdata", "salesforce.csv"))
	require.NoError(t, err)
	res, err := importCSV(t, w, string(salesforce), transfer.CSVOptions{})
	require.NoError(t, err)
	assert.Equal(t, []string{"northwind-rail-depot-cabling", "globex-renewal", "initech-pilot"}, res.Created)
	assert.Len(t, res.Notes, 1)
	e, err := w.Prospect(t.Context(), cli, "northwind-rail-depot-cabling")
	require.NoError(t, err)
	assert.Equal(t, "Northwind Rail: Depot cabling", e.Title)
	assert.Equal(t, 125000.5, e.Value)
	assert.Equal(t, "EUR", e.Currency)
	assert.Equal(t, "qualifying", e.Stage)
	assert.Equal(t, "2027-03-01", e.ExpectedClose)
	assert.Equal(t, "0065g00000AbCdE", e.ExternalID)
	assert.Equal(t, "Web", e.Source)
	access, err := w.People().Access(t.Context(), e.Slug)
	require.NoError(t, err)
	assert.NotEmpty(t, access.Owner)
	e, err = w.Prospect(t.Context(), cli, "globex-renewal")
	require.NoError(t, err)
	assert.Equal(t, wiki.OutcomeWon, e.Outcome)
	e, err = w.Prospect(t.Context(), cli, "initech-pilot")
	require.NoError(t, err)
	assert.Equal(t, wiki.OutcomeLost, e.Outcome)

	res, err = importCSV(t, w, string(salesforce), transfer.CSVOptions{})
	require.NoError(t, err)
	assert.Equal(t, 3, res.Unchanged)
	res, err = importCSV(t, w, strings.ReplaceAll(string(salesforce), "125.000,50", "130.000"), transfer.CSVOptions{})
	require.NoError(t, err)
	assert.Equal(t, []string{"northwind-rail-depot-cabling"}, res.Updated)

	hubspot, err := os.ReadFile(filepath.Join("testdata", "hubspot.csv"))
	require.NoError(t, err)
	res, err = importCSV(t, w, string(hubspot), transfer.CSVOptions{Currency: "USD"})
	require.NoError(t, err)
	assert.Equal(t, []string{"hooli-campus-network", "pied-piper"}, res.Created)
	e, err = w.Prospect(t.Context(), cli, "hooli-campus-network")
	require.NoError(t, err)
	assert.Equal(t, "proposing", e.Stage)
	assert.Equal(t, "USD", e.Currency)
	assert.Equal(t, 48000.0, e.Value)
	assert.Equal(t, "2027-01-31", e.ExpectedClose)
}

func TestCSVForms(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		o          transfer.CSVOptions
		title      string
		value      float64
		close      string
	}{
		{"byte order mark", "\ufeffTitle,Value\nAcme,5\n", transfer.CSVOptions{}, "Acme", 5, ""},
		{"semicolons", "Title;Value;Close Date\nAcme;1.234,5;2027/3/1\n", transfer.CSVOptions{}, "Acme", 1234.5, "2027-03-01"},
		{"tabs", "Title\tValue\nAcme\t$1,234.50\n", transfer.CSVOptions{}, "Acme", 1234.5, ""},
		{"quoted newline", "Title,Value\n\"Acme,\nLtd.\",5\n", transfer.CSVOptions{}, "Acme, Ltd.", 5, ""},
		{"american date", "Title,Close Date\nAcme,3/1/2027\n", transfer.CSVOptions{}, "Acme", 0, "2027-03-01"},
		{"date and time", "Title,Close Date\nAcme,2027-03-01 13:45\n", transfer.CSVOptions{}, "Acme", 0, "2027-03-01"},
		{"own columns", "What,How much\nAcme,1'000\n", transfer.CSVOptions{Columns: map[string]string{"title": "What", "value": "how much"}}, "Acme", 1000, ""},
		{"CRLF and empty lines", "Title,Value\r\n\r\nAcme,7\r\n,\r\n", transfer.CSVOptions{}, "Acme", 7, ""},
		{"ragged", "Title,Value,Stage\nAcme\n", transfer.CSVOptions{}, "Acme", 0, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			res, err := importCSV(t, w, tt.text, tt.o)
			require.NoError(t, err)
			require.Len(t, res.Created, 1)
			e, err := w.Prospect(t.Context(), cli, res.Created[0])
			require.NoError(t, err)
			assert.Equal(t, tt.title, e.Title)
			assert.Equal(t, tt.value, e.Value)
			assert.Equal(t, tt.close, e.ExpectedClose)
		})
	}
}

func TestCSVErrorsChangeNothing(t *testing.T) {
	w := newWorld(t)
	for _, tt := range []struct{ name, text, want string }{
		{"empty", "", "is empty"},
		{"heading only", "Title\n", "no rows"},
		{"no title", "Value\n5\n", "no column that names the deal"},
		{"rows", "Title,Value,Close Date,Stage\nGood,1,,\n,2,,\nA,much,,\nB,1,31/12/2027,\nC,1,,Somewhere\n", "line 3: has no name\nline 4: \"much\" is not an amount"},
		{"rows", "Title,Value,Close Date,Stage\nGood,1,,\nB,1,31/12/2027,\nC,1,,Somewhere\n", "line 3: \"31/12/2027\" is not a date"},
		{"stage", "Title,Stage\nGood,\nC,Somewhere\n", "\"Somewhere\" is not a stage"},
		{"same twice", "Title,Record ID\nA,1\nB,1\n", "line 3: is the same deal as line 2"},
		{"no id", "Title,Record ID\nA,1\nB,\n", "line 3: has no id"},
		{"quote", "Title,Value\nA,1\n\"B\"x,2\n", "line 3: a quotation mark"},
		{"line after newlines", "Title,Value\n\"A\n\nb\",1\nB,x\n", "line 5: \"x\" is not an amount"},
		{"negative", "Title,Value\nA,-5\n", "not an amount"},
		{"infinite", "Title,Value\nA," + strings.Repeat("9", 400) + "\n", "not an amount"},
		{"not UTF-8", "Title\nCaf\xe9\n", "UTF-8"},
		{"UTF-16", "\xff\xfeT\x00", "UTF-16"},
		{"control", "Title\nA\x07B\n", "cannot be shown"},
		{"long", "Title\n" + strings.Repeat("x", 300) + "\n", "too long"},
	} {
		_, err := importCSV(t, w, tt.text, transfer.CSVOptions{})
		assert.ErrorContains(t, err, tt.want, tt.name)
		assert.Empty(t, w.Prospects(t.Context(), cli), tt.name)
	}
	_, err := importCSV(t, w, "Title\nA\n", transfer.CSVOptions{Columns: map[string]string{"value": "Price"}})
	assert.ErrorContains(t, err, `no column "Price"`)
	res, err := importCSV(t, w, "Title\nA\n", transfer.CSVOptions{DryRun: true})
	require.NoError(t, err)
	assert.Equal(t, []string{"a"}, res.Created)
	assert.Empty(t, w.Prospects(t.Context(), cli))
}

func TestParseColumns(t *testing.T) {
	m, err := transfer.ParseColumns("title=Name, value = Amount (EUR)")
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"title": "Name", "value": "Amount (EUR)"}, m)
	for _, s := range []string{"name=Title", "title", "title="} {
		_, err := transfer.ParseColumns(s)
		assert.ErrorContains(t, err, "FIELD=HEADING")
	}
}

func FuzzCSV(f *testing.F) {
	f.Add("Title,Value\nA,1\n")
	f.Add("\ufeffTitle;Close Date\n\"A\n;\";3/1/2027\n")
	w := newWorld(f)
	f.Fuzz(func(t *testing.T, text string) {
		_, _ = transfer.ImportCSV(t.Context(), w.Wiki, cli, strings.NewReader(text), transfer.CSVOptions{DryRun: true})
	})
}

package transfer

import (
	"context"
	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"errors"
	"fmt"
	"strings"
)

// csvRow is one prospect of a file, checked.
type csvRow struct {
	line  int
	p     wiki.Prospect
	owner string
	has   map[string]bool // fields that the file has a column for
	entry *wiki.Entry     // the prospect that is there
}

func (row *csvRow) read(cells []string, columns map[string]int, funnel *wiki.Funnel, currency string) error {
	get := func(field string) string {
		i, ok := columns[field]
		if !ok {
			return ""
		}
		row.has[field] = true
		if i >= len(cells) {
			return ""
		}
		return strings.TrimSpace(cells[i])
	}
	p := &row.p
	p.Title = oneLine(get(fieldTitle))
	if account := oneLine(get(fieldAccount)); account != "" && columns[fieldAccount] != columns[fieldTitle] && !strings.Contains(strings.ToLower(p.Title), strings.ToLower(account)) {
		p.Title = account + ": " + p.Title
	}
	p.ExternalID = get(fieldExternalID)
	p.Source = oneLine(get(fieldSource))
	p.Currency = strings.ToUpper(get(fieldCurrency))
	row.owner = get(fieldOwner)
	for tag := range strings.FieldsFuncSeq(get(fieldTags), func(r rune) bool { return r == ';' || r == ',' || r == '\n' }) {
		if tag = oneLine(tag); tag != "" {
			p.Tags = append(p.Tags, tag)
		}
	}
	if strings.TrimSpace(p.Title) == "" {
		return errors.New("has no name")
	}
	if row.has[fieldExternalID] && p.ExternalID == "" {
		return errors.New("has no id")
	}
	value, sign, err := parseAmount(get(fieldValue))
	if err != nil {
		return err
	}
	p.Value = value
	if p.Currency == "" {
		p.Currency = sign
	}
	if p.Currency == "" {
		p.Currency = currency
	}
	if p.ExpectedClose, err = parseDate(get(fieldClose)); err != nil {
		return err
	}
	if p.Created, err = parseDate(get(fieldCreated)); err != nil {
		return err
	}
	if err := row.readStage(get(fieldStage), funnel); err != nil {
		return err
	}
	return row.p.Validate()
}

func (row *csvRow) readStage(s string, funnel *wiki.Funnel) error {
	if s == "" {
		return nil
	}
	fold := wiki.Slug(s)
	switch fold {
	case "closed-won", "closedwon":
		row.p.Outcome = wiki.OutcomeWon
		row.p.OutcomeDate = row.p.ExpectedClose
		row.p.Stage = stageNamed(funnel, "delivering", len(funnel.Stages)-1)
		return nil
	case "closed-lost", "closedlost":
		row.p.Outcome, row.p.OutcomeReason = wiki.OutcomeLost, "imported as closed lost"
		row.p.OutcomeDate = row.p.ExpectedClose
		return nil
	}
	for _, st := range funnel.Stages {
		if fold == st.Key || fold == wiki.Slug(st.Title) || fold == wiki.Slug(st.Buyer) {
			row.p.Stage = st.Key
			return nil
		}
	}
	if key, ok := crmStages[fold]; ok && funnel.Stage(key) != nil {
		row.p.Stage = key
		return nil
	}
	var names []string
	for _, st := range funnel.Stages {
		names = append(names, st.Title)
	}
	return fmt.Errorf("%q is not a stage of the funnel; its stages are %s", s, strings.Join(names, ", "))
}

func stageNamed(f *wiki.Funnel, key string, otherwise int) string {
	if f.Stage(key) != nil {
		return key
	}
	return f.Stages[otherwise].Key
}

// crmStages are the stages that Salesforce and HubSpot begin with, and where
// they are in the default funnel.
var crmStages = map[string]string{
	"prospecting": "prospecting", "qualification": "qualifying", "needs-analysis": "qualifying", "value-proposition": "qualifying",
	"id-decision-makers": "qualifying", "perception-analysis": "pricing", "proposal-price-quote": "proposing", "negotiation-review": "negotiating",
	"appointment-scheduled": "prospecting", "appointmentscheduled": "prospecting", "qualified-to-buy": "qualifying", "qualifiedtobuy": "qualifying",
	"presentation-scheduled": "pricing", "presentationscheduled": "pricing", "decision-maker-bought-in": "proposing", "decisionmakerboughtin": "proposing",
	"contract-sent": "closing", "contractsent": "closing", "proposal": "proposing", "negotiation": "negotiating",
}

func (row *csvRow) importInto(ctx context.Context, w *wiki.Wiki, caller people.Caller, o CSVOptions, res *CSVResult) error {
	if row.entry == nil {
		if o.DryRun {
			res.Created = append(res.Created, wiki.Slug(row.p.Title))
			return nil
		}
		e, err := w.Create(ctx, caller, wiki.NewProspect{Prospect: row.p, Owner: row.owner})
		if err != nil {
			return err
		}
		res.Created = append(res.Created, e.Slug)
		return nil
	}
	patch, changed := row.patch()
	if !changed {
		res.Unchanged++
		return nil
	}
	if !o.DryRun {
		if _, err := w.Update(ctx, caller, row.entry.Slug, patch); err != nil {
			return err
		}
	}
	res.Updated = append(res.Updated, row.entry.Slug)
	return nil
}

// patch is what a row changes of the prospect that is there: the fields that
// the file has a column for.
func (row *csvRow) patch() (wiki.Patch, bool) {
	var patch wiki.Patch
	changed := false
	text := func(field string, to **string, is, want string) {
		if row.has[field] && want != "" && is != want {
			*to, changed = &want, true
		}
	}
	e := row.entry
	text(fieldTitle, &patch.Title, e.Title, row.p.Title)
	text(fieldClose, &patch.ExpectedClose, e.ExpectedClose, row.p.ExpectedClose)
	text(fieldSource, &patch.Source, e.Source, row.p.Source)
	text(fieldExternalID, &patch.ExternalID, e.ExternalID, row.p.ExternalID)
	if row.p.Currency != "" && row.p.Currency != e.Currency && (row.has[fieldCurrency] || e.Currency == "") {
		patch.Currency, changed = &row.p.Currency, true
	}
	if row.has[fieldValue] && row.p.Value != e.Value {
		patch.Value, changed = &row.p.Value, true
	}
	if row.has[fieldTags] && strings.Join(row.p.Tags, "\n") != strings.Join(e.Tags, "\n") {
		patch.Tags, changed = &row.p.Tags, true
	}
	return patch, changed
}

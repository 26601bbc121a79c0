package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"dealwiki/wiki/people"
	"dealwiki/wiki/sample"
	"dealwiki/wiki/source"
)

// demoNews is what the demo's outside sources tell: made up, like the company,
// and read from files in the data folder, so that nothing leaves the machine.
var demoNews = map[string][]struct {
	days        int // ago
	title, text string
}{
	"rail-press": {
		{1, "Northwind Rail names a new head of operations", "Northwind Rail has appointed Karin Aasen head of operations from January. She ran the depot programme at a neighbouring operator and is known for short supplier lists."},
		{3, "Northwind Rail to close two depots for the winter timetable", "From 13 December Northwind Rail will stable its northern fleet in one depot. Staff councils have agreed; the operator expects fewer empty runs."},
		{5, "Fjordline Trams reports a record autumn", "Fjordline Trams carried more people between September and November than in any quarter before, and wants to order ten more vehicles."},
		{9, "Rail regulator sets out rules on passenger data", "Operators, Northwind Rail among them, have to show by June where passenger data is kept and who may read it."},
		{12, "Calder Valley Buses wins the school contract", "Calder Valley Buses keeps the school lines for another six years, with a clause on punctuality."},
	},
	"public-tenders": {
		{2, "Prior information notice: depot planning software, Northwind Rail", "A notice of what may be bought next year. No tender documents yet; questions until the end of the month."},
		{6, "Award notice: ticketing, Tramlink Gent", "Four bids were received. Value and winner are named in the notice of Tramlink Gent."},
	},
}

// addDemoSources sets up the demo's outside sources.
func addDemoSources(ctx context.Context, s *server, company *sample.Company) error {
	folder := filepath.Join(s.wiki.Dir(), "sources")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return fmt.Errorf("making the folder of sources: %w", err)
	}
	type item struct {
		ID    string `json:"id"`
		Title string `json:"title"`
		Text  string `json:"text"`
		Link  string `json:"link"`
		Date  string `json:"date"`
	}
	for name, news := range demoNews {
		var all []item
		for i, n := range news {
			at := time.Now().AddDate(0, 0, -n.days).UTC()
			all = append(all, item{ID: fmt.Sprint(i), Title: n.title, Text: n.text, Link: fmt.Sprintf("https://%s.example/%s/%d", name, at.Format("2006/01"), i), Date: at.Format(time.RFC3339)})
		}
		data, err := json.MarshalIndent(map[string]any{"items": all}, "", "  ")
		if err != nil {
			return fmt.Errorf("writing the demo's news: %w", err)
		}
		if err := os.WriteFile(filepath.Join(folder, name+".json"), data, 0o600); err != nil {
			return fmt.Errorf("writing the demo's news: %w", err)
		}
	}
	for _, p := range company.People {
		person, err := s.people.ByEmail(ctx, p.Email)
		if err != nil {
			return fmt.Errorf("finding %s: %w", p.Name, err)
		}
		if person.Role != people.Admin {
			continue
		}
		admin := people.Caller{Person: person, Scopes: people.AllScopes, Via: "demo"}
		before, err := s.outside.SettingsText(ctx, admin)
		if err != nil {
			return err
		}
		set, err := s.outside.Settings(ctx)
		if err != nil {
			return err
		}
		next := *set
		next.Sources = append(next.Sources[:len(next.Sources):len(next.Sources)], demoSource("Rail press", "rail-press"), demoSource("Public tenders", "public-tenders"))
		text, err := next.YAML(before)
		if err != nil {
			return err
		}
		return s.outside.SetSettings(ctx, admin, before, text)
	}
	return nil
}

func demoSource(name, file string) source.Source {
	return source.Source{Key: file, Name: name, Kind: source.JSON, File: file + ".json", Every: source.Span(6 * time.Hour)}
}

package sample

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"sort"
	"strings"
	"time"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

//go:embed data
var embedded embed.FS

// Company is the sample company at one moment.
type Company struct {
	Name      string
	Domain    string     // of the staff's mail addresses
	People    []Person   // staff, the first is the administrator
	Guests    []Guest    // people at customers who may see an external section
	Prospects []Prospect // in the order of the funnel, oldest first in a stage
	Playbook  []Revision // pages of the company's own playbook, oldest first

	now time.Time // the moment that it was loaded for
}

// Person is somebody at the company, or at a customer.
type Person struct {
	Handle string
	Name   string
	Email  string
	Title  string // what their card says: "Solutions engineer"
	Role   string // admin or member; empty for a guest
	Job    string // sales, technical, delivery, marketing or manager; empty for a guest
	Skills string // one line in their own words
}

// Guest is a person at a customer with access to one prospect's external section.
type Guest struct {
	Person
	Prospect string
	Level    string // viewer, commenter or editor
	Until    time.Time
}

// Person returns the member of staff or guest with a handle.
func (c *Company) Person(handle string) (Person, bool) {
	for _, p := range c.People {
		if p.Handle == handle {
			return p, true
		}
	}
	for _, g := range c.Guests {
		if g.Handle == handle {
			return g.Person, true
		}
	}
	return Person{}, false
}

// Prospect is one account with the whole history of its pages.
type Prospect struct {
	Slug      string
	Title     string
	Stage     string // where it stands now; the last of Stages
	Owner     string // handle
	Value     int    // in whole units of Currency; 0: not known yet
	Currency  string
	Close     time.Time // expected, or actual for one that is over; zero: not known yet
	Goal      time.Time // what both sides work towards, as guests see it; zero: not set
	Tags      []string
	Source    string // how it came to us
	Outcome   string // open, won, lost or no-decision
	Reason    string // of the outcome, for lost and no-decision
	BuyerName string // the customer's name as guests see it
	Stages    []StageEntry
	Pending   *StageEntry // offered and not answered yet; nil: none
	Sleep     *Sleep      // nil: not on the nurturing list
	Warned    []Readiness // answers to early warnings, oldest first
	Revisions []Revision  // of all pages, oldest first
	Files     []File      // attachments, oldest first
	Mails     []Mail      // dropped into the log, oldest first
	Comments  []Thread    // oldest first
	Readings  []Reading   // of some pages; whoever wrote has read everything then
}

// Revision is one version of one page: its whole text.
type Revision struct {
	Section   string // internal or external
	Stage     string // of the funnel, "account" or "log"
	Page      string // slug
	At        time.Time
	Author    string   // handle
	CoAuthors []string // handles
	Message   string   // what was done, in a few words
	Text      string
	Number    int // 1-based, per page
}

// Path is SECTION/STAGE/PAGE.md.
func (r Revision) Path() string { return r.Section + "/" + r.Stage + "/" + r.Page + ".md" }

// File is an attachment.
type File struct {
	Section, Stage, Name string
	At                   time.Time
	Author               string // handle
	Data                 []byte
}

// Path is SECTION/STAGE/files/NAME.
func (f File) Path() string { return f.Section + "/" + f.Stage + "/files/" + f.Name }

type companyData struct {
	Name   string
	Domain string
	People []personData
	Guests []struct {
		personData `yaml:",inline"`
		Prospect   string
		Level      string
		UntilDays  int `yaml:"until_days"`
	}
}

type personData struct {
	Handle, Name, Email, Title, Role, Job, Skills string
}

type prospectData struct {
	Slug, Title, Stage, Owner string
	Value                     int
	Currency                  string
	CloseInDays               *int `yaml:"close_in_days"`
	GoalInDays                *int `yaml:"goal_in_days"`
	Tags                      []string
	Source, Outcome, Reason   string
	Stages                    []stageData
	Files                     []struct {
		Path string
		Day  int
		At   string
		By   string
	}
	relationData `yaml:",inline"`
}

// Load reads the sample company as it is at now, in now's time zone. It fails
// only when the embedded data is wrong; the error names the file.
func Load(now time.Time) (*Company, error) {
	data, err := fs.Sub(embedded, "data")
	if err != nil {
		return nil, fmt.Errorf("opening sample data: %w", err)
	}
	return load(data, calendar{now})
}

func load(data fs.FS, cal calendar) (*Company, error) {
	var cd companyData
	if err := decode(data, "company.yaml", &cd); err != nil {
		return nil, err
	}
	c := &Company{Name: cd.Name, Domain: cd.Domain, now: cal.now}
	for _, p := range cd.People {
		c.People = append(c.People, Person(p))
	}
	for _, g := range cd.Guests {
		c.Guests = append(c.Guests, Guest{
			Person: Person(g.personData), Prospect: g.Prospect, Level: g.Level, Until: cal.date(g.UntilDays),
		})
	}
	var pd struct{ Prospects []prospectData }
	if err := decode(data, "prospects.yaml", &pd); err != nil {
		return nil, err
	}
	for _, d := range pd.Prospects {
		p, err := loadProspect(data, cal, d)
		if err != nil {
			return nil, err
		}
		c.Prospects = append(c.Prospects, p)
	}
	var err error
	if c.Playbook, err = loadPages(data, cal, "playbook"); err != nil {
		return nil, err
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	return c, nil
}

func loadProspect(data fs.FS, cal calendar, d prospectData) (Prospect, error) {
	p := Prospect{
		Slug: d.Slug, Title: d.Title, Stage: d.Stage, Owner: d.Owner, Value: d.Value, Currency: d.Currency,
		Tags: d.Tags, Source: d.Source, Outcome: d.Outcome, Reason: d.Reason, BuyerName: d.Title,
	}
	if p.Currency == "" {
		p.Currency = "EUR"
	}
	if p.Outcome == "" {
		p.Outcome = "open"
	}
	if d.CloseInDays != nil {
		p.Close = cal.date(*d.CloseInDays)
	}
	if d.GoalInDays != nil {
		p.Goal = cal.date(*d.GoalInDays)
	}
	for i, s := range d.Stages {
		e, err := s.entry(cal, d.Owner)
		if err != nil {
			return Prospect{}, fmt.Errorf("prospects.yaml: %s: %w", d.Slug, err)
		}
		if i > 0 && e.Offered.Before(p.Stages[i-1].At) {
			e.Offered = e.At
		}
		p.Stages = append(p.Stages, e)
	}
	if err := d.relations(data, cal, &p); err != nil {
		return Prospect{}, fmt.Errorf("prospects.yaml: %s: %w", d.Slug, err)
	}
	var err error
	if p.Revisions, err = loadPages(data, cal, d.Slug); err != nil {
		return Prospect{}, err
	}
	for _, f := range d.Files {
		parts := strings.Split(f.Path, "/")
		if len(parts) != 4 || parts[2] != "files" {
			return Prospect{}, fmt.Errorf("%s: %q is not SECTION/STAGE/files/NAME", d.Slug, f.Path)
		}
		minute, err := clock(f.At)
		if err != nil {
			return Prospect{}, fmt.Errorf("%s: %s: %w", d.Slug, f.Path, err)
		}
		text, err := fs.ReadFile(data, path.Join(d.Slug, f.Path))
		if err != nil {
			return Prospect{}, fmt.Errorf("reading attachment: %w", err)
		}
		if utf8.Valid(text) {
			expanded, err := cal.expand(string(text))
			if err != nil {
				return Prospect{}, fmt.Errorf("%s: %s: %w", d.Slug, f.Path, err)
			}
			text = []byte(expanded)
		}
		p.Files = append(p.Files, File{
			Section: parts[0], Stage: parts[1], Name: parts[3],
			At: cal.moment(f.Day, minute), Author: f.By, Data: text,
		})
	}
	sort.SliceStable(p.Files, func(i, j int) bool { return p.Files[i].At.Before(p.Files[j].At) })
	return p, nil
}

// loadPages reads every page below folder, oldest revision first.
func loadPages(data fs.FS, cal calendar, folder string) ([]Revision, error) {
	var all []Revision
	err := fs.WalkDir(data, folder, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || path.Base(path.Dir(name)) == "files" || path.Ext(name) == ".eml" {
			return err
		}
		parts := strings.Split(strings.TrimPrefix(name, folder+"/"), "/")
		page, md := strings.CutSuffix(e.Name(), ".md")
		if len(parts) != 3 || !md {
			return fmt.Errorf("%s: not SECTION/STAGE/PAGE.md", name)
		}
		text, err := fs.ReadFile(data, name)
		if err != nil {
			return err
		}
		revisions, err := parsePage(string(text), cal)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if parts[1] == "log" {
			page = revisions[0].At.Format(time.DateOnly) + "-" + page
		}
		for i := range revisions {
			revisions[i].Section, revisions[i].Stage, revisions[i].Page = parts[0], parts[1], page
			revisions[i].Number = i + 1
		}
		all = append(all, revisions...)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading pages of %s: %w", folder, err)
	}
	sort.SliceStable(all, func(i, j int) bool { return all[i].At.Before(all[j].At) })
	return all, nil
}

func decode(data fs.FS, name string, v any) error {
	f, err := data.Open(name)
	if err != nil {
		return fmt.Errorf("opening sample data: %w", err)
	}
	defer f.Close()
	d := yaml.NewDecoder(f)
	d.KnownFields(true)
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("reading %s: %w", name, err)
	}
	return nil
}

// check reports the first thing that would make applying the company fail.
func (c *Company) check() error {
	staff := map[string]bool{}
	guest := map[string]string{}
	for _, p := range c.People {
		if p.Handle == "" || p.Email == "" || staff[p.Handle] {
			return fmt.Errorf("company.yaml: person %q needs a handle of their own and an address", p.Name)
		}
		staff[p.Handle] = true
	}
	slugs := map[string]bool{"playbook": true}
	for _, p := range c.Prospects {
		if p.Slug == "" || slugs[p.Slug] {
			return fmt.Errorf("prospects.yaml: %q needs a slug of its own", p.Title)
		}
		slugs[p.Slug] = true
	}
	for _, g := range c.Guests {
		if staff[g.Handle] || guest[g.Handle] != "" || !slugs[g.Prospect] {
			return fmt.Errorf("company.yaml: guest %q needs a handle of their own and a known prospect", g.Name)
		}
		guest[g.Handle] = g.Prospect
	}
	may := func(prospect, section, who string) bool {
		return staff[who] || (section == "external" && prospect != "" && guest[who] == prospect)
	}
	for _, p := range c.Prospects {
		if !staff[p.Owner] {
			return fmt.Errorf("prospects.yaml: %s: owner %q is nobody's handle", p.Slug, p.Owner)
		}
		if len(p.Stages) == 0 || p.Stages[len(p.Stages)-1].Stage != p.Stage {
			return fmt.Errorf("prospects.yaml: %s: the last of stages must be %q", p.Slug, p.Stage)
		}
		for i, s := range p.Stages {
			if !staff[s.By] || !staff[s.To] {
				return fmt.Errorf("prospects.yaml: %s: stage %s names somebody unknown", p.Slug, s.Stage)
			}
			if n := len(s.Ratings); n != 0 && n != 3 {
				return fmt.Errorf("prospects.yaml: %s: stage %s has %d ratings, not three", p.Slug, s.Stage, n)
			}
			if i > 0 && s.At.Before(p.Stages[i-1].At) {
				return fmt.Errorf("prospects.yaml: %s: stage %s is entered before the one above it", p.Slug, s.Stage)
			}
		}
		if who := p.stranger(staff); who != "" {
			return fmt.Errorf("prospects.yaml: %s: %q is nobody on the staff", p.Slug, who)
		}
		for _, r := range p.Revisions {
			for _, who := range append([]string{r.Author}, r.CoAuthors...) {
				if !may(p.Slug, r.Section, who) {
					return fmt.Errorf("%s/%s: %q may not write there", p.Slug, r.Path(), who)
				}
			}
		}
		for _, f := range p.Files {
			if !may(p.Slug, f.Section, f.Author) {
				return fmt.Errorf("%s/%s: %q may not write there", p.Slug, f.Path(), f.Author)
			}
		}
	}
	for _, r := range c.Playbook {
		for _, who := range append([]string{r.Author}, r.CoAuthors...) {
			if !may("", r.Section, who) {
				return fmt.Errorf("playbook/%s: %q may not write there", r.Path(), who)
			}
		}
	}
	return nil
}

package brief_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki/brief"
	"dealwiki/wiki/people"
	"dealwiki/wiki/transfer"
)

// realDeal is the brief of a deal that was imported and that nobody has marked
// up.
func realDeal(t testing.TB, name string) *brief.Brief {
	t.Helper()
	d := newDesk(t)
	src, err := transfer.OpenSource(t.Context(), filepath.Join("..", "transfer", "testdata", "realdeals", name+".bundle"), transfer.SourceOptions{})
	require.NoError(t, err)
	defer src.Close()
	res, err := transfer.Import(t.Context(), d.Wiki, people.System("test"), src, transfer.ImportOptions{Prospect: name})
	require.NoError(t, err)
	d.sp, err = d.Wiki.Space(t.Context(), d.tom, res.Slug)
	require.NoError(t, err)
	return d.brief(d.tom, "")
}

// A stranger asks ten questions of each deal. Each answer stands where the
// brief answers that question, within its first few sentences.
func TestBriefAnswersAStranger(t *testing.T) {
	type question struct {
		asks    string
		topic   brief.Topic
		answers []string // all of them, each in one of the sentences
	}
	for name, questions := range map[string][]question{
		"opm-eqip": {
			{"What is bought?", brief.TopicWhat, []string{"front-end prototype of the new e-QIP system", "user research and software development"}},
			{"By whom?", brief.TopicBuyer, []string{"Office of Personnel Management (OPM)", "on behalf of the GSA’s Technology Transformation Service (TTS)-18F"}},
			{"Why?", brief.TopicWhy, []string{"transforming into the National Background Investigations Bureau", "meet evolving requirements"}},
			{"By when must we answer, and by when do they want it?", brief.TopicWhen, []string{"Reply By: September 20, 2016", "September 22, 2016", "target date for the new e-QIP application is 2017"}},
			{"How long does it run?", brief.TopicWhen, []string{"base period of 3 months, with 5 additional option periods"}},
			{"What kind of contract?", brief.TopicPrice, []string{"labor-hour (LH) order"}},
			{"What is promised or asked for?", brief.TopicPromised, []string{"two-factor authentication", "open source"}},
			{"How do they decide?", brief.TopicJudged, []string{"technical evaluation factors combined are significantly more important than price", "greatest overall value"}},
			{"Who decides?", brief.TopicPeople, []string{"Product Owner is responsible for", "decision-making", "Fred Thomas"}},
			{"What is open, and where can it be asked?", brief.TopicOpen, []string{"questions as GitHub issues in this repository by September 13, 2016"}},
		},
		"fedramp-dashboard": {
			{"What is bought?", brief.TopicWhat, []string{"public beta launch of the FedRAMP dashboard"}},
			{"By whom?", brief.TopicBuyer, []string{"on behalf of the GSA Office of Citizen Services and Innovative Technologies, 18F"}},
			{"Why?", brief.TopicWhy, []string{"difficult for the external users (CSPs, agencies, OMB) to understand what stage", "increased transparency"}},
			{"By when?", brief.TopicWhen, []string{"ends 60 calendar days after the Post Award Conference", "Reply By: April 8, 2016", "mid-August"}},
			{"What kind of contract?", brief.TopicPrice, []string{"Firm Fixed Price order"}},
			{"What is promised or asked for?", brief.TopicPromised, []string{"static public site", "US Web Design Standards"}},
			{"Who won, and what was accepted?", brief.TopicDecided, []string{"award was made for the FedRAMP process Dashboard", "accepts the work of True Tandem in Sprint 0"}},
			{"How do they decide?", brief.TopicJudged, []string{"best value", "significantly more important than cost/price"}},
			{"Who decides?", brief.TopicPeople, []string{"decision-making", "Renee M. Hicks, Senior Contracting Officer"}},
			{"What is open, and until when can it be asked?", brief.TopicOpen, []string{"no later than April 1, 2016"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := realDeal(t, name)
			said := map[brief.Topic][]string{}
			for _, a := range b.Answers {
				for _, p := range a.Passages {
					said[a.Topic] = append(said[a.Topic], p.Text)
				}
			}
			for _, q := range questions {
				for _, want := range q.answers {
					found := false
					for _, text := range said[q.topic] {
						found = found || strings.Contains(text, want)
					}
					assert.True(t, found, "%s %q is not among:\n- %s", q.asks, want, strings.Join(said[q.topic], "\n- "))
				}
			}

			// Where to read on: what was issued before drafts and licences.
			require.NotEmpty(t, b.Reading)
			var first []string
			for _, r := range b.Reading[:2] {
				first = append(first, r.Place.Page)
			}
			want := map[string][]string{"opm-eqip": {"rfq", "pws"}, "fedramp-dashboard": {"finalpws", "rfq"}}[name]
			assert.ElementsMatch(t, want, first)

			// Clauses that stand in every contract, and how to take part, answer nothing.
			all := []string{}
			for _, texts := range said {
				all = append(all, texts...)
			}
			for _, p := range b.Possible {
				all = append(all, p.Text)
			}
			for _, text := range all {
				for _, never := range []string{"this provision", "exercise the option", "public domain dedication", "===", "##"} {
					assert.NotContains(t, text, never)
				}
			}
			assert.NotEmpty(t, b.Sections)
			assert.NotEmpty(t, b.Possible)
		})
	}
}

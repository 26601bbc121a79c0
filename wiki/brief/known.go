package brief

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"dealwiki/content"
	"dealwiki/wiki"
	"dealwiki/wiki/register"
)

// answering tells which kinds of facts answer a topic, the first kind first.
// Where there are such facts nothing is guessed beside them.
var answering = map[Topic][]string{
	TopicPromised: {"commitment", "requirement"},
	TopicDecided:  {"decision"},
	TopicPeople:   {"stakeholder"},
	TopicRisk:     {"risk"},
	TopicOpen:     {"question"},
}

// known answers topics from what stands in facts, tasks and the deal's record.
type known map[Topic][]Passage

// knownOf takes what answers topics from facts. today is YYYY-MM-DD.
func knownOf(facts []register.Fact, titles map[wiki.Place]string, today string) known {
	k := known{}
	stands := slices.DeleteFunc(slices.Clone(facts), func(f register.Fact) bool { return f.Copy || !f.State.Stands() })
	for topic, kinds := range answering {
		for _, kind := range kinds {
			for _, f := range stands {
				if f.Kind == kind && len(k[topic]) < perTopic {
					k[topic] = append(k[topic], factPassage(f, titles, f.Title))
				}
			}
		}
	}
	dated := slices.DeleteFunc(stands, func(f register.Fact) bool {
		return f.Due < today || f.Kind != "commitment" && (f.Kind != register.Action || f.Place.Page != planPage)
	})
	slices.SortStableFunc(dated, func(x, y register.Fact) int {
		if (x.Kind == register.Action) != (y.Kind == register.Action) {
			return strings.Compare(y.Kind, x.Kind) // what was promised before steps
		}
		return strings.Compare(x.Due, y.Due)
	})
	for _, f := range dated[:min(len(dated), perTopic-1)] {
		k[TopicWhen] = append(k[TopicWhen], factPassage(f, titles, strings.TrimSuffix(f.Title, ".")+": by "+content.Day(f.Due)+"."))
	}
	return k
}

func factPassage(f register.Fact, titles map[wiki.Place]string, text string) Passage {
	return Passage{text, Source{Place: f.Place, Title: titles[f.Place], Anchor: f.ID, Line: f.Line}}
}

// record puts what the deal's record says before all else. Its source is no page.
func (k known) record(p wiki.Prospect, goal string) {
	say := func(t Topic, text string) {
		k[t] = slices.Insert(k[t], 0, Passage{Text: text, Source: Source{Title: "The deal’s record"}})
	}
	if p.Value > 0 {
		say(TopicPrice, "Worth "+p.Currency+" "+grouped(p.Value)+".")
	}
	if goal != "" {
		say(TopicWhen, "The goal shared with the customer is "+content.Day(goal)+".")
	}
	if p.ExpectedClose != "" && p.Outcome == wiki.OutcomeOpen {
		say(TopicWhen, "Expected to close on "+content.Day(p.ExpectedClose)+".")
	}
}

// fill puts what was guessed after what is known of a topic. Beside facts nothing
// is guessed; beside dates nothing that is over.
func (k known) fill(t Topic, guessed []Passage, today string) []Passage {
	out := k[t]
	if len(out) == 0 {
		return guessed
	}
	if answering[t] != nil {
		return out
	}
	for _, p := range guessed {
		if len(out) < perTopic && (t != TopicWhen || ahead(p.Text, today)) {
			out = append(out, p)
		}
	}
	return out
}

// ordinals and commas are what days are written with beside their words.
var ordinals = regexp.MustCompile(`(?i)(\d)(?:st|nd|rd|th)\b|,|\.|\bof `)

// ahead tells whether a sentence names a day that is not over.
func ahead(text, today string) bool {
	for _, found := range fullDate.FindAllString(text, -1) {
		bare := strings.Join(strings.Fields(ordinals.ReplaceAllString(found, "$1 ")), " ")
		for _, layout := range []string{time.DateOnly, "2 January 2006", "January 2 2006", "2 Jan 2006", "Jan 2 2006"} {
			if day, err := time.Parse(layout, bare); err == nil && day.Format(time.DateOnly) >= today {
				return true
			}
		}
	}
	return false
}

// happened is a sentence about what took place on a day: no date to keep.
var happened = regexp.MustCompile(`(?i)\b(?:answered|accepted|written|approved|held|met|sent|received|signed|agreed|delivered|settled|called|visited|confirmed|replaces)\b.{0,80}\b(?:on|of) (?:\d{4}-\d{2}-\d{2}|\d{1,2}\.? ` + months + `|` + months + ` \d{1,2})`)

// toCome are words of sentences that only sound as if it was over.
var toCome = words(`will|shall|must|to be|due|by|planned|no later than`)

func isOver(s string) bool {
	at := happened.FindString(s)
	return at != "" && !toCome.MatchString(strings.ReplaceAll(s, "accepted by", ""))
}

// mailHead begins a line of a mail's head as the log keeps it.
var mailHead = regexp.MustCompile(`^(?:From|To|Cc|Sent|Date|Subject|Who|With|When|Present): |^\w[\w-]*: .{0,80}<[^<>\s]+@[^<>\s]+>`)

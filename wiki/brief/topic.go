package brief

import (
	"cmp"
	"hash/fnv"
	"regexp"
	"slices"
	"strings"
)

// Topic is a question that somebody new to a deal asks first.
type Topic string

// Topics, in the order in which a brief answers them.
const (
	TopicWhat     Topic = "what"     // what is bought
	TopicBuyer    Topic = "buyer"    // by whom
	TopicWhy      Topic = "why"      // why, in their words
	TopicWhen     Topic = "when"     // by when
	TopicPrice    Topic = "price"    // for how much, on what terms
	TopicPromised Topic = "promised" // what is promised or asked for
	TopicDecided  Topic = "decided"  // what is settled
	TopicJudged   Topic = "judged"   // how they decide
	TopicPeople   Topic = "people"   // who decides and who is who
	TopicRisk     Topic = "risk"     // what may go wrong
	TopicOpen     Topic = "open"     // what is not known yet
)

// Topics lists all of them in order.
func Topics() []Topic {
	return []Topic{TopicWhat, TopicBuyer, TopicWhy, TopicWhen, TopicPrice, TopicPromised, TopicDecided, TopicJudged, TopicPeople, TopicRisk, TopicOpen}
}

// Question is the topic as a reader would ask it.
func (t Topic) Question() string { return topics[t].question }

// A topic is recognised by the headings that such text stands under and by
// words of the sentence itself. Both are plain lists: good guesses, shown as
// such with their source, and never taken for facts.
type topicCues struct {
	question string
	heading  *regexp.Regexp
	key      *regexp.Regexp // says it outright; may be nil
	strong   *regexp.Regexp // enough alone
	weak     *regexp.Regexp // adds up
	dated    bool           // a date counts
}

func words(list string) *regexp.Regexp { return regexp.MustCompile(`(?i)\b(?:` + list + `)\b`) }

var topics = map[Topic]topicCues{
	TopicWhat: {
		question: "What is being bought?",
		heading:  words(`scope|objectives?|overview|summary|the opportunity|opportunity|what (?:we|they|is)|deliverables?|solution|project|introduction|purpose`),
		key:      words(`scope of (?:this|the) \w+(?: \w+)? is|(?:is|are) seeking|want(?:s|ed)? to (?:buy|replace)|they buy`),
		strong:   words(`(?:is|are) seeking|seeks? (?:to|the|a)|scope of (?:this|the)|to provide .{0,60}(?:services|software|development|system|platform)|want(?:s|ed)? to (?:buy|replace|build)|will deliver|looking for|(?:project|contract) title|procure`),
		weak:     words(`prototype|platform|system|software|dashboard|services?|replace(?:ment)?|develop(?:ment)?|deliver|build`),
	},
	TopicBuyer: {
		question: "Who is buying?",
		heading:  words(`customer|buyer|account|about (?:them|the customer)|organi[sz]ation|the company|background|overview`),
		key:      words(`issue[sd]? (?:this|the|a) .{0,60}on behalf of|currently managed by|(?:customer|buyer) is`),
		strong:   words(`on behalf of|issued by|hereby issues|currently managed by|operated by|requiring organi[sz]ation|customer is|the buyer|contracting organi[sz]ation|runs? \d`),
		weak:     words(`agency|administration|government|office|department|ministry|group|plc|inc|ltd|gmbh|employees|depots?|sites|bureau|customer`),
	},
	TopicWhy: {
		question: "Why, and why now?",
		heading:  words(`background|problem|why|pain|need|needs|challenge|motivation|in their (?:own )?words|business case|context|trigger|compelling event|introduction|purpose`),
		key:      words(`(?:currently|today),? (?:it|they|the|we)\b.{0,80}(?:difficult|slow|hard|manual\w*|expensive)|because|loses support|problem is|believes that`),
		strong:   words(`difficult|burden|arduous|saves? (?:time|money|effort)|believes that|benefits?|increas(?:ed|ing) (?:transparency|visibility)|streamline|because|in order to|so that|problem is|struggl\w+|lose[sn]?|losing|too (?:slow|long|late|many|expensive)|loses support|end of (?:life|support)|evolving|modern(?:i[sz]e|i[sz]ation)|transform\w*|compelling|pain|the (?:goal|purpose|aim) (?:is|of)|improve`),
		weak:     words(`today|currently|existing|manual(?:ly)?|need|legacy|risk of|cost(?:s|ing)? (?:them|us)|wait|delay|transparen\w+|best practices`),
	},
	TopicWhen: {
		question: "By when?",
		heading:  words(`timeline|dates?|schedule|milestones?|deadline|period of performance|plan|key dates|delivery schedule|due`),
		key:      words(`reply by|(?:offers?|quotations?|proposals?) (?:are )?due|target date|go[- ]live|live by|period of performance|end of the performance period|no later than`),
		strong:   words(`(?:reply|respond|due|submitted?|delivered|complete[d]?|ready|live|received?|sign(?:ed|ature)?|accepted|awarded|offers? (?:are )?due) (?:\w+ ){0,4}by|no later than|deadline|target date|go[- ]live|due (?:date|by|on)|period of performance|closing date|begins? (?:on|within)|ends? (?:on|\d+)|within \d+|reply by|by the end of`),
		weak:     words(`by|before|until|days?|weeks?|months?|date|start|option periods?`),
		dated:    true,
	},
	TopicPrice: {
		question: "At what price and on what terms?",
		heading:  words(`pric(?:e|es|ing)|budget|type of contract|commercial|terms|payment|invoic\w+|cost|contract|level of effort|value`),
		key:      words(`firm[- ]fixed[- ]price|labor[- ]hours? (?:\(LH\) )?order|time[- ]and[- ]materials? (?:order|contract)|(?:contemplates|intends) (?:the )?award of|(?:EUR|USD|GBP|CHF|NOK|SEK|\$|€|£) ?\d[\d.,]*`),
		strong:   words(`firm[- ]fixed[- ]price|labor[- ]hours?|time and materials?|budget(?:ed)?|(?:EUR|USD|GBP|CHF|NOK|SEK|\$|€|£) ?\d[\d.,]*|\d[\d.,]* ?(?:EUR|USD|GBP|euros?|dollars?)|per (?:hour|month|year|seat|user)|discount\w*|full[- ]time equivalents?|FTEs?|option(?:s|al)? (?:period|year)|type of contract`),
		weak:     words(`price|pricing|cost|rates?|paid|payment|invoice|contract|license|terms|value`),
	},
	TopicPromised: {
		question: "What is promised or asked for?",
		heading:  words(`commitments?|promis\w+|requirements?|tasks?|deliverables?|acceptance|obligations?|service levels?|performance standards?|must|quality|scope of work|constraints`),
		key:      words(`(?:contractor|vendor|supplier) (?:shall|will|must) (?:build|deliver|develop|ensure|use|work|conduct|coordinate|review|create|design|migrate|train)|we (?:promise|guarantee|commit)`),
		strong:   words(`(?:contractor|vendor|supplier|provider|we) (?:shall|will|must)|shall (?:be )?(?:deliver|provid|submit|ensur|post|build|conduct|work|maintain|complete|use|include)\w*|we (?:promise|commit|guarantee|agreed)|promised|guarantee[sd]?|committed to|must (?:be|not|have|support)|is required to|are required`),
		weak:     words(`shall|must|will|ensure|required?|provide|deliver|at (?:a )?minimum|at least`),
	},
	TopicDecided: {
		question: "What is settled?",
		heading:  words(`decisions?|decided|agreed|outcome|resolved|award|settled|conclusions?`),
		key:      words(`award was made|(?:has been|was) awarded|accepts the work|approves (?:the|this) deliverable|(?:have|has) decided`),
		strong:   words(`(?:accepts|approves) (?:the|this)|(?:we|they|it was|was|has been|have) (?:decided|agreed|settled|chosen|awarded|selected|approved|accepted)|award (?:was|has been|is) made|decision[: ]|agreed (?:that|to|on)|(?:was|is|are) accepted|accepted (?:by|the)|contemplates? award|intends? to award|is settled`),
		weak:     words(`decided|agreed|settled|chosen|selected|approved|accept(?:ed|ance)|award(?:ed)?`),
	},
	TopicJudged: {
		question: "How do they decide?",
		heading:  words(`evaluation|basis (?:of|for) award|criteria|how (?:they|you) decide|selection|decision (?:process|path)|judg\w+`),
		key:      words(`best value|(?:more|of equal|equal) importan\w+|award will be made|award based on`),
		strong:   words(`best value|evaluation (?:factors?|criteria)|will be evaluated|award will be made|more important than|equal importance|lowest pric\w+|trade-?offs?|will be (?:scored|judged|considered|rated)|decide[sd]? (?:by|on)|shortlist\w*`),
		weak:     words(`evaluat\w+|criteria|factors?|technical merit|rating|considered|award|phase`),
	},
	TopicPeople: {
		question: "Who decides, and who is who?",
		heading:  words(`roles?|responsibilit\w+|stakeholders?|people|contacts?|who decides|team|governance|points? of contact|authority|owner|officer|manager|sponsor`),
		key:      words(`from: [A-Z]\w+|(?:officer|lead|manager|owner|specialist|sponsor)(?: \(\w+\))?: [A-Z]\w+|decision-making|key stakeholder|signs? off|has the (?:final|last)|only (?:one|person|individual)`),
		strong:   words(`decision-making|(?:is|are) responsible for|contracting officer|contracting specialist|product owner|product lead|technical lead|sponsor|champion|decision[- ]maker|approves?|has the (?:final|last) (?:say|word)|signs? (?:off|the)|authori[sz]ed (?:to|representative)|signature authority|reports to|point of contact|decides|from: [A-Z]\w+|project manager`),
		weak:     words(`lead|manager|director|head of|officer|owner|representative|chief|board|committee|legal|procurement`),
	},
	TopicRisk: {
		question: "What may go wrong?",
		heading:  words(`risks?|concerns?|red flags?|issues?|objections?|worr\w+|watch out|dependenc\w+|assumptions?|conflicts?|remed\w+`),
		strong:   words(`risks?|will not be (?:considered|accepted|answered|paid)|penalt(?:y|ies)|failure to|delay in|no longer being considered|removal|disqualif\w+|cancellation|unless|at risk|may (?:fail|slip|be late|delay)|worried|concern(?:ed|s)?|terminat\w+|conflict of interest|late (?:quotations?|offers?|delivery)`),
		weak:     words(`late|fail\w*|lose|depends?|assum\w+|may not|cannot|problem|compromise|vulnerab\w+`),
	},
	TopicOpen: {
		question: "What is open?",
		heading:  words(`open (?:questions?|points?|issues?)|questions?|to do|next steps?|unclear|unknowns?|tbd|to be (?:decided|clarified)|outstanding`),
		strong:   words(`to be (?:determined|decided|confirmed|clarified|defined|agreed|announced)|tbd|tbc|not (?:yet )?(?:known|clear|decided|agreed)|still (?:open|waiting|unclear|to)|unclear|open question|waiting for|question is|questions? (?:or comments )?(?:regarding|about|shall|should|must)|submit any questions|at (?:its|their|the government's) discretion|we (?:do not|don't) know`),
		weak:     words(`questions?|pending|whether|may be|draft|anticipated|expected|subject to`),
	},
}

const months = `(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t(?:ember)?)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)`

var dateRe = regexp.MustCompile(`(?i)\b(?:\d{4}-\d{2}-\d{2}|\d{1,2}(?:st|nd|rd|th)?\.? (?:of )?` + months + `(?:,? \d{4})?|` + months + `\.? \d{1,2}(?:st|nd|rd|th)?(?:,? \d{4})?|` + months + ` \d{4}|Q[1-4] \d{4}|\d{1,2}[./]\d{1,2}[./]\d{2,4}|(?:\d+|one|two|three|six|ten)(?: ?\(\d+\))? (?:calendar |business |working )?(?:days|weeks|months)|(?:in|is|by|of|until|late|early|mid|end of) 20\d\d|(?:mid|late|early)[- ]` + months + `)\b`)

// Scores.
const (
	pointHeading = 3
	pointStrong  = 4
	pointKey     = 4
	pointWeak    = 1
	pointDate    = 3
	enough       = 5 // to be shown
	atLeast      = 3.5
	saidBefore   = 0.6
)

// score is how much a sentence under some headings is about a topic.
func (c *topicCues) score(sentence string, headings []string) int {
	points, own := 0, 0
	for i, h := range slices.Backward(headings) {
		if i < len(headings)-2 || len(headings) > 1 && i == 0 {
			break // the page's title and what is far above say little
		}
		if c.heading.MatchString(h) {
			points += pointHeading
			break
		}
	}
	if n := len(c.strong.FindAllStringIndex(sentence, 3)); n > 0 {
		own += pointStrong + (n-1)*2
	}
	if c.key != nil && c.key.MatchString(sentence) {
		own += pointKey
	}
	own += pointWeak * min(3, len(c.weak.FindAllStringIndex(sentence, 3)))
	if c.dated {
		if dateRe.MatchString(sentence) {
			own += pointDate
			if fullDate.MatchString(sentence) {
				own += pointDate
			}
		} else {
			own -= pointDate
		}
	}
	if own <= 0 && points > 0 {
		return points - 1 // under the right heading, and no more
	}
	return points + own
}

// sentence is a sentence of a page that a topic may claim.
type sentence struct {
	text     string
	headings []string
	source   Source
	weight   float64 // of its page and of itself
	words    []uint32
	order    int
}

type claim struct {
	*sentence
	score float64
}

// candidates is how many of the best are looked at closely for a topic.
const candidates = 120

// pick chooses up to max sentences for a topic: the best, none twice, not more
// than two from one place. What another topic said already counts less.
func pick(found []claim, said []claim, max int) []claim {
	best := func(a, b claim) int { return cmp.Or(cmp.Compare(b.score, a.score), a.order-b.order) }
	slices.SortStableFunc(found, best)
	found = found[:min(len(found), candidates)]
	for i, c := range found {
		if slices.ContainsFunc(said, func(o claim) bool { return o.sentence == c.sentence || alike(o.words, c.words) }) {
			found[i].score *= saidBefore
		}
	}
	slices.SortStableFunc(found, best)
	var out []claim
	perPlace := map[string]int{}
	for _, c := range found {
		if c.score < atLeast {
			break
		}
		same := slices.IndexFunc(out, func(o claim) bool { return alike(o.words, c.words) })
		if same >= 0 {
			if c.weight > out[same].weight {
				out[same] = c // the final text rather than the draft's
			}
			continue
		}
		spot := c.source.Place.String() + "#" + strings.Join(c.headings, "/")
		if len(out) == max || perPlace[spot] == 2 {
			continue
		}
		perPlace[spot]++
		out = append(out, c)
	}
	return out
}

// alike tells whether two sentences say the same: most words of the shorter one
// are in the other, as in two drafts of one document.
func alike(a, b []uint32) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	both, j := 0, 0
	for _, w := range a {
		for j < len(b) && b[j] < w {
			j++
		}
		if j < len(b) && b[j] == w {
			both++
		}
	}
	return both*10 >= len(a)*7
}

var wordRe = regexp.MustCompile(`[\p{L}\p{N}]+`)

// wordSet is the words of a text as sorted hashes, each once.
func wordSet(s string) []uint32 {
	var set []uint32
	for _, w := range wordRe.FindAllString(strings.ToLower(s), 80) {
		h := fnv.New32a()
		h.Write([]byte(w))
		set = append(set, h.Sum32())
	}
	slices.Sort(set)
	return slices.Compact(set)
}

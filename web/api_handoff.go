package web

import (
	"context"
	"net/http"
	"strconv"

	"dealwiki/wiki"
	"dealwiki/wiki/handoff"
	"dealwiki/wiki/people"
)

// apiHandoff is a handoff with its people by name.
type apiHandoff struct {
	handoff.Record
	By           APIPerson        `json:"by"`
	Receiver     APIPerson        `json:"receiver"`
	Prospect     string           `json:"prospect"`
	State        handoff.State    `json:"state" enum:"offered,acknowledged,accepted,returned,withdrawn"`
	Holder       APIPerson        `json:"holder" doc:"Who has to answer: the receiver, or whom they delegated to"`
	Acknowledged []string         `json:"acknowledged" doc:"Ids of facts"`
	Answered     *string          `json:"answered" doc:"When it was accepted, returned or withdrawn"`
	Ratings      *handoff.Ratings `json:"ratings"`
	Missing      string           `json:"missing" doc:"What a returned one lacks"`
	Reply        string           `json:"reply" doc:"The receiver's note"`
	Answers      []apiAnswer      `json:"answers"`
}

// apiAnswer is something said to a handoff.
type apiAnswer struct {
	handoff.Answer
	By APIPerson  `json:"by"`
	To *APIPerson `json:"to,omitempty" doc:"The new receiver"`
}

// personByID names a person by id; one without an account has the id alone.
func (a *api) personByID(ctx context.Context, id string) APIPerson {
	if p, err := a.s.people.Get(ctx, id); err == nil {
		return personOf(p)
	}
	return APIPerson{ID: id}
}

func (a *api) handoff(ctx context.Context, h *handoff.Handoff) apiHandoff {
	out := apiHandoff{Record: h.Record, By: a.personByID(ctx, h.By), Receiver: a.personByID(ctx, h.Receiver), Prospect: h.Prospect, State: h.State,
		Holder: a.personByID(ctx, h.Holder), Acknowledged: orEmpty(h.Acknowledged), Ratings: h.Ratings, Missing: h.Missing, Reply: h.Reply, Answers: []apiAnswer{}}
	out.Criteria, out.Needed, out.Facts, out.Documents = orEmpty(h.Criteria), orEmpty(h.Needed), orEmpty(h.Facts), orEmpty(h.Documents)
	if !h.Answered.IsZero() {
		at := h.Answered.Format("2006-01-02T15:04:05Z07:00")
		out.Answered = &at
	}
	for _, said := range h.Answers {
		one := apiAnswer{Answer: said, By: a.personByID(ctx, said.By)}
		if said.To != "" {
			to := a.personByID(ctx, said.To)
			one.To = &to
		}
		out.Answers = append(out.Answers, one)
	}
	return out
}

// orEmpty is a list that JSON writes as [].
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// HandoffInput names a handoff in the path.
type HandoffInput struct {
	ProspectInput
	Number string `path:"number" maxLength:"9" doc:"1 for the first"`
}

type offerInput struct {
	ProspectInput
	Body struct {
		ToStage    string            `json:"to_stage" maxLength:"200" doc:"A stage of the funnel, or nurture; the first stage itself for a lead from marketing"`
		Receiver   string            `json:"receiver,omitempty" maxLength:"320" doc:"Id, handle or address; the caller to move it on alone. For nurture the caller when absent"`
		Note       string            `json:"note,omitempty"`
		Facts      map[string]string `json:"facts,omitempty" doc:"By id of an open fact: carry, close or not-sold. All others are carried"`
		Waived     map[string]string `json:"waived,omitempty" doc:"By exit criterion (id) or needed page (place): the reason"`
		Met        []string          `json:"met,omitempty" doc:"Ids of exit criteria that are met"`
		Evidence   map[string]string `json:"evidence,omitempty" doc:"By id of an exit criterion: what shows that it is met"`
		Documents  map[string]string `json:"documents,omitempty" doc:"By place of an external page: sent or agreed"`
		Why        string            `json:"why,omitempty" doc:"Why they buy"`
		Success    string            `json:"success,omitempty" doc:"Success criteria"`
		Sold       string            `json:"sold,omitempty"`
		NotSold    string            `json:"not_sold,omitempty"`
		Unclear    string            `json:"unclear,omitempty"`
		Terms      string            `json:"terms,omitempty" doc:"Special ones"`
		SalesKeeps string            `json:"sales_keeps,omitempty" doc:"What sales keeps doing"`
		Wake       string            `json:"wake,omitempty" maxLength:"10" doc:"For nurture: the day to look at the deal again"`
		FromStage  string            `json:"from_stage,omitempty" maxLength:"200" doc:"The stage that the offer was made for; 409 when the deal is in another"`
		Last       *int              `json:"last,omitempty" doc:"Number of the newest handoff known, 0 for none; 409 when there is a newer one. The same offer sent twice is then one handoff"`
	}
}

type acceptInput struct {
	HandoffInput
	Body struct {
		Acknowledged []string        `json:"acknowledged,omitempty" doc:"Ids of facts; every carried commitment must be acknowledged, here or before"`
		Ratings      handoff.Ratings `json:"ratings" doc:"1 to 5 each"`
		Note         string          `json:"note,omitempty"`
	}
}

type handoffOutput struct{ Body apiHandoff }

func (a *api) installHandoffs() {
	if a.s.book == nil {
		return
	}
	register(a, op("list-handoffs", http.MethodGet, "/prospects/{prospect}/handoffs", "Handoffs of a deal, the newest first"), a.listHandoffs)
	offer := op("offer-handoff", http.MethodPost, "/prospects/{prospect}/handoffs", "Hand a deal over; to oneself accepts at once")
	offer.DefaultStatus = http.StatusCreated
	register(a, offer, a.offerHandoff)
	register(a, op("get-handoff", http.MethodGet, "/prospects/{prospect}/handoffs/{number}", "One handoff"), a.getHandoff)
	at := "/prospects/{prospect}/handoffs/{number}/"
	register(a, op("accept-handoff", http.MethodPost, at+"accept", "Take a deal over, by its receiver; the stage moves"), a.acceptHandoff)
	register(a, op("return-handoff", http.MethodPost, at+"return", "Send a deal back with what is missing, by its receiver; refuses a lead"), a.returnHandoff)
	register(a, op("acknowledge-handoff", http.MethodPost, at+"acknowledge", "Say that facts were read: before accepting, by the receiver; when they change later, by both sides"), a.acknowledgeHandoff)
	register(a, op("delegate-handoff", http.MethodPost, at+"delegate", "Pass an offer on to somebody else"), a.delegateHandoff)
	register(a, op("withdraw-handoff", http.MethodPost, at+"withdraw", "Take an offer back, by its sender or the owner"), a.withdrawHandoff)
	register(a, op("remind-handoff", http.MethodPost, at+"remind", "Ask the receiver again, once a day at most"), a.remindHandoff)
	register(a, op("rate-handoff", http.MethodPost, at+"rate", "Rate a handoff that somebody made to themselves, by anybody else"), a.rateHandoff)
	register(a, op("list-handoff-changes", http.MethodGet, at+"changes", "Facts that were raised or changed since, and who has not acknowledged it"), a.listHandoffChanges)
}

type handoffsInput struct {
	ProspectInput
	ListInput
}

func (a *api) listHandoffs(ctx context.Context, c people.Caller, in *handoffsInput) (*listOutput[apiHandoff], error) {
	sp, err := a.s.wiki.Space(ctx, c, in.Prospect)
	if err != nil {
		return nil, err
	}
	list, err := a.s.book.List(ctx, c, sp)
	if err != nil {
		return nil, err
	}
	all := make([]apiHandoff, 0, len(list))
	for i := range list {
		all = append(all, a.handoff(ctx, &list[i]))
	}
	return piece(all, in.ListInput, func(h apiHandoff) string { return strconv.Itoa(h.Number) })
}

func (a *api) offerHandoff(ctx context.Context, c people.Caller, in *offerInput) (*handoffOutput, error) {
	sp, err := a.s.wiki.Space(ctx, c, in.Prospect)
	if err != nil {
		return nil, err
	}
	b := in.Body
	o := handoff.Offer{To: b.ToStage, Last: b.Last, From: b.FromStage, Met: b.Met, Evidence: b.Evidence, Waived: b.Waived, Facts: b.Facts, Documents: b.Documents,
		Why: b.Why, Success: b.Success, Sold: b.Sold, NotSold: b.NotSold, Unclear: b.Unclear, Terms: b.Terms, Keeps: b.SalesKeeps, Note: b.Note, Wake: b.Wake}
	if o.Receiver, err = a.receiver(ctx, b.Receiver); err != nil {
		return nil, err
	}
	h, err := a.s.book.Offer(ctx, c, sp, o)
	if err != nil {
		return nil, err
	}
	return &handoffOutput{a.handoff(ctx, h)}, nil
}

func (a *api) getHandoff(ctx context.Context, c people.Caller, in *HandoffInput) (*handoffOutput, error) {
	return a.withHandoff(ctx, c, in, func(sp *wiki.Space, n int) (*handoff.Handoff, error) { return a.s.book.Get(ctx, c, sp, n) })
}

func (a *api) acceptHandoff(ctx context.Context, c people.Caller, in *acceptInput) (*handoffOutput, error) {
	return a.withHandoff(ctx, c, &in.HandoffInput, func(sp *wiki.Space, n int) (*handoff.Handoff, error) {
		return a.s.book.Accept(ctx, c, sp, n, in.Body.Acknowledged, in.Body.Ratings, in.Body.Note)
	})
}

type returnInput struct {
	HandoffInput
	Body struct {
		Missing string           `json:"missing" doc:"What has to be there before the receiver takes the deal"`
		Note    string           `json:"note,omitempty"`
		Ratings *handoff.Ratings `json:"ratings,omitempty"`
	}
}

func (a *api) returnHandoff(ctx context.Context, c people.Caller, in *returnInput) (*handoffOutput, error) {
	return a.withHandoff(ctx, c, &in.HandoffInput, func(sp *wiki.Space, n int) (*handoff.Handoff, error) {
		return a.s.book.Return(ctx, c, sp, n, in.Body.Missing, in.Body.Note, in.Body.Ratings)
	})
}

type acknowledgeInput struct {
	HandoffInput
	Body struct {
		Acknowledged []string `json:"acknowledged" doc:"Ids of facts of the handoff"`
	}
}

func (a *api) acknowledgeHandoff(ctx context.Context, c people.Caller, in *acknowledgeInput) (*handoffOutput, error) {
	return a.withHandoff(ctx, c, &in.HandoffInput, func(sp *wiki.Space, n int) (*handoff.Handoff, error) {
		return a.s.book.Acknowledge(ctx, c, sp, n, in.Body.Acknowledged)
	})
}

type delegateInput struct {
	HandoffInput
	Body struct {
		Receiver string `json:"receiver" maxLength:"320" doc:"Id, handle or address"`
		Note     string `json:"note,omitempty"`
	}
}

func (a *api) delegateHandoff(ctx context.Context, c people.Caller, in *delegateInput) (*handoffOutput, error) {
	return a.withHandoff(ctx, c, &in.HandoffInput, func(sp *wiki.Space, n int) (*handoff.Handoff, error) {
		to, err := a.receiver(ctx, in.Body.Receiver)
		if err != nil {
			return nil, err
		}
		return a.s.book.Delegate(ctx, c, sp, n, to, in.Body.Note)
	})
}

type noteInput struct {
	HandoffInput
	Body struct {
		Note string `json:"note,omitempty"`
	}
}

func (a *api) withdrawHandoff(ctx context.Context, c people.Caller, in *noteInput) (*handoffOutput, error) {
	return a.withHandoff(ctx, c, &in.HandoffInput, func(sp *wiki.Space, n int) (*handoff.Handoff, error) {
		return a.s.book.Withdraw(ctx, c, sp, n, in.Body.Note)
	})
}

func (a *api) remindHandoff(ctx context.Context, c people.Caller, in *HandoffInput) (*handoffOutput, error) {
	return a.withHandoff(ctx, c, in, func(sp *wiki.Space, n int) (*handoff.Handoff, error) { return a.s.book.Remind(ctx, c, sp, n) })
}

type rateInput struct {
	HandoffInput
	Body struct {
		Ratings handoff.Ratings `json:"ratings" doc:"1 to 5 each"`
		Note    string          `json:"note,omitempty"`
	}
}

func (a *api) rateHandoff(ctx context.Context, c people.Caller, in *rateInput) (*handoffOutput, error) {
	return a.withHandoff(ctx, c, &in.HandoffInput, func(sp *wiki.Space, n int) (*handoff.Handoff, error) {
		return a.s.book.Rate(ctx, c, sp, n, in.Body.Ratings, in.Body.Note)
	})
}

type handoffChangesInput struct {
	HandoffInput
	ListInput
}

func (a *api) listHandoffChanges(ctx context.Context, c people.Caller, in *handoffChangesInput) (*listOutput[handoff.Change], error) {
	var changes []handoff.Change
	_, err := a.withHandoff(ctx, c, &in.HandoffInput, func(sp *wiki.Space, n int) (*handoff.Handoff, error) {
		h, err := a.s.book.Get(ctx, c, sp, n)
		if err == nil {
			changes, err = a.s.book.Changes(ctx, c, sp, h)
		}
		return h, err
	})
	if err != nil {
		return nil, err
	}
	return piece(changes, in.ListInput, func(ch handoff.Change) string { return ch.Fact.Key + " " + ch.Fact.Place.String() })
}

// apiIncoming is a deal that is coming to those who deliver.
type apiIncoming struct {
	Prospect string           `json:"prospect"`
	Title    string           `json:"title"`
	Stage    string           `json:"stage" doc:"Its title"`
	Start    string           `json:"start" doc:"Expected, YYYY-MM-DD; empty for no date"`
	Warning  *handoff.Warning `json:"warning" doc:"The newest; null when nobody was warned yet"`
	Offered  *apiHandoff      `json:"offered" doc:"The handoff that waits to be answered"`
}

// apiSleeping is a deal on the nurturing list.
type apiSleeping struct {
	Prospect string `json:"prospect"`
	Title    string `json:"title"`
	Stage    string `json:"stage" doc:"Its key; the deal goes on there"`
	Since    string `json:"since"`
	Wake     string `json:"wake" doc:"The day to look at it again"`
	Reason   string `json:"reason"`
}

// installComing adds the calls about what is coming and what sleeps.
func (a *api) installComing() {
	if a.s.book == nil {
		return
	}
	register(a, op("list-incoming", http.MethodGet, "/incoming", "Deals that are coming to those who deliver, by expected start"), a.listIncoming)
	register(a, op("list-nurturing", http.MethodGet, "/nurturing", "Deals that sleep, the first to wake first"), a.listNurturing)
	wake := op("wake-prospect", http.MethodPost, "/prospects/{prospect}/wake", "Take a deal off the nurturing list; 409 when it does not sleep")
	wake.DefaultStatus = http.StatusNoContent
	register(a, wake, a.wakeProspect)
}

func (a *api) listIncoming(ctx context.Context, c people.Caller, in *ListInput) (*listOutput[apiIncoming], error) {
	list, err := a.s.book.Incoming(ctx, c)
	if err != nil {
		return nil, err
	}
	all := make([]apiIncoming, 0, len(list))
	for _, i := range list {
		one := apiIncoming{Prospect: i.Slug, Title: i.Title, Stage: i.Stage, Start: i.Start, Warning: i.Last}
		if i.Offered != nil {
			h := a.handoff(ctx, i.Offered)
			one.Offered = &h
		}
		all = append(all, one)
	}
	return piece(all, *in, func(i apiIncoming) string { return i.Prospect })
}

func (a *api) listNurturing(ctx context.Context, c people.Caller, in *ListInput) (*listOutput[apiSleeping], error) {
	all := []apiSleeping{}
	for _, e := range a.s.book.Nurturing(ctx, c) {
		all = append(all, apiSleeping{e.Slug, e.Title, e.Stage, e.Nurture.Since, e.Nurture.Wake, e.Nurture.Reason})
	}
	return piece(all, *in, func(s apiSleeping) string { return s.Prospect })
}

func (a *api) wakeProspect(ctx context.Context, c people.Caller, in *ProspectInput) (*struct{}, error) {
	sp, err := a.s.wiki.Space(ctx, c, in.Prospect)
	if err != nil {
		return nil, err
	}
	return nil, a.s.book.Wake(ctx, c, sp)
}

// receiver is the id of somebody named by id, handle or address; "" stays.
func (a *api) receiver(ctx context.Context, ref string) (string, error) {
	if ref == "" {
		return "", nil
	}
	p, err := a.s.people.Find(ctx, ref)
	if err != nil || p.Guest {
		return "", &wiki.Invalid{Field: "receiver", Problem: "is nobody of this wiki's staff; name an id, a handle or an address"}
	}
	return p.ID, nil
}

// withHandoff opens the space and number that a call names, and answers what f
// makes of the handoff.
func (a *api) withHandoff(ctx context.Context, c people.Caller, in *HandoffInput, f func(sp *wiki.Space, number int) (*handoff.Handoff, error)) (*handoffOutput, error) {
	sp, err := a.s.wiki.Space(ctx, c, in.Prospect)
	if err != nil {
		return nil, err
	}
	n, err := strconv.Atoi(in.Number)
	if err != nil {
		return nil, notFound()
	}
	h, err := f(sp, n)
	if err != nil {
		return nil, err
	}
	return &handoffOutput{a.handoff(ctx, h)}, nil
}

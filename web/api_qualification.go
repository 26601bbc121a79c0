package web

import (
	"context"
	"net/http"

	"dealwiki/wiki/people"
	"dealwiki/wiki/qualification"
)

type apiQuestion struct {
	qualification.Question
	Differ bool `json:"differ" doc:"People gave different answers"`
}

func (a *api) installQualification() {
	register(a, op("get-qualification", http.MethodGet, "/prospects/{prospect}/qualification", "The questions a deal is qualified by, with their answers"), a.getQualification)
	answer := op("answer-qualification", http.MethodPost, "/prospects/{prospect}/qualification", "Write an answer down, beside those of others; the page is edited by the caller")
	register(a, answer, a.answerQualification)
}

type qualificationOutput struct {
	Body struct {
		Page      string                 `json:"page" doc:"SECTION/STAGE/PAGE where the answers stand, or would"`
		Version   string                 `json:"version,omitempty" doc:"Absent while there is no page"`
		Coverage  qualification.Coverage `json:"coverage" doc:"How far the questions were asked; no score"`
		Questions []apiQuestion          `json:"questions"`
	}
}

type answerInput struct {
	ProspectInput
	Body struct {
		Question string `json:"question" maxLength:"400" doc:"As it is asked on the page; a new one is put at its end"`
		Answer   string `json:"answer" maxLength:"2000"`
		Who      string `json:"who" maxLength:"200" doc:"Who said so"`
		When     string `json:"when,omitempty" maxLength:"10" doc:"The day, YYYY-MM-DD"`
		Evidence string `json:"evidence,omitempty" maxLength:"2000" doc:"Where it can be seen: a link, in markdown or [[stage/page]]"`
	}
}

func (a *api) answerQualification(ctx context.Context, c people.Caller, in *answerInput) (*qualificationOutput, error) {
	sp, err := a.s.wiki.Space(ctx, c, in.Prospect)
	if err != nil {
		return nil, err
	}
	b := in.Body
	if err := a.s.keepAnswer(ctx, c, sp, b.Question, qualification.Answer{Text: b.Answer, Who: b.Who, When: b.When, Evidence: b.Evidence}); err != nil {
		return nil, err
	}
	return a.getQualification(ctx, c, &in.ProspectInput)
}

func (a *api) getQualification(ctx context.Context, c people.Caller, in *ProspectInput) (*qualificationOutput, error) {
	sp, err := a.s.wiki.Space(ctx, c, in.Prospect)
	if err != nil {
		return nil, err
	}
	asked, err := a.s.questionsOf(ctx, c, sp)
	if err != nil {
		return nil, err
	}
	out := &qualificationOutput{}
	out.Body.Page, out.Body.Coverage, out.Body.Questions = asked.place.String(), qualification.Cover(asked.questions), []apiQuestion{}
	if !asked.version.IsZero() {
		out.Body.Version = asked.version.String()
	}
	for _, q := range asked.questions {
		out.Body.Questions = append(out.Body.Questions, apiQuestion{q, q.Differ()})
	}
	return out, nil
}

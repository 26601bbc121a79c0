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
	type qualificationOutput struct {
		Body struct {
			Page      string                 `json:"page" doc:"SECTION/STAGE/PAGE where the answers stand, or would"`
			Version   string                 `json:"version,omitempty" doc:"Absent while there is no page"`
			Coverage  qualification.Coverage `json:"coverage" doc:"How far the questions were asked; no score"`
			Questions []apiQuestion          `json:"questions"`
		}
	}
	register(a, op("get-qualification", http.MethodGet, "/prospects/{prospect}/qualification", "The questions a deal is qualified by, with their answers"), func(ctx context.Context, c people.Caller, in *ProspectInput) (*qualificationOutput, error) {
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
	})
}

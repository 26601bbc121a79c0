package handoff

import (
	"context"
	"errors"
	"log/slog"
	"slices"

	"gopkg.in/yaml.v3"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
)

// Run looks after the deals until ctx is done: one that was made or imported in
// a stage with an early warning is warned of, and what a crash kept from
// following a record or its acceptance is made up for: its tag, the owner, facts
// that ended with it. What it finds right costs reading two files.
func (b *Book) Run(ctx context.Context, logger *slog.Logger) error {
	tend := func(id wiki.SideID, tended map[string]int) {
		if id.Section != wiki.Internal || id.Prospect == wiki.Playbook || ctx.Err() != nil {
			return
		}
		err := wiki.Guard(logger, "looking after handoffs of "+id.Prospect, func() error { return b.tend(ctx, id, tended) })
		if err != nil && !errors.Is(err, wiki.ErrNotFound) && ctx.Err() == nil {
			logger.Warn("looking after handoffs", "prospect", id.Prospect, "err", err)
		}
	}
	moves := b.w.Follow()
	defer moves.Stop()
	tended := map[string]int{} // the newest handoff seen, by prospect
	for _, id := range b.w.Streams() {
		tend(id, tended)
	}
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-moves.C:
		}
		for _, id := range moves.Take() {
			tend(id, tended)
		}
	}
}

func (b *Book) tend(ctx context.Context, id wiki.SideID, tended map[string]int) error {
	system := people.System("handoff")
	sp, err := b.w.Space(ctx, system, id.Prospect)
	if err != nil {
		return err
	}
	all, err := b.List(ctx, system, sp)
	if err != nil {
		return err
	}
	if len(all) > 0 && tended[id.Prospect] != all[0].Number {
		if err := b.tag(ctx, system, sp, all[0].Number); err != nil {
			return err
		}
		if at := slices.IndexFunc(all, func(h Handoff) bool { return h.State == StateAccepted }); at >= 0 {
			if err := b.mend(ctx, system, sp, &all[at]); err != nil {
				return err
			}
		}
		tended[id.Prospect] = all[0].Number
	}
	return b.warnLate(ctx, system, sp, all)
}

// mend finishes the newest acceptance where a crash, or a disk that was full,
// has cut it short: the deal still belongs to its sender and nobody was made its
// owner since, or facts stand that ended with it. A deal that was given back on
// purpose is left alone.
func (b *Book) mend(ctx context.Context, caller people.Caller, sp *wiki.Space, h *Handoff) error {
	if h.Kind != Nurture && !h.Self() {
		access, err := b.people.Access(ctx, sp.Prospect())
		if err != nil {
			return err
		}
		if access.Owner == h.By {
			given, _, err := b.people.Audit(ctx, people.System("handoff"), people.AuditFilter{Action: "access.owner", Prospect: sp.Prospect(), Since: h.Answered}, 1, 0)
			if err != nil {
				return err
			}
			if len(given) == 0 {
				return b.accepted(ctx, caller, sp, h)
			}
		}
	}
	return b.closeLeft(context.WithoutCancel(ctx), caller, sp, h)
}

// tag makes sure that the commit of a record has its name.
func (b *Book) tag(ctx context.Context, system people.Caller, sp *wiki.Space, number int) error {
	stream, err := b.w.Stream(system, wiki.SideID{Prospect: sp.Prospect(), Section: wiki.Internal})
	if err != nil {
		return err
	}
	versions, err := stream.Versions(ctx, recordFile(number), 100)
	if err != nil || len(versions) == 0 {
		return err
	}
	return sp.Tag(ctx, system, tagName(number), versions[len(versions)-1].Commit)
}

// warnLate warns of a deal that did not come to its stage by a handoff.
func (b *Book) warnLate(ctx context.Context, system people.Caller, sp *wiki.Space, all []Handoff) error {
	e, err := b.w.Prospect(ctx, system, sp.Prospect())
	if err != nil {
		return err
	}
	funnel, err := b.w.Funnel(ctx)
	if err != nil {
		return err
	}
	st := funnel.Stage(e.Stage)
	came := slices.ContainsFunc(all, func(h Handoff) bool { return h.State == StateAccepted && h.To == e.Stage })
	if st == nil || len(st.Warn) == 0 || came || e.Outcome != wiki.OutcomeOpen || e.Nurture != nil {
		return nil
	}
	list, err := b.Warnings(ctx, system, sp)
	if err != nil || warned(list, st.Key) {
		return err
	}
	access, err := b.people.Access(ctx, sp.Prospect())
	if err != nil {
		return err
	}
	_, err = sp.Transact(ctx, system, people.Viewer, func(tx *wiki.Transaction) (string, error) {
		list, err := readWarnings(tx.Read)
		if err != nil || tx.Prospect().Stage != st.Key || warned(list, st.Key) {
			return "", err
		}
		w, err := b.warning(ctx, tx, st, access.Owner)
		if err != nil {
			return "", err
		}
		data, err := yaml.Marshal(append(list, w))
		if err != nil {
			return "", err
		}
		return "Tell those who deliver that the deal is coming", tx.Write(warningsFile, data)
	})
	return err
}

func warned(list []Warning, stage string) bool {
	return slices.ContainsFunc(list, func(w Warning) bool { return w.Stage == stage })
}

package handoff

import (
	"context"
	"errors"
	"strings"
	"time"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
)

// reviewPage is where a deal that is over is looked back at.
var reviewPage = wiki.Place{Section: wiki.Internal, Stage: wiki.StageAccount, Page: "win-loss-review"}

// Review is where the win/loss review of a closed deal stands.
func Review() wiki.Place { return reviewPage }

// SetOutcome says how a deal has ended, by its owner: won with the day of the
// signature, lost or without a decision for a reason. A deal that ends gets its
// win/loss review from the playbook's template, in the same commit. An empty
// date is today.
func (b *Book) SetOutcome(ctx context.Context, caller people.Caller, sp *wiki.Space, outcome, date, reason string) (wiki.Entry, error) {
	reason = oneLine(reason)
	switch outcome {
	case wiki.OutcomeOpen:
		date, reason = "", ""
	case wiki.OutcomeWon, wiki.OutcomeLost, wiki.OutcomeNoDecision:
		if reason == "" && outcome != wiki.OutcomeWon {
			return wiki.Entry{}, &wiki.Invalid{Field: "reason", Problem: "is missing; say in a few words why, so that the next deal learns from it"}
		}
		if date == "" {
			date = b.w.Now().UTC().Format(time.DateOnly)
		}
	default:
		return wiki.Entry{}, &wiki.Invalid{Field: "outcome", Problem: "is open, won, lost or no-decision"}
	}
	_, err := sp.Transact(ctx, caller, people.Owner, func(tx *wiki.Transaction) (string, error) {
		p := tx.Prospect()
		if p == nil {
			return "", wiki.ErrNotFound
		}
		p.Outcome, p.OutcomeDate, p.OutcomeReason = outcome, date, reason
		if outcome != wiki.OutcomeOpen {
			if err := startReview(tx); err != nil {
				return "", err
			}
		}
		if outcome == wiki.OutcomeWon {
			p.Nurture = nil
		}
		return "Set the outcome: " + strings.ReplaceAll(outcome, "-", " "), nil
	})
	if err != nil {
		return wiki.Entry{}, err
	}
	return b.w.Prospect(ctx, caller, sp.Prospect())
}

func startReview(tx *wiki.Transaction) error {
	err := tx.Start(reviewPage)
	if errors.Is(err, wiki.ErrNotFound) { // a playbook without a template for it
		err = tx.Page(reviewPage, []byte("# Win/loss review\n"))
	}
	return err
}

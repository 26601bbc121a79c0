package githttp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

const (
	mainRef     = "refs/heads/main"
	maxCommands = 1000
	maxShallow  = 10_000
)

// abilities are what the receiving side can do. It takes nothing but main, so
// nothing can be deleted, and all of a push or none.
const abilities = "report-status side-band-64k quiet atomic ofs-delta object-format=sha1 agent=dealwiki"

// advertise tells where main is, for a push.
func advertise(w io.Writer, source *repo.Repo) error {
	head, err := source.Head()
	if err != nil {
		return err
	}
	ref := mainRef
	if head.IsZero() {
		ref = "capabilities^{}"
	}
	var b bytes.Buffer
	for _, line := range []string{"# service=" + receivePack + "\n", "", head.String() + " " + ref + "\x00" + abilities + "\n", ""} {
		if line == "" {
			b.WriteString(flushPacket)
		} else if err := writePacket(&b, []byte(line)); err != nil {
			return err
		}
	}
	_, err = w.Write(b.Bytes())
	return err
}

// command is one reference that the client wants changed.
type command struct {
	old, new repo.Hash
	ref      string
}

// wish is all that a push asks for.
type wish struct {
	commands []command
	shallow  []repo.Hash
	report   bool // the client wants to hear what became of it
	bands    bool // and messages beside it
}

// readWish reads what stands before the pack.
func readWish(r io.Reader) (*wish, error) {
	w := &wish{}
	for {
		line, ok, err := readPacket(r)
		if err != nil {
			return nil, errUnread
		}
		if !ok {
			return w, nil
		}
		text, able, first := strings.Cut(string(line), "\x00")
		text = strings.TrimSuffix(text, "\n")
		if id, ok := strings.CutPrefix(text, "shallow "); ok {
			h, err := repo.ParseHash(id)
			if err != nil || len(w.shallow) >= maxShallow {
				return nil, errUnread
			}
			w.shallow = append(w.shallow, h)
			continue
		}
		if first {
			all := strings.Fields(able)
			w.report, w.bands = slices.Contains(all, "report-status"), slices.Contains(all, "side-band-64k")
		}
		old, rest, _ := strings.Cut(text, " ")
		next, ref, ok := strings.Cut(rest, " ")
		a, err1 := repo.ParseHash(old)
		b, err2 := repo.ParseHash(next)
		if !ok || err1 != nil || err2 != nil || ref == "" || len(w.commands) >= maxCommands {
			return nil, errUnread
		}
		w.commands = append(w.commands, command{a, b, ref})
	}
}

// receive takes a push, or refuses all of it.
func (d *Door) receive(w http.ResponseWriter, r *http.Request, c people.Caller, side *wiki.Side, source *repo.Repo) (err error) {
	sent, err := d.spools.take(r.Context(), c.Person.ID)
	if err != nil {
		return err
	}
	defer sent()
	q, err := source.Quarantine()
	if err != nil {
		return err
	}
	defer func() {
		if derr := q.Drop(); derr != nil {
			d.log.Warn("removing a quarantine", "prospect", side.Prospect(), "err", derr)
		}
	}()
	in, err := body(r, d.maxPush)
	if err != nil {
		return err
	}
	// All of it is here before anything is done with it: nobody waits for a slow
	// sender.
	spool, err := os.Create(filepath.Join(q.Dir(), "sent"))
	if err != nil {
		return fmt.Errorf("keeping a push: %w", err)
	}
	defer spool.Close()
	if _, err := io.Copy(spool, in); err != nil {
		return fmt.Errorf("keeping a push: %w", err)
	}
	if _, err := spool.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("reading a push: %w", err)
	}
	asked, err := readWish(spool)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/x-"+receivePack+"-result")
	if len(asked.commands) == 0 {
		w.WriteHeader(http.StatusOK) // git tries out whether it may
		return nil
	}
	turn, err := d.turns.take(r.Context(), c.Person.ID)
	if err != nil {
		return err
	}
	defer turn()
	done, err := d.take(r.Context(), c, side, q, asked, spool)
	var refused *wiki.Refused
	var pack *repo.PackError
	if err != nil && !errors.As(err, &refused) && !errors.As(err, &pack) {
		if hidden(err) != err {
			return hidden(err)
		}
		d.log.Error("taking a push", "prospect", side.Prospect(), "section", side.Section(), "err", err)
	}
	_, err = w.Write(asked.answer(side, done, err))
	if err != nil {
		d.log.Debug("answering a push", "err", err)
	}
	return nil
}

func refuse(problem, do string) error {
	return &wiki.Refused{Problems: []wiki.PushProblem{{Problem: problem, Do: do}}}
}

func (d *Door) take(ctx context.Context, c people.Caller, side *wiki.Side, q *repo.Quarantine, asked *wish, spool *os.File) (*wiki.Pushed, error) {
	for _, cmd := range asked.commands {
		switch {
		case cmd.ref != mainRef:
			return nil, refuse("only the branch main can be pushed, not "+cmd.ref, "git push origin HEAD:main, without --tags or --all")
		case cmd.new.IsZero():
			return nil, refuse("the branch main cannot be deleted", "to delete a prospect, do it in the wiki")
		}
	}
	if len(asked.commands) > 1 {
		return nil, refuse("main is named more than once", "git push origin HEAD:main")
	}
	for _, h := range asked.shallow {
		if _, err := side.CommittedAt(ctx, c, h); err != nil {
			return nil, refuse("your clone is cut short at a commit that is not here", "git fetch --unshallow, then push again")
		}
	}
	cmd := asked.commands[0]
	push := wiki.Push{Old: cmd.old, New: cmd.new, Pack: spool}
	return side.Push(ctx, c, q, push)
}

// answer is what the client hears: a report for the program, and words for the
// person.
func (a *wish) answer(side *wiki.Side, done *wiki.Pushed, err error) []byte {
	var report, words bytes.Buffer
	line := func(format string, args ...any) {
		_ = writePacket(&report, fmt.Appendf(nil, format+"\n", args...)) // memory takes everything
	}
	var pack *repo.PackError
	switch {
	case err == nil:
		line("unpack ok")
		line("ok %s", a.commands[0].ref)
		say(&words, done)
	case errors.As(err, &pack):
		line("unpack %s", visible(pack.Problem))
		fmt.Fprintf(&words, "Refused: %s.\nNothing of the push was taken.\n", visible(pack.Problem))
	default:
		line("unpack ok")
		explain(&words, side, err)
	}
	if err != nil {
		for _, cmd := range a.commands {
			line("ng %s %s", visible(cmd.ref), short(err))
		}
	}
	report.WriteString(flushPacket)
	if !a.report {
		report.Reset()
	}
	if !a.bands {
		return report.Bytes()
	}
	var out bytes.Buffer
	for _, band := range []struct {
		n    byte
		data []byte
	}{{2, words.Bytes()}, {1, report.Bytes()}} {
		for part := range slices.Chunk(band.data, maxPacket-1) {
			_ = writePacket(&out, append([]byte{band.n}, part...))
		}
	}
	out.WriteString(flushPacket)
	return out.Bytes()
}

func say(w io.Writer, done *wiki.Pushed) {
	if done.Given > 0 {
		pages := "a page"
		if done.Given > 1 {
			pages = fmt.Sprintf("%d pages", done.Given)
		}
		fmt.Fprintf(w, "Taken. New facts on %s got their ids in a commit that follows: git pull before you go on.\n", pages)
	}
}

// short is the reason in a few words, as git shows it behind the branch.
func short(err error) string {
	var refused *wiki.Refused
	var pack *repo.PackError
	switch {
	case errors.As(err, &pack):
		return "the pack is not taken"
	case errors.As(err, &refused) && len(refused.Problems) > 0:
		p := refused.Problems[0]
		text := visible(strings.TrimSpace(p.Path + " " + p.Problem))
		if r := []rune(text); len(r) > 160 {
			text = string(r[:160]) + "..."
		}
		return text
	}
	return "something went wrong on the server"
}

// explain says what is wrong and what to do.
func explain(w io.Writer, side *wiki.Side, err error) {
	var refused *wiki.Refused
	if !errors.As(err, &refused) {
		fmt.Fprint(w, "Something went wrong on the server. This is our mistake; nothing was changed.\nTry again, and tell your administrator if it stays.\n")
		return
	}
	fmt.Fprintf(w, "Refused, nothing of the push was taken:\n")
	for _, p := range refused.Problems {
		fmt.Fprintln(w)
		if p.Path != "" {
			at := ""
			if !p.Commit.IsZero() {
				at = " (commit " + p.Commit.String()[:8] + ")"
			}
			fmt.Fprintf(w, "  %s%s\n", visible(p.Path), at)
		}
		fmt.Fprintf(w, "  %s\n", visible(p.Problem))
		if p.Do != "" {
			fmt.Fprintf(w, "  What to do: %s\n", visible(p.Do))
		}
	}
	if refused.More {
		fmt.Fprintf(w, "\n  and more of the kind\n")
	}
	if side.Section() == wiki.External {
		fmt.Fprintf(w, "\nThis is the side that the customer can see.\n")
	}
}

// visible shows what a terminal would hide or obey.
func visible(s string) string {
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == unicode.ReplacementChar && !strings.HasPrefix(s[i:], "\uFFFD"):
			fmt.Fprintf(&b, "\\x%02x", s[i])
		case !unicode.IsPrint(r):
			fmt.Fprintf(&b, "\\u%04x", r)
		default:
			b.WriteRune(r)
		}
		if b.Len() > 1000 {
			b.WriteString("...")
			break
		}
	}
	return b.String()
}

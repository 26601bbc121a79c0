package web

import (
	"context"
	"errors"
	"net/http"
	"net/mail"
	"net/url"
	"time"

	"dealwiki/web/notify"
	"dealwiki/web/signon"
	"dealwiki/wiki/people"
)

// letterLife is how long it is tried to mail word of a new passkey.
const letterLife = 72 * time.Hour

// passkeySuffix ends the name of the cookie of somebody who is asked for a
// passkey.
const passkeySuffix = "-passkey"

// passkeyPlace is where passkeys of this wiki are for; the error says why there
// are none. Without a public address it is localhost alone: what a request says
// of its host is nobody's word.
func (s *Server) passkeyPlace(r *http.Request) (signon.Place, error) {
	at := signon.Place{Origin: s.address(r, ""), Name: s.wiki.Company() + " dealwiki"}
	u, err := url.Parse(at.Origin)
	if err != nil || s.url == "" && u.Hostname() != "localhost" {
		return at, noPasskeys("Passkeys belong to the wiki’s own address, and the server does not know it yet. Whoever runs it starts it with -url, such as -url https://wiki.example.com.")
	}
	switch err := signon.CheckOrigin(at.Origin); {
	case errors.Is(err, signon.ErrPlain):
		return at, noPasskeys("Passkeys work over https only. Whoever runs the server puts https in front of it and starts it with that address as -url.")
	case err != nil:
		return at, noPasskeys("Passkeys need an address with a full name, such as wiki.example.com, not a number or one word. Whoever runs the server gives it a name and starts it with that address as -url; on your own machine, localhost will do.")
	}
	return at, nil
}

func noPasskeys(why string) error { return refuse(http.StatusConflict, "No passkeys here", why) }

// mayHavePasskeys reports whether somebody may sign in by passkeys: whoever may by
// a password.
func (c *SignOn) mayHavePasskeys(p people.Person) bool {
	return !p.Guest && (!c.adminsOnly() || p.Role == people.Admin)
}

// askPasskey answers a script of ours with what it asks the browser for.
func (s *Server) askPasskey(w http.ResponseWriter, r *http.Request, ask func(signon.Place) (any, string, error)) error {
	at, err := s.passkeyPlace(r)
	if err != nil {
		return err
	}
	options, sealed, err := ask(at)
	if err != nil {
		return err
	}
	s.setCookie(w, r, s.cookieName(r)+passkeySuffix, sealed, signon.PasskeyLife)
	return s.json(w, http.StatusOK, options)
}

// sealedPasskey is what the browser has kept since it was asked, this once.
func (s *Server) sealedPasskey(w http.ResponseWriter, r *http.Request) string {
	name := s.cookieName(r) + passkeySuffix
	cookie, err := r.Cookie(name)
	if err != nil {
		return ""
	}
	s.setCookie(w, r, name, "", 0)
	return cookie.Value
}

// postPasskeyBegin asks for a passkey to sign in by.
func (s *Server) postPasskeyBegin(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	return s.askPasskey(w, r, s.keys.Ask)
}

// postPasskey signs in whose passkey it is. The device has made sure of its
// person, so that no second step is asked for.
func (s *Server) postPasskey(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	form, err := s.form(r)
	if err != nil {
		return err
	}
	next := localPath(form.Get("next"), "/")
	p, err := s.passkeyPerson(w, r, form.Get("passkey"))
	if err == nil {
		s.setCookie(w, r, s.cookieName(r)+stepSuffix, "", 0)
		if err := s.startSessionBy(w, r, p, people.Entry{How: people.ByPasskey}); err != nil {
			return err
		}
		return goTo(w, r, next)
	}
	status, said, ok := s.wrongPasskey(w, err)
	if !ok {
		return err
	}
	v := s.signInView(r, next)
	v.Error = said
	s.renderSecret(w, r, status, "sign-in", v)
	return nil
}

// passkeyPerson is whose passkey has answered.
func (s *Server) passkeyPerson(w http.ResponseWriter, r *http.Request, answer string) (people.Person, error) {
	at, err := s.passkeyPlace(r)
	if err != nil {
		return people.Person{}, err
	}
	ctx, ip := r.Context(), s.clientIP(r)
	refund, err := s.people.TryPasskey(ip)
	if err != nil {
		return people.Person{}, err
	}
	_, shown, err := s.keys.Answered(at, s.sealedPasskey(w, r), []byte(answer), func(credential []byte) (string, signon.Passkey, error) {
		k, err := s.people.PasskeyOf(ctx, credential)
		if errors.Is(err, people.ErrNotFound) {
			err = &signon.Refused{Why: signon.Unproven}
		}
		return k.Person, signon.Passkey{Credential: k.Credential, Key: k.Key, Synced: k.Synced, Count: k.Count}, err
	})
	if err != nil {
		return people.Person{}, err
	}
	p, err := s.people.UsePasskey(ctx, shown.Credential, shown.Count, ip)
	if errors.Is(err, people.ErrNotFound) || err == nil && !s.signOn.mayHavePasskeys(p) {
		s.log.Info("sign-in refused: this person has no passkeys any more", "person", p.ID)
		return people.Person{}, &signon.Refused{Why: signon.Unproven}
	}
	if err == nil {
		refund()
	}
	return p, err
}

// wrongPasskey is what is said of an answer that is not taken: the same whoever
// has the passkey, and whether anybody does. ok is false for other errors.
func (s *Server) wrongPasskey(w http.ResponseWriter, err error) (status int, said string, ok bool) {
	status, _, detail := s.errorStatus(err)
	var no *signon.Refused
	switch {
	case errors.As(err, &no) && no.Why == signon.Unproven:
		return http.StatusUnprocessableEntity, "This passkey opens nothing here. It may have been removed; sign in another way, and look through your passkeys in the settings.", true
	case errors.As(err, &no):
		return http.StatusUnprocessableEntity, "It took too long, or was answered in another tab. Try again.", true
	case errors.Is(err, people.ErrExists):
		return http.StatusConflict, "This passkey is here already.", true
	case status == http.StatusTooManyRequests:
		w.Header().Set("Retry-After", retryAfter(err))
		return status, detail, true
	case status == http.StatusUnprocessableEntity, status == http.StatusConflict, errors.Is(err, people.ErrStale):
		return status, detail, true
	}
	return 0, "", false
}

// passkeysView is one's passkeys, in the settings.
func (s *Server) passkeysView(r *http.Request, c people.Caller) (v PasskeysState, err error) {
	all, err := s.people.Passkeys(r.Context(), c, c.Person.ID)
	if err != nil {
		return v, err
	}
	for _, k := range all {
		v.Rows = append(v.Rows, PasskeyRow{ID: k.ID, Name: k.Name, Synced: k.Synced, Created: k.Created, Used: k.Used})
	}
	v.Name = agentName(r.UserAgent())
	if _, err := s.passkeyPlace(r); err != nil {
		_, _, v.Why = s.errorStatus(err)
		return v, nil
	}
	if !s.signOn.mayHavePasskeys(c.Person) {
		v.Why = "You sign in by " + s.signOn.name() + " here; passkeys are for administrators."
		return v, nil
	}
	if err = s.people.MayAddPasskey(r.Context(), c); errors.Is(err, people.ErrStale) {
		_, _, v.Stale = s.errorStatus(err)
		err = nil
	}
	return v, err
}

// postNewPasskey asks the browser for a new passkey.
func (s *Server) postNewPasskey(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	return s.askPasskey(w, r, func(at signon.Place) (any, string, error) {
		if err := s.mayAddPasskey(r, c); err != nil {
			return nil, "", err
		}
		all, err := s.people.Passkeys(r.Context(), c, c.Person.ID)
		if err != nil {
			return nil, "", err
		}
		h := signon.Holder{ID: c.Person.ID, Email: c.Person.Email, Name: c.Person.Name}
		for _, k := range all {
			h.Has = append(h.Has, k.Credential)
		}
		return s.keys.Add(at, h)
	})
}

func (s *Server) mayAddPasskey(r *http.Request, c people.Caller) error {
	if !s.signOn.mayHavePasskeys(c.Person) {
		return people.ErrForbidden
	}
	return s.people.MayAddPasskey(r.Context(), c)
}

// postPasskeys adds, renames or removes one of one's passkeys.
func (s *Server) postPasskeys(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	form, err := s.form(r)
	if err != nil {
		return err
	}
	said := ""
	switch ctx := r.Context(); form.Get("do") {
	case "add":
		said, err = "Your passkey is added. You can sign in by it now.", s.addPasskey(w, r, c, form)
	case "rename":
		said, err = "Saved.", s.people.RenamePasskey(ctx, c, form.Get("id"), form.Get("name"))
	case "remove":
		said, err = "The passkey is removed: it opens nothing any more. Delete it on your device too.", s.people.RemovePasskey(ctx, c, form.Get("id"))
	default:
		return badRequest("The form does not say what to do.")
	}
	if err == nil {
		return s.done(w, r, "/settings#passkeys", said)
	}
	status, said, ok := s.wrongPasskey(w, err)
	if !ok {
		return err
	}
	return s.settingsAgain(w, r, c, status, func(v *SettingsView) { v.Passkeys.Error = said })
}

func (s *Server) addPasskey(w http.ResponseWriter, r *http.Request, c people.Caller, form url.Values) error {
	at, err := s.passkeyPlace(r)
	if err != nil {
		return err
	}
	if err := s.mayAddPasskey(r, c); err != nil {
		return err
	}
	k, err := s.keys.Added(at, c.Person.ID, s.sealedPasskey(w, r), []byte(form.Get("passkey")))
	if err != nil {
		return err
	}
	added, err := s.people.AddPasskey(r.Context(), c, people.Passkey{Name: form.Get("name"), Credential: k.Credential, Key: k.Key, Synced: k.Synced, Count: k.Count})
	if err == nil && s.mails() {
		s.letters.later("word of a new passkey", func(ctx context.Context) error { return s.mailPasskey(ctx, c.Person, added) })
	}
	return err
}

// mailPasskey tells somebody that they have a new passkey, in case that it was
// somebody else who added it.
func (s *Server) mailPasskey(ctx context.Context, p people.Person, k people.Passkey) error {
	return s.notices.SendMail(ctx, notify.Message{
		To: mail.Address{Name: p.Name, Address: p.Email}, Subject: "A passkey was added to your account", Until: s.now().Add(letterLife),
		Text: "You can sign in to the wiki by the passkey “" + k.Name + "” now.\n\nIf you did not add it, somebody else has come in as you: remove it, sign out everywhere else, change your password, and tell an administrator.",
		Link: s.notices.Link("/settings#passkeys"), Label: "Look at your passkeys",
	})
}

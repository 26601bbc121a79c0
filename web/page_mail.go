package web

import (
	"context"
	"net/http"

	"dealwiki/web/notify"
	"dealwiki/wiki/people"
)

// UnsubscribeView ends somebody's mail (template unsubscribe). It posts nothing
// but the press of its button to Action.
type UnsubscribeView struct {
	Shell
	Action string
	Done   bool
	Guest  bool // the mail of a guest
}

// mailView fills in what the settings show of mail, if any is sent.
func (s *Server) mailView(ctx context.Context, v *SettingsView, p people.Person) error {
	if s.notices == nil || !s.notices.Mails() {
		return nil
	}
	choice, err := s.notices.MailChoice(ctx, p.ID)
	if err != nil {
		return err
	}
	v.Zone = p.Settings.Zone
	v.Mails = []Option{
		{Value: string(notify.Daily), Label: "Once a day", Hint: "in the morning; handoffs, questions to you, and whoever names you, at once"},
		{Value: string(notify.AtOnce), Label: "At once", Hint: "everything that your inbox gets; changes of pages gathered for some minutes"},
		{Value: string(notify.NoMails), Label: "Nothing", Hint: "your inbox here still has it"},
	}
	for i := range v.Mails {
		v.Mails[i].Selected = v.Mails[i].Value == string(choice)
	}
	return nil
}

// postMail keeps how the caller is told by mail, and where their morning is.
func (s *Server) postMail(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	form, err := s.form(r)
	if err != nil {
		return err
	}
	if s.notices == nil || !s.notices.Mails() {
		return notFound()
	}
	settings := c.Person.Settings
	settings.Zone = form.Get("zone")
	if err = s.people.SaveSettings(r.Context(), c, settings); err == nil {
		err = s.notices.ChooseMail(r.Context(), c, notify.Choice(form.Get("mail")))
	}
	if err != nil {
		f, ok := again(form, err, nil)
		if !ok {
			return err
		}
		return s.settingsAgain(w, r, c, http.StatusUnprocessableEntity, func(v *SettingsView) { v.Mail, v.Zone = f, form.Get("zone") })
	}
	return s.done(w, r, "/settings#mail", "Saved.")
}

// unsubscribe shows a button: programs that look at the links in a letter end
// nobody's mail.
func (s *Server) unsubscribe(w http.ResponseWriter, r *http.Request, _ people.Caller) error {
	if s.notices == nil {
		return notFound()
	}
	guest, err := s.notices.CheckUnsubscribe(r.Context(), r.PathValue("token"))
	if err != nil {
		return err
	}
	s.renderSecret(w, r, http.StatusOK, "unsubscribe", &UnsubscribeView{Shell: s.secretShell(r, people.Caller{}, "Mail"), Action: r.URL.Path, Guest: guest})
	return nil
}

// postUnsubscribe ends the mail of whom a letter was sent to: by the button, or
// by a mail program as RFC 8058 has it.
func (s *Server) postUnsubscribe(w http.ResponseWriter, r *http.Request, _ people.Caller) error {
	if s.notices == nil {
		return notFound()
	}
	guest, err := s.notices.CheckUnsubscribe(r.Context(), r.PathValue("token"))
	if err == nil {
		err = s.notices.Unsubscribe(r.Context(), r.PathValue("token"))
	}
	if err != nil {
		return err
	}
	s.renderSecret(w, r, http.StatusOK, "unsubscribe", &UnsubscribeView{Shell: s.secretShell(r, people.Caller{}, "Mail"), Done: true, Guest: guest})
	return nil
}

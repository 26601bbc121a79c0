package web

import (
	"net/http"

	"dealwiki/wiki/people"
)

// addMailbox shows at the log where mails to it go.
func (f *frame) addMailbox(r *http.Request, v *LogView) error {
	if f.s.mailbox == nil {
		return nil
	}
	v.TakesMail = true
	if f.canWrite() {
		v.Renew = f.logHref() + "/address"
	}
	var err error
	v.Address, err = f.s.mailbox.Address(r.Context(), f.c, f.slug())
	return err
}

// postLogAddress gives the log an address, or another one.
func (s *Server) postLogAddress(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	if s.mailbox == nil {
		return notFound()
	}
	f, err := s.openLog(r, c)
	if err != nil {
		return err
	}
	if _, err := s.form(r); err != nil {
		return err
	}
	if _, err := s.mailbox.Renew(r.Context(), c, f.slug()); err != nil {
		return err
	}
	return s.done(w, r, f.logHref()+"#mail-to", "Mails to the new address are kept in this log. An address before it is over.")
}

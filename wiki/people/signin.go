package people

import (
	"context"
	"errors"
	"time"
)

// Lives and limits of a sign-in that waits for its second step.
const (
	SignInLife = 10 * time.Minute
	maxTries   = 5 // wrong codes; then the first step is asked for again
	maxWaits   = 20
)

// viaSignIn is the door of somebody at their second step: it has no scopes, and
// opens the setting up of codes and nothing else.
const viaSignIn = "sign-in"

// How a session began.
const (
	ByPassword   = "password"
	ByLink       = "link"
	ByInvitation = "invitation"
	ByProvider   = "provider"
	ByPasskey    = "passkey"
)

// Entry is the browser that somebody signs in on, and how they did.
type Entry struct {
	IP, Agent string
	How       string // "password", "link", …; may be empty
	// Hint is what ends the session at the provider that it came from; kept until
	// the session ends. At most 16 kB, longer ones are left out.
	Hint string
}

const maxHint = 16 << 10

// SignIn is somebody whose first step was right and who owes the second.
type SignIn struct {
	Person Person
	How    string
	// SetUp says that they have no authenticator yet and are required to.
	SetUp   bool
	Expires time.Time
}

// Caller is the person at their second step: they may set up codes, with
// [DB.BeginTwoStep] and [DB.ConfirmTwoStep], and nothing else.
func (s SignIn) Caller(ip string) Caller {
	return Caller{Person: s.Person, Via: viaSignIn, IP: ip}
}

// FirstStep notes that a person came in by a first step. Where no second one is
// asked of them token is empty, and a session can be started; else the token
// names the sign-in, for ten minutes. Members of required must use a second step
// whatever an administrator has set for them; nil is nobody.
func (d *DB) FirstStep(ctx context.Context, personID, how string, required func(Person) bool) (token string, err error) {
	p, err := d.active(ctx, personID)
	if err != nil {
		return "", err
	}
	state, err := d.twoStep(ctx, p.ID)
	if err != nil {
		return "", err
	}
	if p.Guest || !state.On && !state.Required && (required == nil || !required(p)) {
		return "", nil
	}
	secret, hashed, err := d.newSecret("")
	if err != nil {
		return "", err
	}
	err = d.write(ctx, func(t *tx) error {
		n, err := t.count("SELECT count(*) FROM sign_ins WHERE person = ? AND expires > ?", p.ID, millis(t.now))
		if err != nil {
			return err
		}
		if n >= maxWaits {
			return &TooMany{RetryAfter: SignInLife}
		}
		_, err = t.exec("INSERT INTO sign_ins (hash, person, how, expires) VALUES (?, ?, ?, ?)", hashed, p.ID, how, millis(t.now.Add(SignInLife)))
		return err
	})
	if err != nil {
		return "", err
	}
	return secret, nil
}

// SignIn is the one that the token names; ErrNotFound when it is over.
func (d *DB) SignIn(ctx context.Context, token string) (SignIn, error) {
	if !plausible(token) {
		return SignIn{}, ErrNotFound
	}
	h := hash(token)
	var s SignIn
	var id string
	var expires int64
	if err := scanOne(d.readers.QueryRowContext(ctx, "SELECT person, how, expires FROM sign_ins WHERE hash = ? AND tries < ?", h[:], maxTries), &id, &s.How, &expires); err != nil {
		return SignIn{}, err
	}
	s.Expires = fromMillis(expires)
	if !d.now().Before(s.Expires) {
		return SignIn{}, ErrNotFound
	}
	var err error
	if s.Person, err = d.active(ctx, id); err != nil {
		return SignIn{}, err
	}
	state, err := d.twoStep(ctx, id)
	if err != nil {
		return SignIn{}, err
	}
	s.SetUp = !state.On
	return s, nil
}

// SecondStep takes the code that a sign-in waits for; the caller then starts a
// session. ErrCode when it is wrong; after five wrong ones the sign-in is over.
// Wrong codes of one person are limited over all sign-ins (*TooMany).
func (d *DB) SecondStep(ctx context.Context, token, code, ip string) (SignIn, error) {
	s, err := d.SignIn(ctx, token)
	if err != nil {
		return SignIn{}, err
	}
	refund, err := d.limits.take(d.now(), "code "+s.Person.ID, ip)
	if err != nil {
		return SignIn{}, err
	}
	h := hash(token)
	wrong := false
	err = d.write(ctx, func(t *tx) error {
		n, err := t.count("SELECT count(*) FROM sign_ins WHERE hash = ? AND tries < ? AND expires > ?", h[:], maxTries, millis(t.now))
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrNotFound
		}
		if err := t.mayTwoStep(Caller{Person: s.Person}); err != nil {
			return ErrNotFound
		}
		if err := t.useCode(s.Person.ID, code); errors.Is(err, ErrCode) {
			wrong = true
			_, err := t.exec("UPDATE sign_ins SET tries = tries + 1 WHERE hash = ?", h[:])
			return err
		} else if err != nil {
			return err
		}
		_, err = t.exec("DELETE FROM sign_ins WHERE hash = ?", h[:])
		return err
	})
	if err != nil {
		return SignIn{}, err
	}
	if wrong {
		d.log.Info("second step refused", "ip", ip, "person", s.Person.ID)
		return SignIn{}, ErrCode
	}
	refund()
	return s, nil
}

// EndSignIn forgets a sign-in: its second step was set up, or it is given up.
func (d *DB) EndSignIn(ctx context.Context, token string) error {
	if !plausible(token) {
		return nil
	}
	h := hash(token)
	return d.write(ctx, func(t *tx) error {
		_, err := t.exec("DELETE FROM sign_ins WHERE hash = ?", h[:])
		return err
	})
}

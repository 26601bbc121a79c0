package signon

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
)

// PasskeyLife is how long somebody may take to answer by a passkey.
const PasskeyLife = 5 * time.Minute

// Uses of what a browser keeps while its person is asked for a passkey.
const (
	sealAdd = "add a passkey"
	sealAsk = "ask for a passkey"
)

// Passkey is what is known of one: nothing of it is secret.
type Passkey struct {
	Credential []byte // names it; at most 1023 bytes
	Key        []byte // its public key, as COSE has it
	Synced     bool   // it may be on several devices at a time
	Count      uint32 // of its uses, as the device counts; 0 where it does not
}

// Place is where passkeys are for.
type Place struct {
	Origin string // as browsers have it: "https://wiki.example.com"
	Name   string // as people call it
}

// Holder is for whom a passkey is made.
type Holder struct {
	ID    string   // at most 64 bytes; the device keeps it and hands it back
	Email string   // by which the device shows the passkey
	Name  string   // of the person
	Has   [][]byte // credentials; a device that has one of them makes no other
}

// Passkeys asks for passkeys and checks the answers. It is safe for concurrent
// use.
type Passkeys struct {
	seal *seal
	now  func() time.Time
	log  *slog.Logger
}

// NewPasskeys makes one; all that it has asked for is void with it.
func NewPasskeys(now func() time.Time, log *slog.Logger) (*Passkeys, error) {
	s, err := newSeal()
	if err != nil {
		return nil, err
	}
	return &Passkeys{seal: s, now: now, log: log}, nil
}

// Why there can be no passkeys at an address.
var (
	ErrPlain = errors.New("passkeys need https, but on localhost")
	ErrName  = errors.New("passkeys need an address with a full name")
)

// CheckOrigin reports why browsers make no passkeys for an address: ErrPlain or
// ErrName.
func CheckOrigin(origin string) error {
	u, err := url.Parse(origin)
	if err != nil {
		return ErrName
	}
	host := u.Hostname()
	if net.ParseIP(host) != nil || protocol.ValidateRPID(host) != nil {
		return ErrName
	}
	if u.Scheme != "https" && host != "localhost" {
		return ErrPlain
	}
	return nil
}

// asked is what an answer has to fit.
type asked struct {
	Session webauthn.SessionData
	Until   time.Time
}

// holder is a [Holder] as the library asks for it.
type holder struct {
	Holder
	credentials []webauthn.Credential
}

func (h *holder) WebAuthnID() []byte                         { return []byte(h.ID) }
func (h *holder) WebAuthnName() string                       { return h.Email }
func (h *holder) WebAuthnDisplayName() string                { return h.Name }
func (h *holder) WebAuthnCredentials() []webauthn.Credential { return h.credentials }

func relyOn(at Place) (*webauthn.WebAuthn, error) {
	u, err := url.Parse(at.Origin)
	if err != nil {
		return nil, fmt.Errorf("reading the wiki's address: %w", err)
	}
	return webauthn.New(&webauthn.Config{
		RPID: u.Hostname(), RPDisplayName: at.Name, RPOrigins: []string{at.Origin},
		AttestationPreference:  protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{ResidentKey: protocol.ResidentKeyRequirementRequired, RequireResidentKey: protocol.ResidentKeyRequired(), UserVerification: protocol.VerificationRequired},
		Timeouts:               webauthn.TimeoutsConfig{Login: webauthn.TimeoutConfig{Timeout: PasskeyLife}, Registration: webauthn.TimeoutConfig{Timeout: PasskeyLife}},
	})
}

// Add asks for a new passkey: the options are for the browser's script, as JSON;
// sealed is for the browser to keep until it answers.
func (k *Passkeys) Add(at Place, h Holder) (options any, sealed string, err error) {
	rely, err := relyOn(at)
	if err != nil {
		return nil, "", err
	}
	var has []protocol.CredentialDescriptor
	for _, id := range h.Has {
		has = append(has, protocol.CredentialDescriptor{Type: protocol.PublicKeyCredentialType, CredentialID: id})
	}
	creation, session, err := rely.BeginRegistration(&holder{Holder: h}, webauthn.WithExclusions(has))
	if err != nil {
		return nil, "", fmt.Errorf("asking for a new passkey: %w", err)
	}
	sealed, err = k.seal.close(sealAdd, asked{*session, k.now().Add(PasskeyLife)})
	return creation.Response, sealed, err
}

// Added takes the browser's answer to [Passkeys.Add]. *Refused says why it is
// not taken.
func (k *Passkeys) Added(at Place, holderID, sealed string, answer []byte) (Passkey, error) {
	rely, a, err := k.asked(at, sealAdd, sealed)
	if err != nil {
		return Passkey{}, err
	}
	if string(a.Session.UserID) != holderID {
		return Passkey{}, k.refuse(Foreign, errors.New("it was asked for by somebody else"))
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(answer)
	if err != nil {
		return Passkey{}, k.refuse(Unproven, err)
	}
	made, err := rely.CreateCredential(&holder{Holder: Holder{ID: holderID}}, a.Session, parsed)
	if err != nil {
		return Passkey{}, k.refuse(Unproven, err)
	}
	if err := k.spend(a); err != nil {
		return Passkey{}, err
	}
	return Passkey{Credential: made.ID, Key: made.PublicKey, Synced: made.Flags.BackupEligible, Count: made.Authenticator.SignCount}, nil
}

// Ask asks for any passkey of the wiki; what it answers is as that of
// [Passkeys.Add].
func (k *Passkeys) Ask(at Place) (options any, sealed string, err error) {
	rely, err := relyOn(at)
	if err != nil {
		return nil, "", err
	}
	assertion, session, err := rely.BeginDiscoverableLogin()
	if err != nil {
		return nil, "", fmt.Errorf("asking for a passkey: %w", err)
	}
	sealed, err = k.seal.close(sealAsk, asked{*session, k.now().Add(PasskeyLife)})
	return assertion.Response, sealed, err
}

// Answered takes the browser's answer to [Passkeys.Ask] and says whose passkey
// it was, and how often that has been used by now. find answers who has a
// credential; *Refused says why an answer is not taken.
func (k *Passkeys) Answered(at Place, sealed string, answer []byte, find func(credential []byte) (holderID string, p Passkey, err error)) (holderID string, p Passkey, err error) {
	rely, a, err := k.asked(at, sealAsk, sealed)
	if err != nil {
		return "", Passkey{}, err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return "", Passkey{}, k.refuse(Unproven, err)
	}
	var failed error
	_, _, err = rely.ValidatePasskeyLogin(func(credential, _ []byte) (webauthn.User, error) {
		if holderID, p, failed = find(credential); failed != nil {
			return nil, failed
		}
		return &holder{Holder{ID: holderID}, []webauthn.Credential{{ID: p.Credential, PublicKey: p.Key, Flags: webauthn.CredentialFlags{UserVerified: true, BackupEligible: p.Synced}}}}, nil
	}, a.Session, parsed)
	if failed != nil {
		return "", Passkey{}, failed
	}
	if err != nil {
		return "", Passkey{}, k.refuse(Unproven, err)
	}
	if err := k.spend(a); err != nil {
		return "", Passkey{}, err
	}
	p.Count = parsed.Response.AuthenticatorData.Counter
	return holderID, p, nil
}

// asked is what was asked of this browser, if its answer still counts.
func (k *Passkeys) asked(at Place, use, sealed string) (*webauthn.WebAuthn, asked, error) {
	var a asked
	if err := k.seal.open(use, sealed, &a); err != nil {
		return nil, asked{}, k.refuse(Foreign, err)
	}
	if left := a.Until.Sub(k.now()); left <= 0 || left > PasskeyLife {
		return nil, asked{}, k.refuse(Expired, errors.New("it took too long"))
	}
	rely, err := relyOn(at)
	return rely, a, err
}

// spend lets a challenge count no more. It is done when the answer is right:
// strangers can have nothing remembered here.
func (k *Passkeys) spend(a asked) error {
	if !k.seal.once(a.Session.Challenge, a.Until, k.now()) {
		return k.refuse(Foreign, errors.New("the challenge was used before"))
	}
	return nil
}

// refuse logs what exactly is wrong, which is not told.
func (k *Passkeys) refuse(why string, err error) error {
	exactly := err.Error()
	var p *protocol.Error
	if errors.As(err, &p) {
		exactly = p.Details
	}
	k.log.Info("a passkey is refused", "why", why, "exactly", clip(exactly))
	return &Refused{why}
}

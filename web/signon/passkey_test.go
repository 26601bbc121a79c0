package signon_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/web/signon"
	"dealwiki/web/signon/signontest"
)

// desk is where passkeys are asked for, and whom it knows.
type desk struct {
	t    testing.TB
	keys *signon.Passkeys
	at   signon.Place
	now  time.Time
	log  bytes.Buffer
	of   map[string]string // credential → person
	all  map[string]signon.Passkey
}

const home = "https://wiki.example.com"

func newDesk(t testing.TB) *desk {
	d := &desk{t: t, at: signon.Place{Origin: home, Name: "Fairlead"}, now: time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC), of: map[string]string{}, all: map[string]signon.Passkey{}}
	var err error
	d.keys, err = signon.NewPasskeys(func() time.Time { return d.now }, slog.New(slog.NewTextHandler(&d.log, nil)))
	require.NoError(t, err)
	return d
}

func (d *desk) add(person string, has ...[]byte) (options []byte, sealed string) {
	d.t.Helper()
	asked, sealed, err := d.keys.Add(d.at, signon.Holder{ID: person, Email: person + "@example.com", Name: "Canary Name", Has: has})
	require.NoError(d.t, err)
	return d.json(asked), sealed
}

func (d *desk) ask() (options []byte, sealed string) {
	d.t.Helper()
	asked, sealed, err := d.keys.Ask(d.at)
	require.NoError(d.t, err)
	return d.json(asked), sealed
}

func (d *desk) json(v any) []byte {
	d.t.Helper()
	data, err := json.Marshal(v)
	require.NoError(d.t, err)
	return data
}

func (d *desk) find(credential []byte) (string, signon.Passkey, error) {
	k, ok := d.all[string(credential)]
	if !ok {
		return "", signon.Passkey{}, &signon.Refused{Why: signon.Unproven}
	}
	return d.of[string(credential)], k, nil
}

// with is a device that has a passkey of somebody.
func (d *desk) with(person string) *signontest.Device {
	d.t.Helper()
	device := signontest.NewDevice(d.t, home)
	options, sealed := d.add(person)
	k, err := d.keys.Added(d.at, person, sealed, device.Make(options))
	require.NoError(d.t, err, d.log.String())
	require.Equal(d.t, device.Credential, k.Credential)
	d.of[string(k.Credential)], d.all[string(k.Credential)] = person, k
	return device
}

func (d *desk) refused(err error, why, what string) {
	d.t.Helper()
	var no *signon.Refused
	if assert.ErrorAs(d.t, err, &no, what) {
		assert.Equal(d.t, why, no.Why, what)
	}
}

func TestPasskeys(t *testing.T) {
	d := newDesk(t)
	phone := d.with("dana")
	options, sealed := d.ask()
	for _, want := range []string{`"userVerification":"required"`, `"rpId":"wiki.example.com"`} {
		assert.Contains(t, string(options), want)
	}
	assert.NotContains(t, string(options), "allowCredentials", "nobody is named")
	phone.Count = 7
	answer := phone.Show(options)
	person, k, err := d.keys.Answered(d.at, sealed, answer, d.find)
	require.NoError(t, err, d.log.String())
	assert.Equal(t, "dana", person)
	assert.EqualValues(t, 7, k.Count)

	_, _, err = d.keys.Answered(d.at, sealed, answer, d.find)
	d.refused(err, signon.Foreign, "an answer that was given before")

	options, _ = d.add("dana", phone.Credential)
	for _, want := range []string{`"residentKey":"required"`, `"userVerification":"required"`, `"attestation":"none"`, `"excludeCredentials":[{`} {
		assert.Contains(t, string(options), want)
	}
}

func TestPasskeysThatAreRefused(t *testing.T) {
	d := newDesk(t)
	phone := d.with("dana")
	stranger := signontest.NewDevice(t, home)
	options, _ := newDesk(t).add("dana")
	stranger.Make(options)
	tom := d.with("tom")
	for name, tt := range map[string]struct {
		do  func(options []byte, sealed string) (string, []byte)
		why string
	}{
		"nothing kept": {func(o []byte, _ string) (string, []byte) { return "", phone.Show(o) }, signon.Foreign},
		"a challenge of another browser": {func(_ []byte, sealed string) (string, []byte) {
			other, _ := d.ask()
			return sealed, phone.Show(other)
		}, signon.Unproven},
		"kept for adding": {func(o []byte, _ string) (string, []byte) {
			_, sealed := d.add("dana")
			return sealed, phone.Show(o)
		}, signon.Foreign},
		"sealed before a restart": {func(o []byte, _ string) (string, []byte) {
			_, sealed := newDesk(t).ask()
			return sealed, phone.Show(o)
		}, signon.Foreign},
		"too late": {func(o []byte, sealed string) (string, []byte) {
			d.now = d.now.Add(signon.PasskeyLife)
			return sealed, phone.Show(o)
		}, signon.Expired},
		"a clock set back": {func(o []byte, sealed string) (string, []byte) {
			d.now = d.now.Add(-time.Hour)
			return sealed, phone.Show(o)
		}, signon.Expired},
		"asked by another site": {func(o []byte, sealed string) (string, []byte) {
			liar := *phone
			liar.Origin = "https://wiki.example.com.evil.example"
			return sealed, liar.Show(o)
		}, signon.Unproven},
		"another port": {func(o []byte, sealed string) (string, []byte) {
			liar := *phone
			liar.Origin += ":8443"
			return sealed, liar.Show(o)
		}, signon.Unproven},
		"a frame's page": {func(o []byte, sealed string) (string, []byte) {
			liar := *phone
			liar.Origin = "null"
			return sealed, liar.Show(o)
		}, signon.Unproven},
		"http": {func(o []byte, sealed string) (string, []byte) {
			liar := *phone
			liar.Origin = "http://wiki.example.com"
			return sealed, liar.Show(o)
		}, signon.Unproven},
		"not sure of its person": {func(o []byte, sealed string) (string, []byte) {
			liar := *phone
			liar.Unsure = true
			return sealed, liar.Show(o)
		}, signon.Unproven},
		"a passkey that nobody has": {func(o []byte, sealed string) (string, []byte) { return sealed, stranger.Show(o) }, signon.Unproven},
		"another's credential by one's own key": {func(o []byte, sealed string) (string, []byte) {
			liar := *tom
			liar.Credential, liar.Handle = phone.Credential, phone.Handle
			return sealed, liar.Show(o)
		}, signon.Unproven},
		"one's own credential as another": {func(o []byte, sealed string) (string, []byte) {
			liar := *tom
			liar.Handle = phone.Handle
			return sealed, liar.Show(o)
		}, signon.Unproven},
		"nobody's handle": {func(o []byte, sealed string) (string, []byte) {
			liar := *tom
			liar.Handle = nil
			return sealed, liar.Show(o)
		}, signon.Unproven},
		"a broken signature": {func(o []byte, sealed string) (string, []byte) {
			return sealed, bytes.Replace(phone.Show(o), []byte(`"signature":"ME`), []byte(`"signature":"MF`), 1)
		}, signon.Unproven},
		"the answer of making one": {func(o []byte, sealed string) (string, []byte) { made := *phone; return sealed, made.Make(o) }, signon.Unproven},
		"no answer":                {func(_ []byte, sealed string) (string, []byte) { return sealed, nil }, signon.Unproven},
		"junk": {func(_ []byte, sealed string) (string, []byte) {
			return sealed, []byte(`{"id":"AA","response":{"clientDataJSON":"e30"}}`)
		}, signon.Unproven},
	} {
		now := d.now
		options, sealed := d.ask()
		sealed, answer := tt.do(options, sealed)
		_, _, err := d.keys.Answered(d.at, sealed, answer, d.find)
		d.refused(err, tt.why, name)
		d.now = now
	}
	broken := errors.New("the file cannot be read")
	options, sealed := d.ask()
	_, _, err := d.keys.Answered(d.at, sealed, phone.Show(options), func([]byte) (string, signon.Passkey, error) { return "", signon.Passkey{}, broken })
	require.ErrorIs(t, err, broken)
	for _, canary := range []string{"dana", "tom", "Canary"} {
		assert.NotContains(t, d.log.String(), canary)
	}
}

func TestNewPasskeysThatAreRefused(t *testing.T) {
	d := newDesk(t)
	for name, tt := range map[string]struct {
		do  func(device *signontest.Device, options []byte, sealed string) (string, []byte)
		why string
	}{
		"asked for by somebody else": {func(device *signontest.Device, _ []byte, _ string) (string, []byte) {
			options, sealed := d.add("tom")
			return sealed, device.Make(options)
		}, signon.Foreign},
		"kept for signing in": {func(device *signontest.Device, o []byte, _ string) (string, []byte) {
			_, sealed := d.ask()
			return sealed, device.Make(o)
		}, signon.Foreign},
		"another challenge": {func(device *signontest.Device, _ []byte, sealed string) (string, []byte) {
			other, _ := d.add("dana")
			return sealed, device.Make(other)
		}, signon.Unproven},
		"another site": {func(device *signontest.Device, o []byte, sealed string) (string, []byte) {
			device.Origin = "https://evil.example"
			return sealed, device.Make(o)
		}, signon.Unproven},
		"not sure of its person": {func(device *signontest.Device, o []byte, sealed string) (string, []byte) {
			device.Unsure = true
			return sealed, device.Make(o)
		}, signon.Unproven},
		"too late": {func(device *signontest.Device, o []byte, sealed string) (string, []byte) {
			d.now = d.now.Add(signon.PasskeyLife)
			return sealed, device.Make(o)
		}, signon.Expired},
		"nothing": {func(_ *signontest.Device, _ []byte, sealed string) (string, []byte) { return sealed, []byte("{}") }, signon.Unproven},
	} {
		now := d.now
		options, sealed := d.add("dana")
		sealed, answer := tt.do(signontest.NewDevice(t, home), options, sealed)
		_, err := d.keys.Added(d.at, "dana", sealed, answer)
		d.refused(err, tt.why, name)
		d.now = now
	}
	device := signontest.NewDevice(t, home)
	options, sealed := d.add("dana")
	answer := device.Make(options)
	_, err := d.keys.Added(d.at, "dana", sealed, answer)
	require.NoError(t, err)
	_, err = d.keys.Added(d.at, "dana", sealed, answer)
	d.refused(err, signon.Foreign, "twice")
}

func TestWherePasskeysCanBe(t *testing.T) {
	for origin, want := range map[string]error{
		"https://wiki.example.com":                     nil,
		"https://wiki.example.com:8443":                nil,
		"http://localhost:8080":                        nil,
		"https://wiki":                                 signon.ErrName,
		"http://wiki.example.com":                      signon.ErrPlain,
		"http://127.0.0.1:8080":                        signon.ErrName,
		"https://192.0.2.1":                            signon.ErrName,
		"https://[2001:db8::1]":                        signon.ErrName,
		"https://" + strings.Repeat("x", 300) + ".com": signon.ErrName,
		"": signon.ErrName,
	} {
		require.ErrorIs(t, signon.CheckOrigin(origin), want, origin)
	}
}

// FuzzPasskeyAnswers: no answer of a browser brings the server down or is taken
// without a signature.
func FuzzPasskeyAnswers(f *testing.F) {
	d := newDesk(f)
	device := signontest.NewDevice(f, home)
	add, sealedAdd := d.add("dana")
	made := device.Make(add)
	ask, sealedAsk := d.ask()
	shown := device.Show(ask)
	for _, seed := range [][]byte{made, shown, nil, []byte("{}"), []byte(`{"id":"AA","rawId":"AA","type":"public-key","response":{}}`)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, answer []byte) {
		_, _ = d.keys.Added(d.at, "dana", sealedAdd, answer)
		person, _, err := d.keys.Answered(d.at, sealedAsk, answer, func([]byte) (string, signon.Passkey, error) {
			return "tom", signon.Passkey{Credential: device.Credential, Key: []byte("none")}, nil
		})
		if err == nil {
			t.Fatalf("%s was taken for %s", answer, person)
		}
	})
}

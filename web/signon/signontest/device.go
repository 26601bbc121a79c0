package signontest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"net/url"
	"testing"
)

// Device makes and shows passkeys as a browser and its authenticator do, and lies
// when it is told to.
type Device struct {
	t testing.TB
	// Origin is that of the page that asks.
	Origin string
	// Unsure leaves out that the device has made sure of its person.
	Unsure bool
	// Count is of uses; it is told as it stands.
	Count uint32
	// Handle is of whom the passkey is.
	Handle []byte

	Credential []byte
	key        *ecdsa.PrivateKey
}

// NewDevice makes a device without a passkey.
func NewDevice(t testing.TB, origin string) *Device {
	t.Helper()
	return &Device{t: t, Origin: origin}
}

// Options are of what a server asks for.
type Options struct {
	Challenge string `json:"challenge"`
	User      struct {
		ID string `json:"id"`
	} `json:"user"`
}

func (d *Device) read(options []byte) Options {
	d.t.Helper()
	var o Options
	if err := json.Unmarshal(options, &o); err != nil {
		d.t.Fatal(err)
	}
	return o
}

var plainBase = base64.RawURLEncoding.EncodeToString

func (d *Device) client(kind, challenge string) []byte {
	d.t.Helper()
	data, err := json.Marshal(map[string]any{"type": kind, "challenge": challenge, "origin": d.Origin, "crossOrigin": false})
	if err != nil {
		d.t.Fatal(err)
	}
	return data
}

// Bits of what a device says of itself.
const (
	present  = 1
	verified = 1 << 2
	holdsKey = 1 << 6
)

// state is what the device says of itself.
func (d *Device) state(flags byte) []byte {
	d.t.Helper()
	u, err := url.Parse(d.Origin)
	if err != nil {
		d.t.Fatal(err)
	}
	if !d.Unsure {
		flags |= verified
	}
	site := sha256.Sum256([]byte(u.Hostname()))
	return binary.BigEndian.AppendUint32(append(site[:], flags|present), d.Count)
}

// Make makes a passkey and answers with it.
func (d *Device) Make(options []byte) []byte {
	d.t.Helper()
	o := d.read(options)
	var err error
	if d.Handle, err = base64.RawURLEncoding.DecodeString(o.User.ID); err != nil {
		d.t.Fatal(err)
	}
	if d.key == nil {
		if d.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
			d.t.Fatal(err)
		}
		d.Credential = make([]byte, 16)
		rand.Read(d.Credential) // never fails
	}
	public, err := d.key.PublicKey.ECDH()
	if err != nil {
		d.t.Fatal(err)
	}
	point := public.Bytes() // 4, X, Y
	state := append(d.state(holdsKey), make([]byte, 16)...)
	state = binary.BigEndian.AppendUint16(state, uint16(len(d.Credential)))
	state = append(state, d.Credential...)
	// A COSE key: {1: 2, 3: -7, -1: 1, -2: X, -3: Y}.
	state = append(state, 0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32)
	state = append(append(append(state, point[1:33]...), 0x22, 0x58, 32), point[33:]...)
	// {"fmt": "none", "attStmt": {}, "authData": state}.
	object := append([]byte("\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58"), byte(len(state)))
	return d.answer(map[string]string{"clientDataJSON": plainBase(d.client("webauthn.create", o.Challenge)), "attestationObject": plainBase(append(object, state...))})
}

// Show shows the passkey.
func (d *Device) Show(options []byte) []byte {
	d.t.Helper()
	client := d.client("webauthn.get", d.read(options).Challenge)
	state, told := d.state(0), sha256.Sum256(client)
	signed := sha256.Sum256(append(append([]byte{}, state...), told[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, d.key, signed[:])
	if err != nil {
		d.t.Fatal(err)
	}
	return d.answer(map[string]string{"clientDataJSON": plainBase(client), "authenticatorData": plainBase(state), "signature": plainBase(signature), "userHandle": plainBase(d.Handle)})
}

func (d *Device) answer(response map[string]string) []byte {
	d.t.Helper()
	id := plainBase(d.Credential)
	data, err := json.Marshal(map[string]any{"id": id, "rawId": id, "type": "public-key", "response": response, "clientExtensionResults": map[string]any{}})
	if err != nil {
		d.t.Fatal(err)
	}
	return data
}

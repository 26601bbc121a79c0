// Package signon signs people in by a provider that speaks OpenID Connect, and
// by passkeys.
//
// # Model
//
// A [Provider] is one provider, reached by the address of its issuer. [Provider.Begin]
// makes the address where a browser goes and the [Flow] that its answer has to
// fit; [Provider.Finish] takes the answer and says who the provider vouches for,
// an [Identity]. What an identity may do here is not decided here.
//
// [Passkeys] asks browsers for passkeys (WebAuthn) and checks their answers:
// [Passkeys.Add] and [Passkeys.Added] for a new one, [Passkeys.Ask] and
// [Passkeys.Answered] to sign in. What is known of passkeys is kept elsewhere.
//
// # Guarantees
//
//   - The flow is by authorization code with state, nonce and PKCE (S256). An
//     answer counts for the one browser and the one time it was asked for.
//   - Tokens are taken only when signed by a key that the issuer publishes, with a
//     public-key algorithm, for this client, by this issuer, for this nonce, and
//     while they last.
//   - An address is verified only if the claim email_verified is the boolean true.
//   - Answers of the provider are bounded in size and time, redirects are not
//     followed, and only https is spoken, but to this machine itself.
//   - Nothing that a provider says of a person is in an error or the log.
//   - A passkey's answer counts for the one challenge that this browser was
//     given, once, for five minutes, at the wiki's own address, and only when the
//     device has made sure who holds it.
//
// # Goroutines
//
// A [Provider] looks whether its provider answers in a goroutine of its own, at
// most one at a time. [Provider.Close] stops it and waits.
package signon

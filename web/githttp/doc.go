// Package githttp lets a stock git clone, fetch and push the two repositories of
// a prospect over HTTP.
//
// # Model
//
// /git/PROSPECT/internal.git and /git/PROSPECT/external.git speak git's smart
// protocol. Sending is done by the system's git. Receiving is not: a push is
// spooled to disk, its pack is unpacked and checked in quarantine, and package
// wiki moves main. So there are no hooks, nobody is held up by a slow sender,
// and every reason to refuse names a file, a rule and what to do.
//
// # Who comes in
//
// The password of Basic authorization is an API token with the scope git; the
// user name does not matter. Without one, every address below /git/ answers the
// same 401, with one, every address that leads nowhere for its owner the same
// 404, whether there is something or not. Guests clone the shared side of a
// prospect where its owner allows it, and never push.
//
// # Goroutines
//
// A [Door] starts none that outlive a request.
package githttp

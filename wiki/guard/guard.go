// Package guard names the checks that keep people from what is not theirs. Each
// of them stands in this table, and where it is made it says which it is. Built
// with the tag mutation, a test can switch one off at a time, and has to find
// that something comes through: a guard that nobody misses is either doubled by
// another, or not tested. Without the tag nothing can be switched off.
package guard

// Guard is a check.
type Guard string

// The guards.
const (
	// Who may do what, in wiki/people.
	StaffAlone    Guard = "guests have no level at the staff's doors"
	NotDisabled   Guard = "a disabled person has no level"
	Restricted    Guard = "a restricted prospect is there for those named alone"
	ReadersRead   Guard = "who was granted reading does not write"
	TokenScope    Guard = "a token without the scope write does not write"
	GuestGranted  Guard = "a guest has a grant of the very prospect"
	GuestRole     Guard = "a guest writes as an editor alone"
	GuestComments Guard = "a guest comments as commenter or editor alone"
	OwnersAlone   Guard = "who may come in is said by the owner"
	MayAtAll      Guard = "accounts are changed by who may, through a door that may"

	// What a side shows, in wiki.
	SeesSpace   Guard = "a space is there for staff who see it"
	SeesShared  Guard = "a shared side is there for its guests and staff who see it"
	SideIsSeen  Guard = "an open side outlives no grant"
	EditorEdits Guard = "a side is changed by its editors"
	PastOfHead  Guard = "a guest sees the past of pages that are shared now"
	NoChangeLog Guard = "a guest sees no list of changes"

	// What a door lets through, in web.
	SignedIn     Guard = "pages are for who is signed in"
	StaffDoors   Guard = "the staff's pages are not there for guests"
	CallSignedIn Guard = "calls are for who is signed in"
	CallStaff    Guard = "the staff's calls are not there for guests"
	CallScope    Guard = "a call needs its scope"
	FeedToken    Guard = "a feed opens by a token for feeds"

	// Live editing, git, and the door in the wall itself.
	ReadersUpdate Guard = "what a reader sends to a live page is not taken"
	GitScope      Guard = "git's door opens by a token for git"
	GuestsClone   Guard = "guests clone where the owner allows it"
	GuestsPush    Guard = "guests push nothing"
	OwnerShares   Guard = "a page goes through the wall by its owner alone"
)

// All lists them.
func All() []Guard {
	return []Guard{
		StaffAlone, NotDisabled, Restricted, ReadersRead, TokenScope, GuestGranted, GuestRole, GuestComments, OwnersAlone, MayAtAll,
		SeesSpace, SeesShared, SideIsSeen, EditorEdits, PastOfHead, NoChangeLog,
		SignedIn, StaffDoors, CallSignedIn, CallStaff, CallScope, FeedToken,
		ReadersUpdate, GitScope, GuestsClone, GuestsPush, OwnerShares,
	}
}

// Stops reports that the guard keeps somebody out, given that it has a reason to.
func (g Guard) Stops(reason bool) bool { return reason && !off(g) }

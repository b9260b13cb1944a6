// Package vendorsuite measures how exactly a mirror answers as its vendor did:
// it replays recorded exchanges against a fresh session, one for each cassette,
// and compares every answer with the recorded one.
//
// It knows recordings, comparisons and reports. What is replayed against is a
// Target: how a mirror's server or a peer is started and reached is left to the
// caller, so that both are measured by the same rules. What a vendor does at
// random, or what its clients read of an answer, is data in a Rules value beside
// the vendor's name.
package vendorsuite

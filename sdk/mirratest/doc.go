// Package mirratest gives a test mirrors of the APIs that the code under test calls.
//
//	func TestCheckout(t *testing.T) {
//		session := mirratest.Start(t, "stripe")
//		stripe.SetHTTPClient(session.Client()) // all that the SDK is told
//		shop.Checkout("jenny@example.com")
//		var customers []struct{ Email string }
//		session.State("stripe", "customers", &customers)
//		...
//	}
//
// The session, with a state, clock and limits of its own, ends with the test; tests in
// parallel do not meet in theirs. Its Client leads https://api.stripe.com and the
// vendors' other hosts there, and refuses what no mirror answers.
//
// Sessions are in a server in the background, one for all tests: that of `mirra exec`,
// which MIRRA_URL and MIRRA_TOKEN name, else that of the program mirra, which is
// MIRRA_BINARY or on PATH and starts one if none runs. A project's mirra.lock says
// which build of a mirror is meant. Package inprocess has a server within the test
// instead.
//
// Methods that cannot do what they are asked end the test, and say what to do.
package mirratest

// Package host holds Mirra's domain types and the small interfaces between its
// adapters: what a loaded plugin is (Program), what it can reach during a call
// (Call), where its state lives (Store). Use cases are in host/session, one
// technology each in the packages below; host/assembly joins them.
package host

// Package hostsuite proves the session host: what sessions, clocks, timers,
// deliveries, faults, limits, snapshots and restarts do, by a small plugin that
// does one thing at a time. It runs on the real databases; only the network and
// the wall clock are stood in for.
package hostsuite

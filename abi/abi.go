// Package abi is the contract between the Mirra host and a plugin: names,
// version, error numbers, frames, the tape and the manifest. README.md beside
// this file is the specification; its worked bytes are checked by the tests.
//
// The package is shared by both sides and by every tool that reads a plugin
// file. It holds encodings only: what a host does with them is package host,
// what an author writes is package sdk.
package abi

import "strconv"

// Version is the ABI major this package describes. Within a major only
// functions, tags and kinds are added.
const Version = 1

// Exports a plugin module must have, and the ones it may have.
const (
	ExportMemory     = "memory"      // required
	ExportMarker     = "mirra_abi_1" // required, never called: names the major
	ExportInit       = "mirra_init"  // required: schema and statements, no session
	ExportCall       = "mirra_call"  // required: everything else
	ExportInitialize = "_initialize" // optional: the reactor's start-up
	MarkerPrefix     = "mirra_abi_"
)

// ReservedPrefix starts export names that the host adds when it instruments a
// module. A plugin that exports one is refused.
const ReservedPrefix = "mirra_rt_"

// Import modules: each is one capability, so what a plugin can do is read from
// its imports.
const (
	ModuleCore    = "mirra_core_v1"
	ModuleSQL     = "mirra_sql_v1"
	ModuleTime    = "mirra_time_v1"
	ModuleRand    = "mirra_rand_v1"
	ModuleCrypto  = "mirra_crypto_v1"
	ModuleLimit   = "mirra_limit_v1"
	ModuleDeliver = "mirra_deliver_v1"
	ModuleBlob    = "mirra_blob_v1"
	ModuleWASI    = "wasi_snapshot_preview1"
)

// Errno is the negative result of a host function. Zero and above is fine.
type Errno int32

// Error numbers. A pointer outside the guest's memory or a call in the wrong
// phase is not an errno: it traps.
const (
	OK       Errno = 0
	Invalid  Errno = -1 // an argument is malformed
	TooSmall Errno = -2 // the buffer is too small; the bytes wait for result()
	Limit    Errno = -3 // a published limit is reached
	SQL      Errno = -4 // SQLite refused; the message waits for result()
	Denied   Errno = -5 // the guard or a capability forbids it
	NotFound Errno = -6
	Busy     Errno = -7
)

var errnoNames = [...]string{"ok", "invalid", "too small", "limit", "sql", "denied", "not found", "busy"}

// Error returns the name README.md gives the number.
func (e Errno) Error() string {
	if i := -int(e); i >= 0 && i < len(errnoNames) {
		return errnoNames[i]
	}
	return "errno " + strconv.Itoa(int(e))
}

// Kind says what a call of mirra_call is for.
type Kind uint16

// Kinds. Later ones are added without a break: a plugin answers an unknown
// kind with an empty output.
const (
	KindHTTP     Kind = 1 // answer a request of the vendor's API
	KindTimer    Kind = 2 // a timer of the plugin is due
	KindAttempt  Kind = 3 // build one try of a delivery
	KindOutcome  Kind = 4 // learn what became of that try
	KindSimulate Kind = 5 // cause a vendor event
	KindSeed     Kind = 6 // load a fixture or a state document
	KindMigrate  Kind = 7 // bring a persistent database to this build's schema
	KindWarmup   Kind = 8 // exercise the code before the snapshot; its state is thrown away
)

var kindNames = [...]string{"", "http", "timer", "attempt", "outcome", "simulate", "seed", "migrate", "warmup"}

// String returns the kind's name in traces and errors.
func (k Kind) String() string {
	if int(k) > 0 && int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "kind " + strconv.Itoa(int(k))
}

// Published limits of one call. The host enforces them; a plugin that meets
// one gets [Limit] or is stopped, and the trace names it.
const (
	MaxModuleBytes      = 16 << 20
	MaxMemoryBytes      = 32 << 20
	MaxInlineBodyBytes  = 256 << 10 // larger bodies and file parts are blob handles
	MaxBodyBytes        = 1 << 20   // unless the manifest asks for more
	MaxBlobBytes        = 50 << 20
	MaxResponseBytes    = 8 << 20
	MaxDatabaseBytes    = 64 << 20
	MaxRowsPerCall      = 50_000
	MaxDeliveries       = 5_000 // deliveries or timers, per call
	MaxLogBytes         = 64 << 10
	MaxOutcomeBodyBytes = 64 << 10
)

// Random streams of mirra_rand_v1. Each is a function of the session's seed,
// the mirror, the stream and a counter committed with the call.
const (
	StreamObjects  = 0
	StreamRequests = 1
	StreamSecrets  = 2
	StreamFixed    = 3 // no counter: the same bytes each time, for what a session has one of
)

// Algorithms of mirra_crypto_v1.
const (
	SHA1   = 1
	SHA256 = 2
	SHA512 = 3
	MD5    = 4 // digest only: ETags and legacy checksums
)

// Log levels of mirra_core_v1.log.
const (
	LogDebug = 0
	LogInfo  = 1
	LogWarn  = 2
	LogError = 3
)

// Alphabets of mirra_crypto_v1.keygen.
const (
	AlphabetHex    = 0
	AlphabetBase62 = 1
	AlphabetBase64 = 2 // n random bytes, in standard base64
)

package host

import (
	"fmt"

	"github.com/mirrahq/mirra/abi"
)

// Call is everything a plugin can reach during one invocation: the session's
// side of the host functions in abi.Functions. Implementations are used by one
// goroutine at a time. Byte arguments are lent for the call only.
//
// Methods return *CallError for anything a plugin can get wrong and recover
// from; any other error stops the plugin.
type Call interface {
	CallSQL
	CallTime
	CallCrypto
	CallDeliver
	CallBlob
	// Fill writes random bytes of a stream of abi.Stream… numbers.
	Fill(stream uint32, p []byte) error
	// Take asks a token bucket for cost units; rate is in thousandths of a unit
	// a second. It returns how long to wait in nanoseconds, 0 when granted.
	Take(key []byte, cost, rateMilli, burst int64) (waitNS int64, err error)
	// Log keeps a line for the trace.
	Log(level uint32, line []byte)
}

// CallSQL runs the statements a plugin defined.
type CallSQL interface {
	// Run binds args (abi values), steps the statement to its end and appends
	// the result (abi.Rows) to out[:0]. When the result does not fit cap(out),
	// the returned slice has moved. steps is the number of rows stepped over.
	Run(stmt uint32, args, out []byte) (result []byte, steps int, err error)
	// Emit appends the text of one column of each row to dst, separator
	// between rows, and returns how many there were.
	Emit(dst []byte, stmt uint32, args []byte, column int, separator []byte) (out []byte, rows int, err error)
}

// CallTime is the clock a plugin sees, and its timers.
type CallTime interface {
	NowNS() int64
	PeerNS() int64
	// SetTimer makes the plugin be called with payload at an instant of session
	// time. The same key replaces; an instant that has passed is due at once.
	SetTimer(key string, atNS int64, payload []byte) error
	// ClearTimer reports NotFound when there is no such timer.
	ClearTimer(key string) error
}

// CallCrypto signs with secrets a plugin never sees.
type CallCrypto interface {
	// HMAC appends the MAC of data under the secret to out.
	HMAC(alg, secret uint32, data, out []byte) ([]byte, error)
	// Digest appends the hash of data to out.
	Digest(alg uint32, data, out []byte) ([]byte, error)
	// Secret returns the handle of a secret the manifest names.
	Secret(name string) (handle uint32, err error)
	// Keygen makes a secret from prefix and n random characters of alphabet
	// (abi.Alphabet…) and returns its handle.
	Keygen(prefix string, n int, alphabet uint32) (handle uint32, err error)
}

// CallDeliver queues webhooks.
type CallDeliver interface {
	// Enqueue queues a delivery in the transaction of the call.
	Enqueue(e abi.Enqueue) (id uint64, err error)
}

// CallBlob keeps bytes outside frames, content-addressed per session.
type CallBlob interface {
	BlobSize(handle uint32) (int64, error)
	// BlobRead copies from offset and returns how much.
	BlobRead(handle uint32, offset int64, p []byte) (int, error)
	BlobCreate() (handle uint32, err error)
	BlobAppend(handle uint32, p []byte) error
	// BlobSeal ends writing, keeps the blob with the call's transaction and
	// returns its digest, "sha256:…".
	BlobSeal(handle uint32) (digest string, err error)
	// BlobOpen returns a handle on a sealed blob.
	BlobOpen(digest string) (handle uint32, err error)
	BlobDrop(handle uint32) error
}

// CallError is an answer to a plugin: an errno, and a message it can read with
// result().
type CallError struct {
	Errno   abi.Errno
	Message string
}

func (e *CallError) Error() string {
	if e.Message == "" {
		return e.Errno.Error()
	}
	return fmt.Sprintf("%s: %s", e.Errno.Error(), e.Message)
}

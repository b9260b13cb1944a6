package native

import (
	"errors"
	"fmt"
	"math"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/sdk/internal/wire"
)

// wireHost answers the sdk's host functions from a host.Call, as the functions
// of host/wasm answer a guest's imports. init is set in the init phase, when
// there is no call.
type wireHost struct {
	host  host.Call
	init  *host.Schema
	frame []byte
	out   []byte
	base  int    // length of what out held before
	last  []byte // what result() gives
	calls int
	log   int
}

var _ wire.Host = (*wireHost)(nil)

// call returns the host's side; in the init phase there is none.
func (w *wireHost) call(name string) host.Call {
	w.calls++
	if w.host == nil {
		panic(stopped{&host.Trap{Cause: host.TrapPhase, Detail: name + " in the init phase"}})
	}
	return w.host
}

// refuse keeps the message of an error that is for the plugin and returns its
// errno; any other ends the call.
func (w *wireHost) refuse(err error) int32 {
	e, ok := errors.AsType[*host.CallError](err)
	if !ok {
		panic(stopped{err})
	}
	w.last = []byte(e.Message)
	return int32(e.Errno)
}

func (w *wireHost) invalid(message string) int32 {
	w.last = []byte(message)
	return int32(abi.Invalid)
}

func (w *wireHost) status(err error) int32 {
	if err != nil {
		return w.refuse(err)
	}
	return 0
}

func (w *wireHost) handle(h uint32, err error) int32 {
	if err != nil {
		return w.refuse(err)
	}
	return int32(h)
}

func (w *wireHost) wide(v int64, err error) int64 {
	if err != nil {
		return int64(w.refuse(err))
	}
	return v
}

// place gives the plugin a result that was appended to out[:0]; one that did
// not fit waits for Result.
func (w *wireHost) place(out, result []byte) int32 {
	if len(result) > cap(out) {
		w.last = result
		return int32(abi.TooSmall)
	}
	copy(out[:len(result)], result)
	return int32(len(result))
}

func (w *wireHost) short(out, result []byte, err error) int32 {
	if err != nil {
		return w.refuse(err)
	}
	return w.place(out[:0:len(out)], result)
}

func copyOut(src []byte, off uint32, p []byte) uint32 {
	if uint64(off) < uint64(len(src)) {
		copy(p, src[off:])
	}
	return uint32(len(src))
}

func (w *wireHost) roomFor(n int) {
	if n-w.base > abi.MaxResponseBytes {
		panic(stopped{&host.Trap{Cause: host.TrapOutput, Detail: fmt.Sprintf("output is larger than %d bytes", abi.MaxResponseBytes)}})
	}
}

func (w *wireHost) Input(off uint32, p []byte) uint32  { return copyOut(w.frame, off, p) }
func (w *wireHost) Result(off uint32, p []byte) uint32 { return copyOut(w.last, off, p) }

func (w *wireHost) Output(p []byte) {
	w.roomFor(len(w.out) + len(p))
	w.out = append(w.out, p...)
}

func (w *wireHost) Log(level uint32, line string) {
	if w.host == nil || w.log >= abi.MaxLogBytes {
		return
	}
	line = line[:min(len(line), abi.MaxLogBytes-w.log)]
	w.log += max(len(line), 1)
	w.host.Log(min(level, abi.LogError), []byte(line))
}

func (w *wireHost) Schema(version uint32, ddl string) int32 {
	if w.init == nil {
		panic(stopped{&host.Trap{Cause: host.TrapPhase, Detail: "schema outside the init phase"}})
	}
	if w.init.Version != 0 || w.init.DDL != "" {
		return w.invalid("schema was declared before")
	}
	w.init.Version, w.init.DDL = version, ddl
	return 0
}

func (w *wireHost) Define(sql string) int32 {
	if w.init == nil {
		panic(stopped{&host.Trap{Cause: host.TrapPhase, Detail: "define outside the init phase"}})
	}
	w.init.Statements = append(w.init.Statements, sql)
	return int32(len(w.init.Statements) - 1)
}

func (w *wireHost) Run(stmt uint32, args, out []byte) int32 {
	result, _, err := w.call("run").Run(stmt, args, out[:0:len(out)])
	if err != nil {
		return w.refuse(err)
	}
	return w.place(out[:0:len(out)], result)
}

func (w *wireHost) Emit(stmt uint32, args []byte, column uint32, separator string) int32 {
	before := len(w.out)
	out, rows, err := w.call("emit").Emit(w.out, stmt, args, int(int32(column)), []byte(separator))
	if err != nil {
		w.out = w.out[:before]
		return w.refuse(err)
	}
	w.roomFor(len(out))
	w.out = out
	return int32(rows)
}

func (w *wireHost) NowNS() int64  { return w.call("now_ns").NowNS() }
func (w *wireHost) PeerNS() int64 { return w.call("peer_ns").PeerNS() }

func (w *wireHost) TimerSet(key string, atNS int64, payload string) int32 {
	return w.status(w.call("timer_set").SetTimer(key, atNS, []byte(payload)))
}

func (w *wireHost) TimerClear(key string) int32 {
	return w.status(w.call("timer_clear").ClearTimer(key))
}

func (w *wireHost) Fill(stream uint32, p []byte) int32 {
	return w.status(w.call("fill").Fill(stream, p))
}

func (w *wireHost) HMAC(alg, secret uint32, data string, out []byte) int32 {
	mac, err := w.call("hmac").HMAC(alg, secret, []byte(data), nil)
	return w.short(out, mac, err)
}

func (w *wireHost) Digest(alg uint32, data string, out []byte) int32 {
	sum, err := w.call("digest").Digest(alg, []byte(data), nil)
	return w.short(out, sum, err)
}

func (w *wireHost) Secret(name string) int32 { return w.handle(w.call("secret").Secret(name)) }

// maxSecretChars bounds what Keygen makes, as the host does.
const maxSecretChars = 1024

func (w *wireHost) Keygen(prefix string, n, alphabet uint32) int32 {
	if n > maxSecretChars || len(prefix) > maxSecretChars {
		return w.invalid(fmt.Sprintf("secret longer than %d characters", maxSecretChars))
	}
	return w.handle(w.call("keygen").Keygen(prefix, int(n), alphabet))
}

func (w *wireHost) Take(key string, cost, rateMilli, burst int64) int64 {
	return w.wide(w.call("take").Take([]byte(key), cost, rateMilli, burst))
}

func (w *wireHost) Enqueue(frame []byte) int64 {
	e, err := abi.DecodeEnqueue(string(frame))
	if err != nil {
		return int64(w.invalid(err.Error()))
	}
	id, err := w.call("enqueue").Enqueue(e)
	return w.wide(int64(min(id, math.MaxInt64)), err)
}

func (w *wireHost) BlobSize(handle uint32) int64 {
	return w.wide(w.call("size").BlobSize(handle))
}

func (w *wireHost) BlobRead(handle uint32, off int64, p []byte) int32 {
	n, err := w.call("read").BlobRead(handle, off, p)
	if err != nil {
		return w.refuse(err)
	}
	return int32(n)
}

func (w *wireHost) BlobCreate() int32 { return w.handle(w.call("create").BlobCreate()) }

func (w *wireHost) BlobAppend(handle uint32, p []byte) int32 {
	return w.status(w.call("append").BlobAppend(handle, p))
}

func (w *wireHost) BlobSeal(handle uint32, out []byte) int32 {
	digest, err := w.call("seal").BlobSeal(handle)
	return w.short(out, []byte(digest), err)
}

func (w *wireHost) BlobOpen(digest string) int32 { return w.handle(w.call("open").BlobOpen(digest)) }
func (w *wireHost) BlobDrop(handle uint32) int32 { return w.status(w.call("drop").BlobDrop(handle)) }

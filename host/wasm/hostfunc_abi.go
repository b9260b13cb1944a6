package wasm

import (
	"fmt"
	"math"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/host"
)

// abiFunctions implements abi.Functions; abi/README.md specifies each.
var abiFunctions = map[string]func(in *instance, s []uint64){
	abi.ModuleCore + ".input":  func(in *instance, s []uint64) { s[0] = in.copyOut(in.frame, s[0], s[1], s[2]) },
	abi.ModuleCore + ".output": output,
	abi.ModuleCore + ".result": func(in *instance, s []uint64) { s[0] = in.copyOut(in.last, s[0], s[1], s[2]) },
	abi.ModuleCore + ".log":    func(in *instance, s []uint64) { in.log(uint32(s[0]), in.input(s[1], s[2])) },

	abi.ModuleSQL + ".schema": schema,
	abi.ModuleSQL + ".define": define,
	abi.ModuleSQL + ".run":    runStatement,
	abi.ModuleSQL + ".emit":   emit,

	abi.ModuleTime + ".now_ns":  func(in *instance, s []uint64) { s[0] = uint64(in.host.NowNS()) },
	abi.ModuleTime + ".peer_ns": func(in *instance, s []uint64) { s[0] = uint64(in.host.PeerNS()) },
	abi.ModuleTime + ".timer_set": func(in *instance, s []uint64) {
		s[0] = in.status(in.host.SetTimer(string(in.input(s[0], s[1])), int64(s[2]), in.input(s[3], s[4])))
	},
	abi.ModuleTime + ".timer_clear": func(in *instance, s []uint64) {
		s[0] = in.status(in.host.ClearTimer(string(in.input(s[0], s[1]))))
	},

	abi.ModuleRand + ".fill": func(in *instance, s []uint64) {
		s[0] = in.status(in.host.Fill(uint32(s[0]), in.input(s[1], s[2])))
	},

	abi.ModuleCrypto + ".hmac": func(in *instance, s []uint64) {
		data, out := in.input(s[2], s[3]), in.bytes(s[4], s[5])
		mac, err := in.host.HMAC(uint32(s[0]), uint32(s[1]), data, nil)
		s[0] = in.digest(out, mac, err)
	},
	abi.ModuleCrypto + ".digest": func(in *instance, s []uint64) {
		data, out := in.input(s[1], s[2]), in.bytes(s[3], s[4])
		sum, err := in.host.Digest(uint32(s[0]), data, nil)
		s[0] = in.digest(out, sum, err)
	},
	abi.ModuleCrypto + ".secret": func(in *instance, s []uint64) {
		s[0] = in.handle(in.host.Secret(string(in.input(s[0], s[1]))))
	},
	abi.ModuleCrypto + ".keygen": keygen,

	abi.ModuleLimit + ".take": func(in *instance, s []uint64) {
		s[0] = in.wide(in.host.Take(in.input(s[0], s[1]), int64(s[2]), int64(s[3]), int64(s[4])))
	},

	abi.ModuleDeliver + ".enqueue": func(in *instance, s []uint64) {
		e, err := abi.DecodeEnqueue(string(in.input(s[0], s[1])))
		if err != nil {
			in.last = []byte(err.Error())
			s[0] = wideErrno(abi.Invalid)
			return
		}
		id, err := in.host.Enqueue(e)
		if err == nil && id > math.MaxInt64 {
			in.abort(fmt.Errorf("delivery id %d out of range", id))
		}
		s[0] = in.wide(int64(id), err)
	},

	abi.ModuleBlob + ".size": func(in *instance, s []uint64) { s[0] = in.wide(in.host.BlobSize(uint32(s[0]))) },
	abi.ModuleBlob + ".read": func(in *instance, s []uint64) {
		n, err := in.host.BlobRead(uint32(s[0]), int64(s[1]), in.input(s[2], s[3]))
		if err != nil {
			s[0] = i32(in.refuse(err))
			return
		}
		s[0] = length(n)
	},
	abi.ModuleBlob + ".create": func(in *instance, s []uint64) { s[0] = in.handle(in.host.BlobCreate()) },
	abi.ModuleBlob + ".append": func(in *instance, s []uint64) {
		s[0] = in.status(in.host.BlobAppend(uint32(s[0]), in.input(s[1], s[2])))
	},
	abi.ModuleBlob + ".seal": func(in *instance, s []uint64) {
		out := in.bytes(s[1], s[2])
		digest, err := in.host.BlobSeal(uint32(s[0]))
		s[0] = in.digest(out, []byte(digest), err)
	},
	abi.ModuleBlob + ".open": func(in *instance, s []uint64) {
		s[0] = in.handle(in.host.BlobOpen(string(in.input(s[0], s[1]))))
	},
	abi.ModuleBlob + ".drop": func(in *instance, s []uint64) { s[0] = in.status(in.host.BlobDrop(uint32(s[0]))) },
}

func output(in *instance, s []uint64) {
	p := in.input(s[0], s[1])
	in.roomFor(len(in.out) + len(p))
	in.out = append(in.out, p...)
}

func (in *instance) roomFor(n int) {
	if n-in.base > abi.MaxResponseBytes {
		in.stop(host.TrapOutput, "output is larger than %d bytes", abi.MaxResponseBytes)
	}
}

// log keeps a line for the trace; what is over the limit of a call is cut off.
func (in *instance) log(level uint32, line []byte) {
	if in.host == nil || in.logLeft <= 0 {
		return
	}
	line = line[:min(len(line), in.logLeft)]
	in.logLeft -= max(len(line), 1)
	in.host.Log(min(level, abi.LogError), line)
}

// Limits of what a plugin declares in its init phase.
const (
	maxSchemaBytes = 1 << 20
	maxStatements  = 10_000
)

func schema(in *instance, s []uint64) {
	ddl := in.input(s[1], s[2])
	switch {
	case in.init.Version != 0 || in.init.DDL != "":
		s[0] = in.invalid("schema was declared before")
	case len(ddl) > maxSchemaBytes:
		s[0] = i32(int32(abi.Limit))
	default:
		in.init.Version, in.init.DDL = uint32(s[0]), string(ddl)
		s[0] = 0
	}
}

func define(in *instance, s []uint64) {
	text := in.input(s[0], s[1])
	if len(text) > maxSchemaBytes || len(in.init.Statements) == maxStatements {
		s[0] = i32(int32(abi.Limit))
		return
	}
	in.init.Statements = append(in.init.Statements, string(text))
	s[0] = length(len(in.init.Statements) - 1)
}

func runStatement(in *instance, s []uint64) {
	args, out := in.input(s[1], s[2]), in.bytes(s[3], s[4])
	result, steps, err := in.host.Run(uint32(s[0]), args, out[:0])
	in.spend(int64(steps) * abi.FuelPerSQLStep)
	if err != nil {
		s[0] = i32(in.refuse(err))
		return
	}
	s[0] = in.place(out[:0], result)
}

func emit(in *instance, s []uint64) {
	args, separator := in.input(s[1], s[2]), in.bytes(s[4], s[5])
	before := len(in.out)
	out, rows, err := in.host.Emit(in.out, uint32(s[0]), args, int(int32(uint32(s[3]))), separator)
	in.spend(int64(rows) * abi.FuelPerSQLStep)
	if err != nil {
		in.out = in.out[:before]
		s[0] = i32(in.refuse(err))
		return
	}
	in.spendBytes(len(out) - before)
	in.roomFor(len(out))
	in.out = out
	s[0] = length(rows)
}

// maxSecretChars bounds what keygen makes.
const maxSecretChars = 1024

func keygen(in *instance, s []uint64) {
	prefix, n := in.input(s[0], s[1]), uint32(s[2])
	if n > maxSecretChars || len(prefix) > maxSecretChars {
		s[0] = in.invalid(fmt.Sprintf("secret longer than %d characters", maxSecretChars))
		return
	}
	s[0] = in.handle(in.host.Keygen(string(prefix), int(n), uint32(s[3])))
}

// digest gives the guest a short result that was made apart from its buffer.
func (in *instance) digest(out, result []byte, err error) uint64 {
	if err != nil {
		return i32(in.refuse(err))
	}
	return in.place(out[:0], result)
}

// wide is a 64-bit result that may be an errno.
func (in *instance) wide(v int64, err error) uint64 {
	if err != nil {
		return wideErrno(abi.Errno(in.refuse(err)))
	}
	return uint64(v)
}

func wideErrno(e abi.Errno) uint64 { return uint64(int64(e)) }

package wasm

import (
	"encoding/binary"
	"strings"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/host"
)

// The WASI shim holds every function of preview 1, so that toolchains that
// link file or socket code load. Clock, randomness, standard output and exit
// work; there are no arguments, no environment, no files and no network.
// See https://github.com/WebAssembly/WASI/blob/main/legacy/preview1/docs.md

// Errnos of WASI.
const (
	wasiSuccess = 0
	wasiBadFD   = 8
	wasiInvalid = 28
	wasiNoSys   = 52
)

// wasiFuel is what a call of the shim costs, before the bytes it moves.
const wasiFuel = 50

// During init and warm-up there is no session: clock and randomness are
// constant, so that an image is a function of its plugin.
const initNowNS = 1_700_000_000_000_000_000

// wasiSignatures lists preview 1: i for i32, I for i64. All return an errno
// but proc_exit.
const wasiSignatures = `
args_get ii
args_sizes_get ii
environ_get ii
environ_sizes_get ii
clock_res_get ii
clock_time_get iIi
fd_advise iIIi
fd_allocate iII
fd_close i
fd_datasync i
fd_fdstat_get ii
fd_fdstat_set_flags ii
fd_fdstat_set_rights iII
fd_filestat_get ii
fd_filestat_set_size iI
fd_filestat_set_times iIIi
fd_pread iiiIi
fd_prestat_dir_name iii
fd_prestat_get ii
fd_pwrite iiiIi
fd_read iiii
fd_readdir iiiIi
fd_renumber ii
fd_seek iIii
fd_sync i
fd_tell ii
fd_write iiii
path_create_directory iii
path_filestat_get iiiii
path_filestat_set_times iiiiIIi
path_link iiiiiii
path_open iiiiiIIii
path_readlink iiiiii
path_remove_directory iii
path_rename iiiiii
path_symlink iiiii
path_unlink_file iii
poll_oneoff iiii
proc_exit i
proc_raise i
random_get ii
sched_yield -
sock_accept iii
sock_recv iiiiii
sock_send iiiii
sock_shutdown ii
`

// wasiWorking maps the functions that do something to their errno.
var wasiWorking = map[string]func(in *instance, s []uint64) uint64{
	"args_get":          wasiNothing,
	"environ_get":       wasiNothing,
	"args_sizes_get":    wasiNoStrings,
	"environ_sizes_get": wasiNoStrings,
	"clock_res_get":     wasiClockRes,
	"clock_time_get":    wasiClockTime,
	"fd_fdstat_get":     wasiFDStat,
	"fd_read":           wasiFDRead,
	"fd_write":          wasiFDWrite,
	"poll_oneoff":       wasiPoll,
	"proc_exit":         wasiExit,
	"proc_raise":        func(*instance, []uint64) uint64 { return wasiNoSys },
	"random_get":        wasiRandom,
	"sched_yield":       wasiNothing,
}

func wasiFunctions() (all []*hostFunction) {
	for line := range strings.Lines(strings.TrimSpace(wasiSignatures)) {
		name, params, _ := strings.Cut(strings.TrimSpace(line), " ")
		f := abi.Function{Module: abi.ModuleWASI, Name: name, Results: []abi.WireType{abi.I32}, Fuel: wasiFuel}
		for _, p := range strings.Trim(params, "-") {
			if p == 'I' {
				f.Params = append(f.Params, abi.I64)
			} else {
				f.Params = append(f.Params, abi.I32)
			}
		}
		if name == "proc_exit" {
			f.Results = nil
		}
		work := wasiWorking[name]
		if work == nil {
			work = func(*instance, []uint64) uint64 { return wasiBadFD }
		}
		all = append(all, &hostFunction{f, func(in *instance, s []uint64) { s[0] = work(in, s) }})
	}
	return all
}

func wasiNothing(*instance, []uint64) uint64 { return wasiSuccess }

func wasiNoStrings(in *instance, s []uint64) uint64 {
	in.putU32(s[0], 0)
	in.putU32(s[1], 0)
	return wasiSuccess
}

func (in *instance) putU32(ptr uint64, v uint32) {
	binary.LittleEndian.PutUint32(in.bytes(ptr, 4), v)
}

func wasiClockRes(in *instance, s []uint64) uint64 {
	binary.LittleEndian.PutUint64(in.bytes(s[1], 8), 1)
	return wasiSuccess
}

// wasiClockTime answers the call's session time. The monotonic clocks run on
// while the guest believes to sleep.
func wasiClockTime(in *instance, s []uint64) uint64 {
	now := int64(initNowNS)
	if in.host != nil {
		now = in.host.NowNS()
	}
	switch uint32(s[0]) {
	case 0:
	case 1, 2, 3:
		now += in.sleptNS
	default:
		return wasiInvalid
	}
	binary.LittleEndian.PutUint64(in.bytes(s[2], 8), uint64(now))
	return wasiSuccess
}

// wasiFDStat says that the standard streams are character devices.
func wasiFDStat(in *instance, s []uint64) uint64 {
	if uint32(s[0]) > 2 {
		return wasiBadFD
	}
	b := in.bytes(s[1], 24)
	clear(b)
	b[0] = 2
	return wasiSuccess
}

// wasiFDRead answers the end of standard input.
func wasiFDRead(in *instance, s []uint64) uint64 {
	if uint32(s[0]) != 0 {
		return wasiBadFD
	}
	in.putU32(s[3], 0)
	return wasiSuccess
}

// wasiFDWrite sends lines of the standard streams to the log.
func wasiFDWrite(in *instance, s []uint64) uint64 {
	fd := uint32(s[0])
	if fd != 1 && fd != 2 {
		return wasiBadFD
	}
	vectors := in.bytes(s[1], min(8*uint64(uint32(s[2])), 1<<32-1))
	total := uint32(0)
	for len(vectors) > 0 {
		p := in.input(uint64(binary.LittleEndian.Uint32(vectors)), uint64(binary.LittleEndian.Uint32(vectors[4:])))
		vectors = vectors[8:]
		total += uint32(len(p))
		if fd == 2 {
			in.stderr.write(p, func(line []byte) { in.log(abi.LogError, line) })
		} else if len(p) > 0 {
			in.log(abi.LogInfo, p)
		}
	}
	in.putU32(s[3], total)
	return wasiSuccess
}

const (
	subscriptionBytes = 48
	eventBytes        = 32
	maxSubscriptions  = 1024
)

// wasiPoll reports every event at once. Sleeping takes no time but moves the
// monotonic clock, so that a guest that waits for an instant goes on.
func wasiPoll(in *instance, s []uint64) uint64 {
	n := uint64(uint32(s[2]))
	if n == 0 || n > maxSubscriptions {
		return wasiInvalid
	}
	subs, events := in.bytes(s[0], n*subscriptionBytes), in.bytes(s[1], n*eventBytes)
	in.spendBytes(len(subs))
	for i := range int(n) {
		sub, event := subs[i*subscriptionBytes:][:subscriptionBytes], events[i*eventBytes:][:eventBytes]
		userdata, kind := binary.LittleEndian.Uint64(sub), sub[8]
		if kind == 0 {
			in.sleep(binary.LittleEndian.Uint64(sub[24:]), sub[40]&1 != 0)
		}
		clear(event)
		binary.LittleEndian.PutUint64(event, userdata)
		event[10] = kind
		if kind != 0 {
			event[8] = wasiBadFD
		}
	}
	in.putU32(s[3], uint32(n))
	return wasiSuccess
}

func (in *instance) sleep(ns uint64, absolute bool) {
	if absolute {
		now := uint64(initNowNS)
		if in.host != nil {
			now = uint64(in.host.NowNS())
		}
		now += uint64(in.sleptNS)
		if ns <= now {
			return
		}
		ns -= now
	}
	const year = 365 * 24 * 3600 * 1_000_000_000
	in.sleptNS += int64(min(ns, year))
}

// wasiRandom fills from the session's stream, in init from a constant one
// (SplitMix64).
func wasiRandom(in *instance, s []uint64) uint64 {
	p := in.input(s[0], s[1])
	if in.host != nil && in.phase == abi.CallPhase {
		if err := in.host.Fill(abi.StreamObjects, p); err != nil {
			in.abort(err)
		}
		return wasiSuccess
	}
	for i := range p {
		if i%8 == 0 {
			in.random += 0x9e3779b97f4a7c15
		}
		z := in.random
		z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
		z = (z ^ z>>27) * 0x94d049bb133111eb
		p[i] = byte((z ^ z>>31) >> (8 * (i % 8)))
	}
	return wasiSuccess
}

func wasiExit(in *instance, s []uint64) uint64 {
	detail := in.stderr.detail()
	if detail == "" {
		detail = "nothing on standard error"
	}
	in.stop(host.TrapExit, "exit code %d: %s", uint32(s[0]), detail)
	return 0
}

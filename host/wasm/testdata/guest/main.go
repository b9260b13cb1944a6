// Command guest is a plugin for the tests of package wasm. The first header
// section of a frame names what it does: the frame is TagName's text.
package main

import (
	"fmt"
	"os"
	"runtime/debug"
	"sort"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"github.com/mirrahq/mirra/abi"
)

//go:wasmimport mirra_core_v1 input
func hostInput(off uint32, p unsafe.Pointer, n uint32) int32

//go:wasmimport mirra_core_v1 output
func hostOutput(p unsafe.Pointer, n uint32)

//go:wasmimport mirra_core_v1 result
func hostResult(off uint32, p unsafe.Pointer, n uint32) int32

//go:wasmimport mirra_core_v1 log
func hostLog(level uint32, p unsafe.Pointer, n uint32)

//go:wasmimport mirra_sql_v1 schema
func hostSchema(version uint32, p unsafe.Pointer, n uint32) int32

//go:wasmimport mirra_sql_v1 define
func hostDefine(p unsafe.Pointer, n uint32) int32

//go:wasmimport mirra_sql_v1 run
func hostRun(stmt uint32, args unsafe.Pointer, n uint32, out unsafe.Pointer, capacity uint32) int32

//go:wasmimport mirra_sql_v1 emit
func hostEmit(stmt uint32, args unsafe.Pointer, n uint32, column uint32, sep unsafe.Pointer, sn uint32) int32

//go:wasmimport mirra_time_v1 now_ns
func hostNow() int64

//go:wasmimport mirra_rand_v1 fill
func hostFill(stream uint32, p unsafe.Pointer, n uint32) int32

var (
	buf     [64 << 10]byte
	out     []byte
	counter int
	table   = map[string]int{}
	kept    [][]byte
)

//go:wasmexport mirra_abi_1
func marker() {}

//go:wasmexport mirra_init
func pluginInit() {
	// A call lives for microseconds; its garbage is dropped with it.
	debug.SetGCPercent(-1)
	text := "CREATE TABLE t(id TEXT PRIMARY KEY, doc TEXT)"
	hostSchema(3, unsafe.Pointer(unsafe.StringData(text)), uint32(len(text)))
	for _, s := range []string{"INSERT INTO t VALUES(?1, ?2)", "SELECT doc FROM t"} {
		hostDefine(unsafe.Pointer(unsafe.StringData(s)), uint32(len(s)))
	}
	out = make([]byte, 0, 32<<10)
}

func write(s string) { hostOutput(unsafe.Pointer(unsafe.StringData(s)), uint32(len(s))) }

//go:wasmexport mirra_call
func call() {
	n := hostInput(0, unsafe.Pointer(&buf[0]), uint32(len(buf)))
	r, err := abi.DecodeRequest(string(buf[:n]))
	if err != nil {
		panic(err)
	}
	if r.Kind == abi.KindWarmup {
		create("warm", "up", 5)
		return
	}
	verb, arg, _ := strings.Cut(r.Name, " ")
	switch verb {
	case "echo":
		write(arg)
	case "create":
		size, _ := strconv.Atoi(arg)
		create("id_1", "name", size)
		hostOutput(unsafe.Pointer(&out[0]), uint32(len(out)))
	case "count":
		counter++
		table["count"]++
		kept = append(kept, make([]byte, 1000))
		write(fmt.Sprint(counter, table["count"], len(kept)))
	case "scribble":
		scribble()
		write("done")
	case "panic":
		panic("the guest gave up: " + arg)
	case "nil":
		var p *int
		*p = 1
	case "exit":
		os.Exit(7)
	case "loop":
		for {
		}
	case "spin":
		n, _ := strconv.Atoi(arg)
		x := uint32(1)
		for range n {
			x ^= x << 13
			x ^= x >> 17
			x ^= x << 5
		}
		write(fmt.Sprint(x))
	case "work":
		n, _ := strconv.Atoi(arg)
		write(fmt.Sprint(work(n)))
	case "recurse":
		write(fmt.Sprint(recurse(1 << 30)))
	case "hungry":
		for {
			kept = append(kept, make([]byte, 1<<20))
		}
	case "grow":
		kept = append(kept, make([]byte, 12<<20))
		write(fmt.Sprint(len(kept[len(kept)-1])))
	case "print":
		fmt.Println("to stdout", arg)
		fmt.Fprintln(os.Stderr, "to stderr", arg)
	case "sleep":
		start := time.Now()
		time.Sleep(time.Hour)
		write(time.Since(start).String())
	case "now":
		write(fmt.Sprint(hostNow(), time.Now().UnixNano()))
	case "args":
		write(fmt.Sprint(len(os.Args), len(os.Environ())))
	case "file":
		_, err := os.ReadFile("/etc/passwd")
		write(fmt.Sprint(err))
	case "random":
		m := map[int]int{}
		for i := range 20 {
			m[i] = i
		}
		for k := range m {
			write(fmt.Sprint(k, " "))
		}
	default:
		write("unknown " + verb)
	}
}

// work is a mix of what plugins do: maps, sorting, strings.
func work(n int) int {
	total := 0
	for round := range n {
		m := map[string]int{}
		var keys []string
		for i := range 50 {
			k := "key_" + strconv.Itoa(i*7919%101+round%3)
			m[k] += i
			keys = append(keys, k)
		}
		sort.Strings(keys)
		var b strings.Builder
		for _, k := range keys {
			fmt.Fprintf(&b, "%s=%d;", k, m[k])
		}
		for _, part := range strings.Split(b.String(), ";") {
			total += len(part)
		}
	}
	return total
}

var scribbled [256 << 10]byte

// scribble changes as much as Go lets it.
func scribble() {
	for i := range scribbled {
		scribbled[i] = 0xa5
	}
	for i := range buf {
		buf[i] = 0x5a
	}
	for i := range 2000 {
		table[strconv.Itoa(i)] = i
	}
	for range 200 {
		kept = append(kept, make([]byte, 4096))
	}
	counter = -1
}

//go:noinline
func recurse(n int) int {
	if n == 0 {
		return 0
	}
	return recurse(n-1) + 1
}

// create is what a plain request costs: one statement, one read, one answer.
func create(id, name string, fields int) {
	out = abi.AppendUint16Section(out[:0], abi.TagStatus, 200)
	out = abi.AppendOpen(out, abi.TagBody)
	out = append(out, `{"id":"`...)
	out = append(out, id...)
	for i := range fields {
		out = append(out, `","field_`...)
		out = strconv.AppendInt(out, int64(i), 10)
		out = append(out, `":"`...)
		out = append(out, name...)
	}
	out = append(out, `"}`...)
	args := abi.AppendText(abi.AppendText(nil, id), string(out))
	hostRun(0, unsafe.Pointer(&args[0]), uint32(len(args)), unsafe.Pointer(&buf[0]), uint32(len(buf)))
}

func main() {}

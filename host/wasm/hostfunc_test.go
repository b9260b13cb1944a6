package wasm

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/hosttest"
)

// Where the guests of these tests keep things.
const (
	atData   = 1024 // what the test gives
	atBuffer = 2048 // what host functions write
)

// step is one call of a host function.
type step struct {
	module, name string
	args         []int64
}

// runSteps runs a guest that calls host functions one after another. Each
// result is put out as eight bytes, then 256 bytes of the buffer.
func runSteps(t *testing.T, c host.Call, data string, frame []byte, steps ...step) (results []int64, buffers []string) {
	t.Helper()
	a := newAsm()
	input, output := a.imp(abi.ModuleCore, "input"), a.imp(abi.ModuleCore, "output")
	indexes := make([]uint32, len(steps))
	for i, s := range steps {
		indexes[i] = a.imp(s.module, s.name)
	}
	a.data = join(0, c32(atData), opEnd, appendU32(nil, uint32(len(data))), []byte(data))
	a.nData = 1
	code := join(c32(0), c32(0), c32(0), call(input), c32(int32(len(warmupFrame()))), 0x46, opIf, blockVoid, opReturn, opEnd)
	for i, s := range steps {
		typ, _, known := hostSignature(s.module, s.name)
		if !known || len(typ.params) != len(s.args) {
			t.Fatalf("%s.%s: %d arguments for %v", s.module, s.name, len(s.args), typ)
		}
		code = append(code, c32(0)...) // address of the result
		for k, arg := range s.args {
			if typ.params[k] == typeI64 {
				code = append(code, c64(int32(arg))...)
			} else {
				code = append(code, c32(int32(arg))...)
			}
		}
		code = append(code, call(indexes[i])...)
		switch {
		case len(typ.results) == 0:
			code = append(code, c64(0)...)
		case typ.results[0] == typeI32:
			code = append(code, 0xac) // i64.extend_i32_s
		}
		code = append(code, 0x37, 3, 0) // i64.store
		code = append(code, join(c32(0), c32(8), call(output), c32(atBuffer), c32(256), call(output))...)
	}
	a.fn(abi.ExportCall, nil, nil, 0, code)
	p := mustLoad(t, Config{}, a.plugin(t))
	out, _, err := p.Invoke(t.Context(), c, frame, nil, host.CallBudget)
	if err != nil {
		t.Fatal(err)
	}
	for i := range steps {
		// What emit and output add stands between; the test reads from the end.
		at := len(out) - (len(steps)-i)*264
		results = append(results, int64(binary.LittleEndian.Uint64(out[at:])))
		buffers = append(buffers, strings.TrimRight(string(out[at+8:at+264]), "\x00"))
	}
	return results, buffers
}

func TestHostFunctions(t *testing.T) {
	enqueue := abi.Enqueue{Event: "customer.created", Label: "we_1", DueNS: 5, Payload: "p"}
	for _, c := range []struct {
		name   string
		data   string
		steps  []step
		want   []int64
		buffer string // the start of the buffer after the last step
		check  func(c *hosttest.Call) (got, want string)
	}{
		{"input", "", []step{{abi.ModuleCore, "input", []int64{3, atBuffer, 4}}}, []int64{10}, "3456", nil},
		{"input beyond its end", "", []step{{abi.ModuleCore, "input", []int64{30, atBuffer, 4}}}, []int64{10}, "", nil},
		{"log", "line", []step{{abi.ModuleCore, "log", []int64{9, atData, 4}}}, []int64{0}, "",
			func(c *hosttest.Call) (string, string) { return fmt.Sprint(c.Logs), "[line]" }},
		{"run", "args", []step{{abi.ModuleSQL, "run", []int64{1, atData, 4, atBuffer, 100}}}, []int64{12}, "1 args rows!", nil},
		{"run into a small buffer", "args", []step{
			{abi.ModuleSQL, "run", []int64{1, atData, 4, atBuffer, 5}},
			{abi.ModuleCore, "result", []int64{2, atBuffer, 100}},
		}, []int64{-2, 12}, "args rows!", nil},
		{"run without a buffer", "args", []step{
			{abi.ModuleSQL, "run", []int64{1, atData, 4, 0, 0}},
			{abi.ModuleCore, "result", []int64{0, atBuffer, 100}},
		}, []int64{-2, 12}, "1 args rows!", nil},
		{"run refused", "args", []step{
			{abi.ModuleSQL, "run", []int64{99, atData, 4, atBuffer, 100}},
			{abi.ModuleCore, "result", []int64{0, atBuffer, 100}},
		}, []int64{-4, 9}, "no table ", nil},
		{"clock", "", []step{{abi.ModuleTime, "now_ns", nil}, {abi.ModuleTime, "peer_ns", nil}}, []int64{11, 22}, "", nil},
		{"timers", "keypay", []step{
			{abi.ModuleTime, "timer_set", []int64{atData, 3, 77, atData + 3, 3}},
			{abi.ModuleTime, "timer_clear", []int64{atData + 3, 3}},
		}, []int64{0, -6}, "", func(c *hosttest.Call) (string, string) { return fmt.Sprint(c.Timers), "map[key:{77 pay}]" }},
		{"fill", "", []step{{abi.ModuleRand, "fill", []int64{0, atBuffer, 3}}}, []int64{0}, "\x01\x02\x03", nil},
		{"digest", "abc", []step{{abi.ModuleCrypto, "digest", []int64{abi.MD5, atData, 3, atBuffer, 16}}}, []int64{16},
			"\x90\x01\x50\x98\x3c\xd2\x4f\xb0\xd6\x96\x3f\x7d\x28\xe1\x7f\x72", nil},
		{"digest into a small buffer", "abc", []step{
			{abi.ModuleCrypto, "digest", []int64{abi.MD5, atData, 3, atBuffer, 15}},
			{abi.ModuleCore, "result", []int64{0, atBuffer, 2}},
		}, []int64{-2, 16}, "\x90\x01", nil},
		{"digest unknown", "", []step{{abi.ModuleCrypto, "digest", []int64{77, atData, 3, atBuffer, 16}}}, []int64{-1}, "", nil},
		{"hmac", "keyWhat do ya want for nothing?", []step{
			{abi.ModuleCrypto, "secret", []int64{atData, 3}},
			{abi.ModuleCrypto, "keygen", []int64{atData, 3, 2, 0}},
			{abi.ModuleCrypto, "hmac", []int64{abi.SHA256, 3, atData, 3, atBuffer, 32}},
			{abi.ModuleCrypto, "hmac", []int64{abi.SHA256, 1, atData, 3, atBuffer, 32}},
		}, []int64{1, 2, -6, 32}, "", nil},
		{"keygen too long", "", []step{{abi.ModuleCrypto, "keygen", []int64{atData, 3, 5000, 0}}}, []int64{-1}, "", nil},
		{"take", "k", []step{{abi.ModuleLimit, "take", []int64{atData, 1, 1, 1000, 10}}}, []int64{33}, "", nil},
		{"enqueue", string(enqueue.Append(nil)), []step{
			{abi.ModuleDeliver, "enqueue", []int64{atData, int64(len(enqueue.Append(nil)))}},
			{abi.ModuleDeliver, "enqueue", []int64{atData, 5}},
		}, []int64{1, -1}, "", func(c *hosttest.Call) (string, string) {
			return fmt.Sprint(c.Deliveries), fmt.Sprint([]abi.Enqueue{enqueue})
		}},
		{"blobs", "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824hello", []step{
			{abi.ModuleBlob, "create", nil},
			{abi.ModuleBlob, "append", []int64{1, atData + 71, 5}},
			{abi.ModuleBlob, "size", []int64{1}},
			{abi.ModuleBlob, "open", []int64{atData, 71}},
			{abi.ModuleBlob, "seal", []int64{1, atBuffer, 71}},
			{abi.ModuleBlob, "size", []int64{9}},
			{abi.ModuleBlob, "drop", []int64{9}},
			{abi.ModuleBlob, "read", []int64{1, 1, atBuffer, 3}},
		}, []int64{1, 0, 5, 1, 71, -6, -6, 3}, "ell256:2cf", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			fake := &hosttest.Call{Now: 11, Peer: 22, WaitNS: 33}
			fake.OnRun = func(stmt uint32, args, out []byte) ([]byte, int, error) {
				if stmt == 99 {
					return nil, 0, &host.CallError{Errno: abi.SQL, Message: "no table "}
				}
				return fmt.Appendf(out, "%d %s rows!", stmt, args), 1, nil
			}
			got, buffers := runSteps(t, fake, c.data, []byte("0123456789"), c.steps...)
			if fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
			if last := buffers[len(buffers)-1]; !strings.HasPrefix(last, c.buffer) {
				t.Errorf("got %q, want %q", last, c.buffer)
			}
			if c.check != nil {
				if got, want := c.check(fake); got != want {
					t.Errorf("the session was told %s, want %s", got, want)
				}
			}
		})
	}
}

// TestEmit appends rows straight to the output, and takes back what a failed
// statement left there.
func TestEmit(t *testing.T) {
	a := newAsm()
	input, output, emit := a.imp(abi.ModuleCore, "input"), a.imp(abi.ModuleCore, "output"), a.imp(abi.ModuleSQL, "emit")
	a.data, a.nData = join(0, c32(atData), opEnd, 3, []byte("[],")), 1
	out := func(at int32) []byte { return join(c32(at), c32(1), call(output)) }
	emitRows := func(stmt int32) []byte {
		return join(c32(stmt), c32(0), c32(0), c32(2), c32(atData+2), c32(1), call(emit), 0x1a)
	}
	a.fn(abi.ExportCall, nil, nil, 0,
		c32(0), c32(0), c32(0), call(input), c32(int32(len(warmupFrame()))), 0x46, opIf, blockVoid, opReturn, opEnd,
		out(atData), emitRows(1), emitRows(2), out(atData+1))
	p := mustLoad(t, Config{}, a.plugin(t))
	c := &hosttest.Call{OnEmit: func(dst []byte, stmt uint32, _ []byte, column int, separator []byte) ([]byte, int, error) {
		dst = fmt.Appendf(dst, "a%d%sb", column, separator)
		if stmt == 2 {
			return dst, 1, &host.CallError{Errno: abi.SQL}
		}
		return dst, 2, nil
	}}
	got, usage, err := p.Invoke(t.Context(), c, ask("x"), []byte("head "), host.CallBudget)
	if err != nil || string(got) != "head [a2,b]" {
		t.Errorf("got %q, %v", got, err)
	}
	if usage.HostCalls != 5 || usage.Fuel < 3*abi.FuelPerSQLStep+2*1000 {
		t.Errorf("got %+v", usage)
	}
}

// TestWASI asks a Go guest for what the shim gives it.
func TestWASI(t *testing.T) {
	p := mustLoad(t, Config{}, hosttest.MustBuildGuest(t, "testdata/guest", "guest"))
	for _, c := range []struct{ verb, want string }{
		{"args", "0 0"},
		{"now", "5000000000 5000000000"},
		{"sleep", "1h0m0s"},
		{"file", "open /etc/passwd: Bad file number"},
		{"print x", ""},
	} {
		call := &hosttest.Call{Now: 5e9}
		out, _, err := p.Invoke(t.Context(), call, ask(c.verb), nil, host.CallBudget)
		if err != nil || string(out) != c.want {
			t.Errorf("%s: got %q, %v; want %q", c.verb, out, err, c.want)
		}
		if logs := fmt.Sprint(call.Logs); c.verb == "print x" && logs != "[to stdout x\n to stderr x]" {
			t.Errorf("got logs %q", logs)
		}
	}
}

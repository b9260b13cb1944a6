package abi

// WireType is a core WebAssembly value type.
type WireType byte

const (
	I32 WireType = 0x7f
	I64 WireType = 0x7e
)

// Function is one host function: where it is imported from, its signature and
// what a call of it costs. README.md says what each does.
type Function struct {
	Module, Name string
	Params       []WireType
	Results      []WireType
	// Fuel is the weight charged for a call, before what it works on: one more
	// for each 64 bytes moved, and FuelPerSQLStep for each step of a statement.
	Fuel uint32
	// Init tells in which phase the function may be called.
	Phase Phase
}

// Phase says when a host function may be called.
type Phase uint8

const (
	AnyPhase  Phase = 0
	InitPhase Phase = 1 // inside mirra_init only
	CallPhase Phase = 2 // inside mirra_call only
)

// FuelPerBodyByte is what each byte of a request's body adds to the fuel of its call
// when it is too large to come inline: a plugin that reads all of it a few times, and
// decodes base64 in it, uses half of that.
const FuelPerBodyByte = 300

// FuelPerSQLStep is the fuel one step of a statement costs, besides what the
// statement itself may run.
const FuelPerSQLStep = 200

// Functions lists every host function of this major.
var Functions = []Function{
	{ModuleCore, "input", []WireType{I32, I32, I32}, []WireType{I32}, 20, CallPhase},
	{ModuleCore, "output", []WireType{I32, I32}, nil, 20, CallPhase},
	{ModuleCore, "result", []WireType{I32, I32, I32}, []WireType{I32}, 20, AnyPhase},
	{ModuleCore, "log", []WireType{I32, I32, I32}, nil, 100, AnyPhase},

	{ModuleSQL, "schema", []WireType{I32, I32, I32}, []WireType{I32}, 100, InitPhase},
	{ModuleSQL, "define", []WireType{I32, I32}, []WireType{I32}, 100, InitPhase},
	{ModuleSQL, "run", []WireType{I32, I32, I32, I32, I32}, []WireType{I32}, 1000, CallPhase},
	{ModuleSQL, "emit", []WireType{I32, I32, I32, I32, I32, I32}, []WireType{I32}, 1000, CallPhase},

	{ModuleTime, "now_ns", nil, []WireType{I64}, 10, CallPhase},
	{ModuleTime, "peer_ns", nil, []WireType{I64}, 10, CallPhase},
	{ModuleTime, "timer_set", []WireType{I32, I32, I64, I32, I32}, []WireType{I32}, 500, CallPhase},
	{ModuleTime, "timer_clear", []WireType{I32, I32}, []WireType{I32}, 500, CallPhase},

	{ModuleRand, "fill", []WireType{I32, I32, I32}, []WireType{I32}, 100, CallPhase},

	{ModuleCrypto, "hmac", []WireType{I32, I32, I32, I32, I32, I32}, []WireType{I32}, 1000, CallPhase},
	{ModuleCrypto, "digest", []WireType{I32, I32, I32, I32, I32}, []WireType{I32}, 500, CallPhase},
	{ModuleCrypto, "secret", []WireType{I32, I32}, []WireType{I32}, 100, CallPhase},
	{ModuleCrypto, "keygen", []WireType{I32, I32, I32, I32}, []WireType{I32}, 500, CallPhase},

	{ModuleLimit, "take", []WireType{I32, I32, I64, I64, I64}, []WireType{I64}, 100, CallPhase},

	{ModuleDeliver, "enqueue", []WireType{I32, I32}, []WireType{I64}, 500, CallPhase},

	{ModuleBlob, "size", []WireType{I32}, []WireType{I64}, 100, CallPhase},
	{ModuleBlob, "read", []WireType{I32, I64, I32, I32}, []WireType{I32}, 200, CallPhase},
	{ModuleBlob, "create", nil, []WireType{I32}, 200, CallPhase},
	{ModuleBlob, "append", []WireType{I32, I32, I32}, []WireType{I32}, 200, CallPhase},
	{ModuleBlob, "seal", []WireType{I32, I32, I32}, []WireType{I32}, 500, CallPhase},
	{ModuleBlob, "open", []WireType{I32, I32}, []WireType{I32}, 200, CallPhase},
	{ModuleBlob, "drop", []WireType{I32}, []WireType{I32}, 100, CallPhase},
}

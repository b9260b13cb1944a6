package sdk

import (
	"fmt"
	"strings"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/sdk/internal/wire"
)

// The manifest types of package abi, so that an author imports only sdk.
type (
	Manifest        = abi.Manifest
	API             = abi.API
	Host            = abi.Host
	Credentials     = abi.Credentials
	Mask            = abi.Mask
	SecretSpec      = abi.Secret
	EnvVar          = abi.EnvVar
	Detect          = abi.Detect
	ErrorSpec       = abi.Error
	HeaderSpec      = abi.Header
	Needs           = abi.Needs
	IdempotencySpec = abi.Idempotency
	Level           = abi.Level
	Layout          = abi.Layout
)

// Levels of an operation, and layouts of JSON bodies.
const (
	None      = abi.LevelNone
	Generic   = abi.LevelGeneric
	Modelled  = abi.LevelModelled
	Exact     = abi.LevelExact
	AsIs      = abi.LayoutAsIs
	Indented2 = abi.LayoutIndent2
)

// Handler answers one operation. An error it returns is shown to the client by
// the plugin's OnError; the call's effects on the database are kept. A panic
// undoes them.
type Handler func(c *Call) error

// Plugin is one mirror being described. Fields and handlers are set from init
// functions, before Serve.
type Plugin struct {
	Manifest Manifest
	Dialect  Dialect
	Layout   Layout

	// Before runs before each operation: authentication, headers, limits. An
	// error ends the request. Unrouted requests pass it too.
	Before Handler
	// After runs behind each operation, errors answered included.
	After func(c *Call)
	// OnError answers with the vendor's error shape. It must handle
	// ErrNotRouted, *NotImplementedError, *ParamError and *SQLError beside the
	// plugin's own. New sets AnswerError.
	OnError func(c *Call, err error)
	// Schema is DDL of the plugin's own, beside the tables of the sdk.
	Schema        string
	SchemaVersion uint32
	// Attempt builds one try of a delivery; Outcome decides what follows it.
	Attempt func(c *Call, d Delivery) error
	Outcome func(c *Call, d Delivery, r Result) error
	// Warmup runs before the first call, to exercise hot paths; its state is
	// thrown away.
	Warmup func(c *Call)

	routes      []hostRoutes
	collections []*Collection
	timers      map[string]func(c *Call, payload string) error
	simulations map[string]Handler
	fixtures    map[string]Handler
}

// New returns a plugin with the given manifest; what is registered later
// (operations, entities, fixtures) is added to it.
func New(m Manifest) *Plugin {
	m.ABI = abi.Version
	return &Plugin{
		Manifest:    m,
		OnError:     AnswerError,
		timers:      map[string]func(*Call, string) error{},
		simulations: map[string]Handler{},
		fixtures:    map[string]Handler{},
	}
}

// Handle routes a method and path, "POST /v1/customers/{customer}", on the
// default host to a handler. id is the vendor's name of the operation.
func (p *Plugin) Handle(pattern, id string, level Level, h Handler) {
	p.HandleHost("", pattern, id, level, h)
}

// HandleHost is Handle for one of the vendor's other hosts, by manifest id.
func (p *Plugin) HandleHost(host, pattern, id string, level Level, h Handler) {
	method, path, ok := strings.Cut(pattern, " ")
	if !ok || !strings.HasPrefix(path, "/") {
		panic(fmt.Sprintf("sdk: pattern %q: want METHOD /path", pattern))
	}
	p.Manifest.Operations = append(p.Manifest.Operations, abi.Operation{ID: id, Method: method, Path: path, Host: host, Level: level})
	if host == "" && len(p.Manifest.Hosts) > 0 {
		host = p.Manifest.Hosts[0].ID
	}
	root := p.root(host)
	if root == nil {
		root = new(segment)
		p.routes = append(p.routes, hostRoutes{host, root})
	}
	root.add(path, &route{id: id, level: level, method: method, handler: h})
}

// hostRoutes are the operations of one of the vendor's hosts, by manifest id.
type hostRoutes struct {
	host string
	root *segment
}

// root returns where the routes of a host begin, nil if it has none.
func (p *Plugin) root(host string) *segment {
	for i := range p.routes {
		if p.routes[i].host == host {
			return p.routes[i].root
		}
	}
	return nil
}

// OnTimer names what runs when a timer set with Call.SetTimer under that name
// is due.
func (p *Plugin) OnTimer(name string, f func(c *Call, payload string) error) { p.timers[name] = f }

// Simulate names an event that `mirra simulate` and the control API can cause.
// Arguments are the call's Params.
func (p *Plugin) Simulate(name string, h Handler) {
	p.Manifest.Simulates = append(p.Manifest.Simulates, name)
	p.simulations[name] = h
}

// Fixture names a seed.
func (p *Plugin) Fixture(name, summary string, h Handler) {
	p.Manifest.Fixtures = append(p.Manifest.Fixtures, abi.Fixture{Name: name, Summary: summary})
	p.fixtures[name] = h
}

// served is the plugin the exports work for.
var served *Plugin

// Serve makes p the plugin of this program. Call it at the end of init.
func (p *Plugin) Serve() {
	p.Manifest.Tables = append(p.Manifest.Tables, objectsTable)
	p.Fixture("empty", "no objects at all", func(*Call) error { return nil })
	if served == nil {
		served = p
	}
}

// call is the one call of a guest; its memory is put back behind each.
var call = newCall()

func newCall() *Call {
	return &Call{
		Arena:   &Arena{nodes: make([]node, 1, 512)},
		headers: make([]abi.Pair, 0, 48),
		body:    make([]byte, 0, 32<<10),
		args:    Args{b: make([]byte, 0, 16<<10)},
		writer:  Writer{b: make([]byte, 0, 4<<10)},
	}
}

func (c *Call) reset(p *Plugin) {
	c.Arena.reset()
	*c = Call{Arena: c.Arena, headers: c.headers[:0], body: c.body[:0], args: Args{c.args.b[:0]}, writer: c.writer, plugin: p, status: 200, serial: c.serial + 1}
	scratch.b = scratch.b[:0]
}

var input = make([]byte, 32<<10)

// serveCall does one mirra_call.
func (p *Plugin) serveCall() {
	c := call
	c.reset(p)
	n := wire.Input(0, input)
	for int(n) > len(input) {
		input = make([]byte, n)
		n = wire.Input(0, input)
	}
	if err := c.Request.Decode(text(input[:n])); err != nil {
		panic(err.Error())
	}
	switch c.Kind {
	case abi.KindHTTP:
		p.serveHTTP(c)
	case abi.KindTimer:
		p.serveTimer(c)
	case abi.KindAttempt:
		must(p.Attempt(c, Delivery{c.Request.Delivery, c.Payload}))
	case abi.KindOutcome:
		c.tail = abi.AppendByteSection(c.tail, abi.TagFinal, byte(abi.Delivered))
		must(p.Outcome(c, Delivery{c.Request.Delivery, c.Payload}, Result{c.Request.Result}))
	case abi.KindSimulate:
		p.serveSimulate(c)
	case abi.KindSeed:
		p.serveSeed(c)
	case abi.KindWarmup:
		if p.Warmup != nil {
			p.Warmup(c)
		}
		return
	default:
		return // a kind this sdk does not know yet
	}
	c.flush()
}

func must(err error) {
	if err != nil {
		panic(err.Error())
	}
}

func (p *Plugin) serveHTTP(c *Call) {
	c.path, c.query = splitTarget(c.Target)
	err := p.route(c)
	if p.Before != nil {
		if e := p.Before(c); e != nil {
			err = e
		}
	}
	if err == nil {
		err = p.run(c)
	}
	if err != nil {
		if c.flushed {
			panic("sdk: " + c.operation + ": an error behind the start of the answer: " + err.Error())
		}
		p.OnError(c, err)
	}
	if p.After != nil {
		p.After(c)
	}
}

func (p *Plugin) run(c *Call) error {
	if c.route.level == None || c.Context.Flags&abi.Strict != 0 && c.route.level == Generic {
		return &NotImplementedError{c.route.id}
	}
	return c.route.handler(c)
}

func (p *Plugin) route(c *Call) error {
	host := c.Host
	if host == "" && len(p.Manifest.Hosts) > 0 {
		host = p.Manifest.Hosts[0].ID
	}
	root := p.root(host)
	if root == nil {
		return ErrNotRouted
	}
	r := root.find(c.Method, c.path, &c.values)
	if r == nil {
		if root.find("", c.path, &c.values) != nil {
			return ErrNoMethod
		}
		return ErrNotRouted
	}
	c.route, c.operation, c.level = r, r.id, r.level
	return nil
}

func (p *Plugin) serveTimer(c *Call) {
	name, key, _ := strings.Cut(c.Name, "/")
	f := p.timers[name]
	if f == nil {
		panic("sdk: no OnTimer for " + name)
	}
	c.Name = key
	must(f(c, c.Payload))
}

func (p *Plugin) serveSimulate(c *Call) {
	h := p.simulations[c.Name]
	if h == nil {
		c.fault("", "unknown event "+c.Name)
		return
	}
	if _, err := c.Params(); err != nil {
		c.fault("", err.Error())
		return
	}
	if err := h(c); err != nil {
		c.fault("", err.Error())
	}
}

// fault reports one of several faults of a seed or simulation.
func (c *Call) fault(path, message string) {
	c.tail = abi.AppendPair(c.tail, abi.TagFault, path, message)
}

// AddFault reports what is wrong with a seed at a path; the host shows all.
func (c *Call) AddFault(path, message string) { c.fault(path, message) }

// declare does mirra_init: schema and statements.
func (p *Plugin) declare() {
	handle(wire.Schema(p.SchemaVersion+1, schemaSQL+p.Schema), "schema")
	for _, s := range statements {
		if n := handle(wire.Define(s.sql), "define"); n != s.number {
			panic("sdk: statement numbers out of step")
		}
	}
}

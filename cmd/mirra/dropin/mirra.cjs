'use strict';
// Leads connections to the vendors' hosts to a session of Mirra: https, fetch, undici,
// http2 and agents of an SDK's own all come to net.Socket.prototype.connect. Required
// by NODE_OPTIONS before the application it takes the session of the environment;
// @mirrahq/node names one with use.
const dns = require('node:dns');
const fs = require('node:fs');
const net = require('node:net');
const tls = require('node:tls');
const { promisify } = require('node:util');

// One for a process: contexts of node:vm, and packages that bring this file, share net.
module.exports = net[Symbol.for('mirra.hook')] ??= install();

function install() {
  // A session: its door, HOST:PORT; the domains that are never called for real, and what
  // is passed on of them; the URL of the proxy; whether other hosts are reached; certificates in PEM.
  let to = { door: '', domains: [], pass: [], proxy: '', egress: true, ca: [] };
  const led = new Set(); // sockets that go to the session

  const plain = (name) => String(name).toLowerCase().replace(/\.$/, '');
  const passes = (name) => to.pass?.some((e) => name === e || (e.startsWith('*') && name.endsWith(e.slice(1)))) && !to.pass.includes('!' + name);
  const claimed = (name) => name && to.domains.some((d) => plain(name) === d || plain(name).endsWith('.' + d)) && !passes(plain(name));
  const local = (name) => !name || /^(localhost|.*\.localhost|127\..*|::1|\[::1\]|::ffff:127\..*|0\.0\.0\.0|::)$/.test(plain(name));

  // Who looks a vendor's host up by itself, as nodemailer does, gets an address that
  // stands for it: nobody is asked, and nobody has one of 198.18.0.0/15 (RFC 2544).
  const standIns = new Map(); // by name
  const named = new Map(); // the other way
  const standIn = (name) => {
    const n = standIns.size + 1;
    const address = standIns.get(plain(name)) ?? `198.18.${(n >> 8) & 255}.${n & 255}`;
    standIns.set(plain(name), address);
    named.set(address, plain(name));
    return address;
  };
  const none = (name) => Object.assign(new Error(`queryAaaa ENODATA ${name}`), { code: dns.NODATA, syscall: 'queryAaaa', hostname: name });
  const answers = {
    lookup: (name, { all } = {}) => (all ? [{ address: standIn(name), family: 4 }] : { address: standIn(name), family: 4 }),
    resolve4: (name, { ttl } = {}) => [ttl ? { address: standIn(name), ttl: 60 } : standIn(name)],
    resolve6(name) {
      throw none(name);
    },
  };
  // answer takes the place of a method of dns, which calls back or promises.
  function answer(owner, method, promises) {
    const ask = owner[method];
    const own = async (name, options) => answers[method](name, Object(options));
    owner[method] = promises
      ? function (name, ...args) {
          return claimed(name) ? own(name, ...args) : ask.call(this, name, ...args);
        }
      : function (name, ...args) {
          if (!claimed(name)) return ask.call(this, name, ...args);
          const done = args.pop();
          own(name, ...args).then(
            (found) => process.nextTick(() => (found.address ? done(null, found.address, found.family) : done(null, found))),
            (err) => process.nextTick(done, err),
          );
          return {};
        };
    return owner[method];
  }
  for (const method of ['resolve4', 'resolve6']) {
    for (const owner of [dns, dns.Resolver.prototype]) answer(owner, method, false);
    for (const owner of [dns.promises, dns.promises.Resolver.prototype]) answer(owner, method, true);
  }
  const lookup = answer(dns.promises, 'lookup', true);
  answer(dns, 'lookup', false)[promisify.custom] = lookup;

  const connect = net.Socket.prototype.connect;

  const refused = (message) => Object.assign(new Error('mirra: ' + message), { code: 'ECONNREFUSED', syscall: 'connect' });

  // tell lets the proxy count what is refused here, before the application hears of it
  // and maybe ends.
  function tell(target, done) {
    const proxy = new URL(to.proxy);
    const told = new net.Socket();
    told.on('error', () => {}); // the refusal counts, not the list
    told.on('close', done);
    told.resume();
    connect.call(told, { host: proxy.hostname, port: Number(proxy.port) });
    const user = Buffer.from(`${proxy.username}:x`).toString('base64');
    told.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\nProxy-Authorization: Basic ${user}\r\n\r\n`);
  }

  net.Socket.prototype.connect = function (...args) {
    const [options, listener] = Array.isArray(args[0]) ? args[0] : net._normalizeArgs(args);
    if (!options || options.path) return connect.apply(this, args);
    // Who looked the name up by itself still names it to TLS.
    const name = claimed(options.host) ? options.host : (named.get(options.host) ?? (!local(options.host) && claimed(options.servername) ? options.servername : undefined));
    const port = Number(options.port);
    if (name) {
      const never = (why) => {
        this.connecting = true;
        process.nextTick(() => this.destroy(refused(why)));
        return this;
      };
      if (![443, 80, 465, 2465].includes(port)) return never(`${name}:${port} is not mirrored, and never called for real: mirrors answer on ports 443 and 80, mail relays on 465 and 2465`);
      if (!to.door) return never(`${name} is never called for real, and the session that answered for it has ended`);
      const at = to.door.lastIndexOf(':');
      if (this.encrypted && !options.servername) this.setServername(plain(name));
      led.add(this);
      this.once('close', () => led.delete(this));
      return connect.call(this, { ...options, host: to.door.slice(0, at), port: Number(to.door.slice(at + 1)), lookup: undefined, family: 0, localAddress: undefined }, listener);
    }
    if (!to.egress && !local(options.host)) {
      const target = `${net.isIPv6(options.host) ? `[${options.host}]` : options.host}:${port}`;
      this.connecting = true;
      tell(target, () => this.destroy(refused(`${target} belongs to no mirror, and the session was started with --no-egress`)));
      return this;
    }
    return connect.apply(this, args);
  };

  // Who brings certificates of its own gets one more. Others have it from
  // NODE_EXTRA_CA_CERTS, but for a process that was told of its session by use.
  const createSecureContext = tls.createSecureContext;
  let told = false;
  tls.createSecureContext = function (options) {
    if (options?.ca) return createSecureContext.call(this, { ...options, ca: [].concat(options.ca, ...to.ca) });
    if (!told || to.ca.length === 0) return createSecureContext.call(this, options);
    if (claimed(options?.servername || options?.host)) return createSecureContext.call(this, { ...options, ca: to.ca });
    const made = createSecureContext.call(this, options);
    // One made for nobody's name may be for any. It copies all roots: not for a server.
    if (!options?.servername && !options?.host && !options?.cert && !options?.pfx) for (const pem of to.ca) made.context.addCACert(pem);
    return made;
  };
  (process.getBuiltinModule?.('node:module') ?? require('node:module')).syncBuiltinESMExports();

  const { MIRRA_DOOR: door = '', MIRRA_DOMAINS: domains = '', MIRRA_PASS_THROUGH: pass = '', MIRRA_EGRESS: egress, MIRRA_PROXY: proxy = '', MIRRA_CA_FILE: caFile } = process.env;
  to = { door, domains: domains.split(',').filter(Boolean), pass: pass.split(',').filter(Boolean), proxy, egress: egress !== 'no', ca: [] };
  try {
    to.ca = [fs.readFileSync(caFile, 'utf8')];
  } catch {
    // The session has ended. Its door leads nowhere, and nothing goes elsewhere.
  }

  return {
    // use leads the process to another session, whatever it was led to. Connections that
    // are kept open to the former one end, lest they be taken for the next request.
    use(session) {
      if (session.door !== to.door) for (const socket of led) socket.destroy();
      told = true;
      to = session;
    },
    // connect opens a connection that is led nowhere, as Mirra's own are.
    connect: (options) => connect.call(new net.Socket(), options),
  };
}

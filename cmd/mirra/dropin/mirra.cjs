'use strict';
// Leads connections to the vendors' hosts to a session of Mirra. Required by
// NODE_OPTIONS before the application: https, fetch, undici, http2 and agents of an
// SDK's own all come to net.Socket.prototype.connect.
const fs = require('node:fs');
const net = require('node:net');
const tls = require('node:tls');

const { MIRRA_DOOR: door = '', MIRRA_DOMAINS: domains = '', MIRRA_EGRESS: egress, MIRRA_PROXY: proxyURL, MIRRA_CA_FILE: caFile } = process.env;
const claimedDomains = domains.split(',').filter(Boolean);
let ca = [];
try {
  ca = [fs.readFileSync(caFile, 'utf8')];
} catch {
  // The session has ended. Its door leads nowhere, and nothing goes elsewhere.
}

const plain = (name) => String(name).toLowerCase().replace(/\.$/, '');
const claimed = (name) => name && claimedDomains.some((d) => plain(name) === d || plain(name).endsWith('.' + d));
const local = (name) => !name || /^(localhost|.*\.localhost|127\..*|::1|\[::1\]|::ffff:127\..*|0\.0\.0\.0|::)$/.test(plain(name));

const connect = net.Socket.prototype.connect;

const refused = (message) => Object.assign(new Error('mirra: ' + message), { code: 'ECONNREFUSED', syscall: 'connect' });

// tell lets the proxy count what is refused here, before the application hears of it
// and maybe ends.
function tell(target, done) {
  const proxy = new URL(proxyURL);
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
  const name = claimed(options.host) ? options.host : !local(options.host) && claimed(options.servername) ? options.servername : undefined;
  const port = Number(options.port);
  if (name) {
    if (port !== 443 && port !== 80) {
      this.connecting = true;
      process.nextTick(() => this.destroy(refused(`${name}:${port} is not mirrored, and never called for real: mirrors answer on ports 443 and 80`)));
      return this;
    }
    const at = door.lastIndexOf(':');
    if (this.encrypted && !options.servername) this.setServername(plain(name));
    return connect.call(this, { ...options, host: door.slice(0, at), port: Number(door.slice(at + 1)), lookup: undefined, family: 0, localAddress: undefined }, listener);
  }
  if (egress === 'no' && !local(options.host)) {
    const target = `${net.isIPv6(options.host) ? `[${options.host}]` : options.host}:${port}`;
    this.connecting = true;
    tell(target, () => this.destroy(refused(`${target} belongs to no mirror, and the session was started with --no-egress`)));
    return this;
  }
  return connect.apply(this, args);
};

// Who brings certificates of its own gets one more.
const createSecureContext = tls.createSecureContext;
tls.createSecureContext = function (options) {
  return createSecureContext.call(this, options?.ca ? { ...options, ca: [].concat(options.ca, ...ca) } : options);
};
require('node:module').syncBuiltinESMExports();

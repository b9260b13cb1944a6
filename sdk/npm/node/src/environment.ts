import type { ProxyInfo, SessionInfo } from './types.js';

const loopback = (host: string) => host === 'localhost' || /^127\./.test(host) || host === '[::1]';

/** Makes a session's addresses lead to the machine of a server that is called at control: it knows its own only by what it listens on. */
export function leadTo(proxy: ProxyInfo, control: string): ProxyInfo {
  const { hostname } = new URL(control);
  if (loopback(hostname)) return proxy;
  const url = new URL(proxy.url);
  url.hostname = hostname;
  const door = proxy.door && `${hostname}:${proxy.door.slice(proxy.door.lastIndexOf(':') + 1)}`;
  return { ...proxy, url: url.href.replace(/\/$/, ''), door };
}

/** Names of variables that lead clients by proxies and hooks, not by a mirror's URL. */
const leading = /^(MIRRA_(DOOR|DOMAINS|PASS_THROUGH|EGRESS|PROXY|HTTPS?_PROXY|NO_PROXY|CA_FILE)|https?_proxy|HTTPS_PROXY|no_proxy|NO_PROXY|SSL_CERT_FILE|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|NODE_EXTRA_CA_CERTS|NODE_OPTIONS|PHP_INI_SCAN_DIR|PYTHONPATH|RUBYLIB|RUBYOPT|JAVA_TOOL_OPTIONS)$/;

/** The variables of an environment that give a mirror's URL, for applications that read theirs. */
export function direct(env: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !leading.test(name)));
}

/**
 * The environment of a session, from that of another one on the same server, as mirra
 * env prints it: files with certificates and hooks are the same for both.
 */
export function environment(base: Record<string, string>, info: SessionInfo, proxy: ProxyInfo): Record<string, string> {
  const env: Record<string, string> = { ...base, MIRRA_SESSION: info.sessionId };
  for (const mirror of info.mirrors) {
    env[`MIRRA_${mirror.name.replaceAll('-', '_').toUpperCase()}_URL`] = mirror.url;
    Object.assign(env, mirror.env);
  }
  if (!base.MIRRA_PROXY) return env;
  for (const [name, value] of Object.entries(env)) if (value === base.MIRRA_PROXY) env[name] = proxy.url;
  if (!base.MIRRA_DOOR || !proxy.door) return env;
  env.MIRRA_DOOR = proxy.door;
  env.MIRRA_PASS_THROUGH = proxy.passThrough.join(',');
  const port = (door: string) => door.slice(door.lastIndexOf(':') + 1);
  if (env.JAVA_TOOL_OPTIONS) env.JAVA_TOOL_OPTIONS = env.JAVA_TOOL_OPTIONS.replaceAll(`.proxyPort=${port(base.MIRRA_DOOR)} `, `.proxyPort=${port(proxy.door)} `);
  return env;
}

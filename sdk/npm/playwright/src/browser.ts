import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:tls';
import { MirraError, type Session } from '@mirrahq/node';
import type { PlaywrightTestOptions } from '@playwright/test';

type ProxySettings = NonNullable<PlaywrightTestOptions['proxy']>;

/** Hosts that pages reach without the proxy: localhost is all of loopback to Chromium, and to Playwright's own requests what ends so. */
const bypass = 'localhost,*.localhost,127.0.0.1,[::1]';

function variable(session: Session, name: string): string {
  const value = session.env[name];
  if (!value) throw new MirraError('mirra.proxy.none', `session ${session.id} has no ${name}, which leads a browser to it`, 'mirra env prints it, unless with --no-proxy');
  return value;
}

/** The proxy of a browser's context: the session's own port, which needs no user name. */
export function proxyOf(session: Session): ProxySettings {
  const { protocol, host, hostname, username } = new URL(variable(session, 'MIRRA_PROXY'));
  if (hostname === '127.0.0.1' || hostname === 'localhost' || hostname === '[::1]') return { server: `http://${variable(session, 'MIRRA_DOOR')}`, bypass };
  // A server that others reach wants the session's name, for which Playwright intercepts
  // all requests of a page, and turns its cache off.
  return { server: `${protocol}//${host}`, username, password: 'x', bypass };
}

/**
 * Chromium's argument that takes the certificates of a session's server for good, and
 * no store's: the fingerprint, RFC 7469 section 2.4, of the key that they all have.
 * See services/network/public/cpp/network_switches.cc of Chromium, 2026-11.
 */
export async function trusting(session: Session): Promise<string> {
  const door = variable(session, 'MIRRA_DOOR');
  const at = door.lastIndexOf(':');
  const [servername] = variable(session, 'MIRRA_DOMAINS').split(',');
  const ca = await readFile(variable(session, 'MIRRA_CA_FILE'));
  const socket = connect({ host: door.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(door.slice(at + 1)), servername, ca });
  try {
    await once(socket, 'secureConnect');
    const key = socket.getPeerX509Certificate()!.publicKey.export({ type: 'spki', format: 'der' });
    return `--ignore-certificate-errors-spki-list=${createHash('sha256').update(key).digest('base64')}`;
  } catch (e) {
    throw new MirraError('mirra.proxy.unreachable', `the port of session ${session.id}, ${door}, shows no certificate of its server: ${e instanceof Error ? e.message : e}`, 'start a session anew; mirra status shows whether a server runs');
  } finally {
    socket.destroy();
  }
}

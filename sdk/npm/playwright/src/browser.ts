import { X509Certificate, createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { MirraError, type Session } from '@mirrahq/node';
import type { PlaywrightTestOptions } from '@playwright/test';

type ProxySettings = NonNullable<PlaywrightTestOptions['proxy']>;

/** Hosts that pages reach without the proxy. Chromium takes all of 127.0.0.0/8 for localhost. */
const bypass = 'localhost,*.localhost,127.0.0.1,[::1]';

const variable = (session: Session, name: string): string => {
  const value = session.env[name];
  if (!value) throw new MirraError('mirra.proxy.none', `session ${session.id} has no ${name}, which leads a browser to it`, 'mirra env prints it, unless with --no-proxy');
  return value;
};

/** The proxy of a browser's context: the session's own port, which needs no user name. */
export function proxyOf(session: Session): ProxySettings {
  const { protocol, host, hostname, username } = new URL(variable(session, 'MIRRA_PROXY'));
  if (hostname === '127.0.0.1' || hostname === 'localhost' || hostname === '[::1]') return { server: `http://${variable(session, 'MIRRA_DOOR')}`, bypass };
  // A server that others reach wants the session's name, for which Playwright intercepts
  // all requests of a page, and turns its cache off.
  return { server: `${protocol}//${host}`, username, password: 'x', bypass };
}

/**
 * Chromium's argument for a certificate authority that is good without being in any
 * store: the SHA-256 of its key's SubjectPublicKeyInfo, in base64.
 * See https://www.chromium.org/Home/chromium-security/certificate-transparency/#testing, 2026-11: believed.
 */
export async function trusting(session: Session): Promise<string> {
  const ca = new X509Certificate(await readFile(variable(session, 'MIRRA_CA_FILE')));
  const key = ca.publicKey.export({ type: 'spki', format: 'der' });
  return `--ignore-certificate-errors-spki-list=${createHash('sha256').update(key).digest('base64')}`;
}

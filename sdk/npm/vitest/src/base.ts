import { resolve } from 'node:path';
import { startMirra, type Session } from '@mirrahq/node';
import type { MirraOptions } from './options.js';

/** The session that those of workers are forked from. */
export interface Base {
  session: Promise<Session>;
  /** It was there before, is all workers' own, and lives on. */
  attached: boolean;
  /** How many projects it serves. */
  users: number;
}

// One for all projects with the same options. Vitest may load this file twice, as part
// of a configuration and of a globalSetup.
const bases = ((globalThis as { [at: symbol]: unknown })[Symbol.for('mirra.vitest')] ??= new Map()) as Map<string, Base>;

/** Starts the session, unless it is under way. */
export function begin(options: MirraOptions, root: string | undefined, env: Record<string, string | undefined> | undefined): Base & { forget(): void } {
  const { mirrors, seeds, limits, clock, frozen, binary, noEgress = true } = options;
  const sessionId = process.env.MIRRA_SESSION || options.sessionId || null;
  const start = { mirrors, seeds, limits, clock, frozen, binary, noEgress: noEgress && options.proxyMode !== 'env-var', name: options.sessionName, sessionId, cwd: resolve(root ?? '.') };
  const id = JSON.stringify(start);
  let base = bases.get(id);
  if (!base) {
    base = { session: startMirra({ ...start, env }), attached: sessionId !== null, users: 0 };
    base.session.catch(() => {}); // whoever awaits it says what is wrong
    bases.set(id, base);
  }
  return Object.assign(base, { forget: () => bases.delete(id) });
}

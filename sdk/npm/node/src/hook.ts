import type { Socket } from 'node:net';
import { createRequire } from 'node:module';

/** What leads a process to a session, see mirra.cjs. */
export interface Led {
  door: string;
  domains: string[];
  pass?: string[];
  proxy: string;
  egress: boolean;
  ca: string[];
}

export interface Hook {
  use(session: Led): void;
  connect(options: { host: string; port: number }): Socket;
  /** The session that this process was led to last, of whichever context. */
  session?: unknown;
  /** The environment's session, as it was before this process was led to one. */
  given?: { session: string | undefined };
}

// The hook of this process: that of the environment if there is one. It patches what
// all connections go through, and leads none anywhere before use.
export const hook = createRequire(import.meta.url)('../mirra.cjs') as Hook;

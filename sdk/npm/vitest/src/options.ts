import type { StartOptions } from '@mirrahq/node';

export interface MirraOptions extends Pick<StartOptions, 'mirrors' | 'seeds' | 'limits' | 'clock' | 'frozen' | 'binary'> {
  /** Seeds all mirrors anew before each test; what beforeAll made is gone then. */
  resetBetweenTests?: boolean;
  /** Seeds all mirrors of the worker's session anew before each file. */
  resetBetweenFiles?: boolean;
  /** What has a session of its own: a worker unless given, or each file. */
  isolate?: 'worker' | 'file';
  /** The session of all workers, by id or name, which lives on. MIRRA_SESSION does the same, and wins. */
  sessionId?: string;
  /** Names the session that the workers' are forked from; one that lives already is taken, and left. */
  sessionName?: string;
  /**
   * How the code under test reaches mirrors: under the vendors' own host names, or by
   * the variables that mirra env --no-proxy prints, and then nothing is refused.
   */
  proxyMode?: 'tls' | 'env-var';
  /** Refuse what goes to hosts that no mirror claims: true unless given. */
  noEgress?: boolean;
  /** Print nothing. */
  quiet?: boolean;
}

/** What workers are told. */
export interface Shared {
  /** The environment of the session that theirs are forked from. */
  env: Record<string, string>;
  /** Start of the names of theirs; none if all use the one. */
  prefix: string | null;
  options: Pick<MirraOptions, 'resetBetweenTests' | 'resetBetweenFiles' | 'isolate' | 'proxyMode' | 'noEgress'>;
}

/** The name of what workers are told, to Vitest. */
export const key = 'mirra' as const;

declare module 'vitest' {
  interface ProvidedContext {
    [key]: Shared;
  }
}

/** The name of the plugin that holds the options. */
export const pluginName = 'mirra';

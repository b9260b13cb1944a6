/** JSON, as vendors have it. */
export type Document = Record<string, any>;

/** A mirror's objects by entity, the format of seeds. */
export type State = Record<string, Document[]>;

export interface MirrorInfo {
  name: string;
  vendor: string;
  version: string;
  url: string;
  urls: Record<string, string>;
  env: Record<string, string>;
}

export interface Stats {
  requests: number;
  errors: number;
  rateLimited: number;
  webhooks: number;
  generic?: Record<string, number>;
  notMirrored?: Record<string, number>;
}

/** A session as the control API describes it. */
export interface SessionInfo {
  sessionId: string;
  name?: string;
  mirrors: MirrorInfo[];
  clock: ClockInfo;
  stats?: Stats;
}

export interface ProxyInfo {
  url: string;
  door: string;
  ca: string;
  domains: string[];
  /** Exceptions to domains, which are passed on to the real vendor: names, "*." before one for all below, but for those behind a "!". */
  passThrough: string[];
  noEgress: boolean;
  /** alert is by what a client refused the certificate it was shown. */
  tried: { host: string; count: number; refused: number; alert?: string }[];
}

export interface ClockInfo {
  now: string;
  offsetMs: number;
  frozen: boolean;
  peer: string;
}

/** What a move of the clock did. */
export interface ClockMoved {
  clock: ClockInfo;
  timers: number;
  deliveries: number;
  failed: number;
}

export interface TraceMessage {
  target?: string;
  status?: number;
  headers: [string, string][];
  body?: string | { base64: string };
}

/** One thing that happened in a session. */
export interface TraceEntry {
  seq: number;
  type: 'traffic.request_completed' | 'webhook.dispatched' | 'state.changed' | 'session.lifecycle';
  at: string;
  mirror?: string;
  method?: string;
  path?: string;
  status?: number;
  durationMs?: number;
  operation?: string;
  event?: string;
  attempt?: number;
  outcome?: string;
  signature?: string;
  entity?: string;
  entityId?: string;
  before?: Document | null;
  after?: Document | null;
  action?: string;
  request?: TraceMessage;
  response?: TraceMessage;
}

export interface TraceQuery {
  type?: TraceEntry['type'] | TraceEntry['type'][];
  mirror?: string;
  method?: string;
  /** A glob. */
  path?: string;
  operation?: string;
  event?: string;
  /** "404", "4xx". */
  status?: string;
  /** With requests and answers. */
  bodies?: boolean;
}

/** Which requests or webhooks go wrong, and how; docs/sessions.md describes it. */
export interface Fault {
  mirror?: string;
  method?: string;
  path?: string;
  operation?: string;
  event?: string;
  nth?: number;
  count?: number;
  probability?: number;
  /** A name of the mirror's errors; mirra plugin info NAME lists them. */
  error?: string;
  /** Of error: seconds in place of the vendor's Retry-After, or none. */
  retryAfter?: string;
  latencyMs?: number;
  drop?: 'before' | 'after';
  webhook?: 'drop' | 'duplicate' | 'delay' | 'reorder' | 'forge' | 'alter' | 'unsign' | 'stale';
  delayMs?: number;
}

/** What a mirror is, as far as expect needs to know. */
export interface CatalogEntry {
  name: string;
  version: string;
  entities: string[];
  aliases: Record<string, string[]>;
  events: string[];
}

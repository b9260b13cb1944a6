export { MirraError } from './error.js';
export { ExpectationError, type Expect, type Expectation, type ExpectOptions } from './expect.js';
export { type Match } from './match.js';
export { Clock, Mirror, Session, currentSession, type UseOptions } from './session.js';
export { connectMirra, forkMirra, startMirra, type StartOptions } from './start.js';
export type { ClockInfo, ClockMoved, Document, Fault, MirrorInfo, ProxyInfo, SessionInfo, State, Stats, TraceEntry, TraceMessage, TraceQuery } from './types.js';
export type { Webhook, WebhookQuery } from './webhooks.js';

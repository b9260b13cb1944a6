import type { Control } from './control.js';
import { MirraError } from './error.js';
import { describe, matches, type Match } from './match.js';
import type { Document, TraceEntry } from './types.js';

// Taken before a suite's fake timers replace them.
const { setTimeout: later, clearTimeout: notLater } = globalThis;

export interface WebhookQuery {
  mirror?: string;
  /** "customer.created"; a star stands for any text. */
  type?: string;
  /** Of the payload. */
  match?: Match;
  /** 5000 unless given. */
  timeoutMs?: number;
}

/** A webhook that was sent, and how it was answered. */
export interface Webhook {
  mirror: string;
  type: string;
  url: string;
  /** The body as it was sent: what the signature covers. */
  body: string;
  /** The body read: JSON, else the fields of a form. */
  payload: Document;
  headers: Record<string, string>;
  signature?: string;
  attempt: number;
  /** The application's answer; none if nobody answered. */
  status?: number;
  /** "delivered", or why it was not. */
  outcome?: string;
  at: string;
}

export function webhookOf(e: TraceEntry): Webhook {
  const body = typeof e.request?.body === 'string' ? e.request.body : Buffer.from(e.request?.body?.base64 ?? '', 'base64').toString();
  let payload: Document;
  try {
    payload = JSON.parse(body) as Document;
  } catch {
    payload = Object.fromEntries(new URLSearchParams(body));
  }
  const headers = Object.fromEntries((e.request?.headers ?? []).map(([name, value]) => [name.toLowerCase(), value]));
  return { mirror: e.mirror ?? '', type: e.event ?? '', url: e.path ?? '', body, payload, headers, signature: e.signature, attempt: e.attempt ?? 1, status: e.status, outcome: e.outcome, at: e.at };
}

/** Waits for a webhook that the application answered, or that could not be delivered: one since the mirror was reset last. */
export async function waitForWebhook(control: Control, session: string, query: WebhookQuery): Promise<Webhook> {
  const { timeoutMs = 5000, type = '*', match, mirror } = query;
  const form = new RegExp(`^${type.split('*').map((s) => s.replace(/[.\\^$+?()[\]{}|]/g, '\\$&')).join('.*')}$`);
  const reset = new Map<string, number>(); // numbers of entries; '' is of all mirrors
  for (const e of await control.pages<TraceEntry>(`/v1/sessions/${session}/trace?type=session.lifecycle`)) if (e.action === 'reset') reset.set(e.mirror ?? '', e.seq);
  const since = (name: string) => Math.max(reset.get('') ?? 0, reset.get(name) ?? 0);

  const stop = new AbortController();
  const timer = later(() => stop.abort(), timeoutMs);
  let seen: Webhook[] = [];
  try {
    // What came before the call counts as well.
    const events = control.events<TraceEntry>(`/v1/sessions/${session}/events?type=webhook.dispatched&type=session.lifecycle&after=${since(mirror ?? '')}`, stop.signal);
    for await (const e of events) {
      if (e.action === 'ended') throw new MirraError('mirra.session.not_found', `session ${session} ended while a webhook was awaited`);
      if (e.action === 'reset') seen = seen.filter((w) => e.mirror && w.mirror !== e.mirror);
      if (e.type !== 'webhook.dispatched' || e.seq < since(e.mirror ?? '') || (mirror && e.mirror !== mirror)) continue;
      const webhook = webhookOf(e);
      if (form.test(webhook.type) && (match === undefined || matches(webhook.payload, match))) return webhook;
      seen.push(webhook);
    }
    throw new MirraError('mirra.session.not_found', `session ${session} ended while a webhook was awaited`);
  } catch (e) {
    if (!stop.signal.aborted) throw e;
  } finally {
    notLater(timer);
    stop.abort();
  }
  const wanted = [mirror, type === '*' ? undefined : type, describe(match)].filter(Boolean).join(' ');
  throw new MirraError(
    'mirra.webhook.none',
    `no webhook ${wanted ? wanted + ' ' : ''}within ${timeoutMs} ms; ` +
      (seen.length ? 'there were ' + seen.slice(-10).map((w) => `${w.mirror} ${w.type} to ${w.url}: ${w.status ?? w.outcome}`).join(', ') : 'there were none at all'),
    seen.length ? undefined : "webhooks go to endpoints that were registered through the vendor's API, or to forwardWebhooks(mirror, url)",
  );
}

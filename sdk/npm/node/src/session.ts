import { Control } from './control.js';
import { direct, environment, leadTo } from './environment.js';
import { MirraError } from './error.js';
import { ExpectationError, expectOf, type Expect } from './expect.js';
import { hook } from './hook.js';
import type { CatalogEntry, ClockInfo, ClockMoved, Document, Fault, MirrorInfo, ProxyInfo, SessionInfo, State, TraceEntry, TraceQuery } from './types.js';
import { waitForWebhook, type Webhook, type WebhookQuery } from './webhooks.js';

export interface UseOptions {
  noEgress?: boolean;
  proxyMode?: 'tls' | 'env-var';
}

/** A set of mirrors with a state, clock and trace of its own. */
export class Session implements AsyncDisposable {
  readonly id: string;
  readonly name: string | undefined;
  /** What leads an application to the session, as mirra env prints it. */
  readonly env: Record<string, string>;
  readonly clock: Clock;
  readonly #control: Control;
  readonly #info: SessionInfo;
  readonly #proxy: ProxyInfo;
  readonly #owned: boolean;
  #release = new AbortController();
  #ended = false;
  #catalogue: Promise<{ mirrors: CatalogEntry[] }> | undefined;

  /** @internal */
  constructor(control: Control, base: Record<string, string>, info: SessionInfo, proxy: ProxyInfo, owned: boolean) {
    this.#control = control;
    this.#info = info;
    this.#proxy = leadTo(proxy, control.url);
    this.#owned = owned;
    this.id = info.sessionId;
    this.name = info.name;
    this.env = environment(base, info, this.#proxy);
    this.clock = new Clock(control, info.sessionId);
  }

  get mirrors(): string[] {
    return this.#info.mirrors.map((m) => m.name);
  }

  /** A mirror of the session. */
  mirror(name: string): Mirror {
    const info = this.#info.mirrors.find((m) => m.name === name);
    if (!info) throw new MirraError('mirra.session.no_such_mirror', `session ${this.id} has no mirror ${JSON.stringify(name)}`, `it has ${this.mirrors.join(', ')}`);
    return new Mirror(this.#control, this.id, info, async () => {
      const { mirrors } = await (this.#catalogue ??= this.#control.call('GET', '/v1/mirrors'));
      const about = mirrors.find((m) => `${m.name}@${m.version}` === info.version) ?? mirrors.find((m) => m.name === name);
      if (!about) throw new MirraError('mirra.expect.unknown', `the server knows no events of ${info.version}`, 'look at mirror.state() and session.trace()');
      return about;
    });
  }

  #call<T = void>(method: string, path: string, body?: unknown): Promise<T> {
    return this.#control.call<T>(method, `/v1/sessions/${this.id}${path}`, body);
  }

  /** Empties mirrors, all unless some are named, and seeds them anew. */
  reset(...mirrors: string[]): Promise<void> {
    return this.#call('POST', '/reset', { mirrors });
  }

  /** Keeps the state under a name, and returns it. */
  async snapshot(name?: string): Promise<string> {
    return (await this.#call<{ name: string }>('POST', '/snapshot', name === undefined ? {} : { name })).name;
  }

  /** Makes a snapshot the state: that of the name, else the last. */
  restore(name?: string): Promise<void> {
    return this.#call('POST', '/restore', name === undefined ? {} : { name });
  }

  /** Starts a session in the state of this one. It ends with end, or an hour after its last request. */
  fork(name?: string): Promise<Session> {
    return fork(this.#control, this.env, this.id, name);
  }

  /** Sessions of the same server whose names begin so; end ends them. */
  async named(prefix: string): Promise<Session[]> {
    const found: SessionInfo[] = [];
    for (let cursor: string | undefined = ''; cursor !== undefined; ) {
      const page: { sessions: SessionInfo[]; nextCursor?: string } = await this.#control.call('GET', `/v1/sessions?limit=100&cursor=${encodeURIComponent(cursor)}`);
      found.push(...page.sessions.filter((s) => s.name?.startsWith(prefix)));
      cursor = page.nextCursor;
    }
    return Promise.all(found.map(async (info) => new Session(this.#control, this.env, info, await this.#control.call<ProxyInfo>('GET', `/v1/sessions/${info.sessionId}/proxy`), true)));
  }

  /** Makes requests or webhooks go wrong. */
  fault(rule: Fault): Promise<Fault & { id: string }> {
    return this.#call('POST', '/faults', rule);
  }

  clearFaults(): Promise<void> {
    return this.#call('DELETE', '/faults');
  }

  /** Causes an event of a vendor's with all that follows: simulate('email.bounced', { to }). */
  simulate(event: string, args: Record<string, string> = {}, mirror?: string): Promise<void> {
    return this.#call('POST', '/simulate', { event, args, mirror });
  }

  /** Sends every webhook of a mirror to URLs, whatever endpoints there are. */
  forwardWebhooks(mirror: string, ...urls: string[]): Promise<void> {
    return this.#call('PUT', '/webhooks/forwards', { mirror, urls });
  }

  /** Waits for a webhook to be answered; one that was before counts, since the last reset. */
  waitForWebhook(query: WebhookQuery = {}): Promise<Webhook> {
    return waitForWebhook(this.#control, this.id, query);
  }

  /**
   * Decides criteria as scenarios have them, 'exactly one customer was created', about what
   * happened since the last reset, once its webhooks have arrived. It throws an
   * ExpectationError that says what was found instead of each that does not hold.
   */
  async check(...criteria: string[]): Promise<void> {
    const { results } = await this.#call<{ results: { outcome: string; reason: string; expected?: string }[] }>('POST', '/checks', { checks: criteria.map((criterion) => ({ criterion })) });
    const wrong = results.flatMap((r, i) => (r.outcome === 'passed' ? [] : [`${criteria[i]}: ${r.outcome}: ${r.reason}${r.expected ? ` (expected ${r.expected})` : ''}`]));
    if (wrong.length) throw new ExpectationError(wrong.join('\n'), `mirra logs --session ${this.id} shows what happened`);
  }

  /** What happened, oldest first. */
  trace(query: TraceQuery = {}): Promise<TraceEntry[]> {
    const asked = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) for (const v of [value].flat()) if (v !== undefined) asked.append(name, String(v));
    return this.#control.pages(`/v1/sessions/${this.id}/trace?${asked.toString()}`);
  }

  /** What the session did so far, and which hosts were asked for that no mirror answers. */
  async summary(): Promise<SessionInfo & Pick<ProxyInfo, 'tried'>> {
    const [info, { tried }] = await Promise.all([this.#call<SessionInfo>('GET', ''), this.#call<ProxyInfo>('GET', '/proxy')]);
    return { ...info, tried };
  }

  /**
   * Leads this process's connections to the vendors' hosts to the session, and by the
   * environment those of programs that it starts, whatever session they were led to
   * before. noEgress refuses other hosts; it is the session's unless given. With
   * env-var the environment alone changes, for applications that read URLs there.
   */
  use({ noEgress = this.#proxy.noEgress, proxyMode = 'tls' }: UseOptions = {}): this {
    hook.given ??= { session: process.env.MIRRA_SESSION };
    if (proxyMode === 'env-var') {
      hook.session = this;
      Object.assign(process.env, direct(this.env));
      return this;
    }
    if (!this.#proxy.door) throw new MirraError('mirra.proxy.none', `session ${this.id} has no port for the vendors' hosts`, 'the log of the server says why: mirra doctor');
    hook.use({ door: this.#proxy.door, domains: this.#proxy.domains, pass: noEgress ? [] : this.#proxy.passThrough, proxy: this.#proxy.url, egress: !noEgress, ca: [this.#proxy.ca] });
    hook.session = this;
    Object.assign(process.env, this.env, { MIRRA_EGRESS: noEgress ? 'no' : 'yes' });
    return this;
  }

  /** Keeps the session while the process lives, and no longer if it was made so. @internal */
  async hold(): Promise<void> {
    const events = this.#control.events(`/v1/sessions/${this.id}/events?hold=true&type=session.lifecycle`, this.#release.signal, true);
    await events.next(); // that the session was created
    void (async () => {
      try {
        while (!(await events.next()).done);
      } catch {
        // Released, or the server ended; whoever calls it next hears of that.
      }
    })();
  }

  /** Ends the session, or leaves it to who started it. Connections to the vendors' hosts fail from now on. */
  async end(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    if (hook.session === this) {
      hook.session = undefined;
      hook.use({ door: '', domains: this.#proxy.domains, pass: this.#proxy.passThrough, proxy: this.#proxy.url, egress: !this.#proxy.noEgress, ca: [this.#proxy.ca] });
    }
    try {
      if (this.#owned) await this.#call('DELETE', '');
    } catch (e) {
      if (!(e instanceof MirraError && e.code === 'mirra.session.not_found')) throw e; // it ended by itself
    } finally {
      this.#release.abort();
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.end();
  }
}

/** Starts a session in the state of another one. Its webhooks go out as those of any. */
export async function fork(control: Control, env: Record<string, string>, from: string, name?: string): Promise<Session> {
  const info = await control.call<SessionInfo>('POST', `/v1/sessions/${from}/fork`, name === undefined ? {} : { name });
  const path = `/v1/sessions/${info.sessionId}`;
  const [proxy] = await Promise.all([control.call<ProxyInfo>('GET', `${path}/proxy`), control.call('POST', `${path}/webhooks/release`)]);
  return new Session(control, env, info, proxy, true);
}

/** The session that this process is led to. */
export function currentSession(): Session {
  if (!hook.session) throw new MirraError('mirra.session.none', 'this process is led to no session', 'session.use() leads it to one; withMirra does in a Vitest suite');
  return hook.session as Session;
}

/** One vendor's mirror within a session. */
export class Mirror {
  readonly name: string;
  readonly version: string;
  /** Where it answers without the vendor's host name. */
  readonly url: string;
  /** Likewise, for each of the vendor's hosts. */
  readonly urls: Readonly<Record<string, string>>;
  /** What an application's environment needs, its webhook secret too. */
  readonly env: Readonly<Record<string, string>>;
  /** Expectations that its entities and events name: expect.email.sent({ to: 'a@example.com' }). */
  readonly expect: Expect;
  readonly #control: Control;
  readonly #path: string;

  /** @internal */
  constructor(control: Control, session: string, info: MirrorInfo, about: () => Promise<CatalogEntry>) {
    this.#control = control;
    this.#path = `/v1/sessions/${session}/state/${info.name}`;
    this.name = info.name;
    this.version = info.version;
    this.url = info.url;
    this.urls = info.urls;
    this.env = info.env;
    this.expect = expectOf(control, session, info.name, about);
  }

  /** The mirror's objects by entity, the format of seeds. */
  state(): Promise<State>;
  /** Those of one entity. */
  state(entity: string): Promise<Document[]>;
  async state(entity?: string): Promise<State | Document[]> {
    if (entity === undefined) return this.#control.call<State>('GET', this.#path);
    return (await this.#control.call<State>('GET', `${this.#path}?entity=${encodeURIComponent(entity)}`))[entity] ?? [];
  }
}

/** A session's time. */
export class Clock {
  readonly #move: (to: object) => Promise<ClockMoved>;
  readonly #now: () => Promise<ClockInfo>;

  /** @internal */
  constructor(control: Control, session: string) {
    this.#move = (to) => control.call('POST', `/v1/sessions/${session}/clock`, to);
    this.#now = async () => (await control.call<SessionInfo>('GET', `/v1/sessions/${session}`)).clock;
  }

  async now(): Promise<Date> {
    return new Date((await this.#now()).now);
  }

  /** Moves time on by milliseconds, or by text as "31d" or "1h30m"; what falls due on the way is done. */
  advance(by: number | string): Promise<ClockMoved> {
    return this.#move({ advance: typeof by === 'number' ? `${by}ms` : by });
  }

  set(to: Date | string): Promise<ClockMoved> {
    return this.#move({ set: new Date(to).toISOString() });
  }

  freeze(): Promise<ClockMoved> {
    return this.#move({ freeze: true });
  }

  resume(): Promise<ClockMoved> {
    return this.#move({ resume: true });
  }
}

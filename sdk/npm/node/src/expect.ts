import type { Control } from './control.js';
import { MirraError } from './error.js';
import { describe, matches, type Match } from './match.js';
import type { CatalogEntry, Document, State, TraceEntry } from './types.js';
import { webhookOf } from './webhooks.js';

const { setTimeout: later } = globalThis;

export interface ExpectOptions {
  /** How many there are to be; any number but none unless given. 0: none. */
  times?: number;
  /** How long to wait until there are as many: 1000, for 0 times not at all. */
  timeoutMs?: number;
}

/** Resolves to the objects that something happened to; rejects if there are none, saying what there was instead. */
export type Expectation = (match?: Match, options?: ExpectOptions) => Promise<Document[]>;

/** What is expected of a mirror: expect.email.sent({ to }), expect.paymentIntent.succeeded(). */
export type Expect = Record<string, Record<string, Expectation>>;

const snake = (word: string) => word.replace(/[A-Z]/g, (c) => '_' + c.toLowerCase()).replace(/[-. ]/g, '_');
const singular = (entity: string) => entity.replace(/ies$/, 'y').replace(/(ss|x|ch)es$/, '$1').replace(/([^s])s$/, '$1');

/** What a noun and a verb mean to a mirror. */
export interface Bound {
  entity: string;
  verb: string;
  events: string[];
}

const a = (noun: string) => (/^[aeiou]/.test(noun) ? 'an ' : 'a ') + noun;

// words are those that mean an entity.
const words = (about: CatalogEntry, entity: string) => [entity, singular(entity), ...(about.aliases[entity] ?? [])];

// eventsOf are those about an entity, by verb: customer.subscription.deleted is of
// subscriptions, checkout.session.completed of checkout_sessions.
function eventsOf(about: CatalogEntry, entity: string): Map<string, string[]> {
  const known = words(about, entity);
  const out = new Map<string, string[]>();
  for (const event of about.events) {
    const noun = event.split('.');
    const verb = noun.pop() ?? '';
    if (!known.includes(noun.join('_')) && !(known.includes(noun.at(-1) ?? '') && !about.entities.some((e) => e !== entity && words(about, e).includes(noun.join('_'))))) continue;
    out.set(verb, [...(out.get(verb) ?? []), event]);
  }
  return out;
}

/** Finds what a noun and a verb mean. */
export function bind(about: CatalogEntry, noun: string, verb: string): Bound {
  const word = snake(noun);
  const entity = [word, singular(word)].flatMap((w) => about.entities.find((e) => words(about, e).includes(w)) ?? [])[0];
  if (!entity) {
    const near = about.entities.filter((e) => e.includes(word) || words(about, e).some((w) => word.includes(w)));
    throw new MirraError('mirra.expect.noun', `${about.name} has no ${word}`, `it has ${(near.length ? near : about.entities).map(singular).join(', ')}`);
  }
  const done = snake(verb);
  const events = eventsOf(about, entity);
  if (done !== 'created' && !events.has(done)) {
    throw new MirraError('mirra.expect.verb', `${about.name} has no event ${singular(entity)}.${done}`, `${a(singular(entity))} can be ${[...new Set(['created', ...events.keys()])].join(', ')}`);
  }
  return { entity, verb: done, events: events.get(done) ?? [] };
}

// Fields that say what has become of an object.
const telling = /(^|_)(status|state|event|history)$/;
const says = (object: Document, verb: string) => Object.entries(object).some(([k, v]) => telling.test(k) && (v === verb || (Array.isArray(v) && v.includes(verb))));

// evidence is what is known of a mirror's objects, and which of them it happened to.
async function evidence(control: Control, session: string, mirror: string, bound: Bound): Promise<{ all: Document[]; done: Document[] }> {
  const path = `/v1/sessions/${session}`;
  const [state, webhooks, changes] = await Promise.all([
    control.call<State>('GET', `${path}/state/${mirror}`),
    control.pages<TraceEntry>(`${path}/webhooks?mirror=${mirror}`),
    control.pages<TraceEntry>(`${path}/trace?type=state.changed&type=session.lifecycle&mirror=${mirror}&bodies=true`),
  ]);
  const all = state[bound.entity] ?? [];
  const done: Document[] = all.filter((o) => bound.verb === 'created' || says(o, bound.verb));
  // An object as it was when it happened stands beside what it is now.
  const add = (object: Document | undefined) => {
    if (!object) return;
    const ids = Object.values(object);
    const now = all.find((o) => typeof o.id === 'string' && ids.includes(o.id));
    done.push(now ? { ...now, ...object, id: now.id as unknown } : object);
  };
  const isEvent = (type: unknown) => bound.events.includes(String(type));
  for (const e of state.events ?? []) if (isEvent(e.type)) add((e.data as { object?: Document } | undefined)?.object);
  for (const e of webhooks) {
    if (!isEvent(e.event)) continue;
    const { payload } = webhookOf(e);
    const data = payload.data as Document | undefined;
    add((data?.object as Document | undefined) ?? data ?? payload);
  }
  for (const e of changes) {
    if (e.entity !== bound.entity) continue;
    if (e.after && says(e.after, bound.verb)) add(e.after);
    if (!e.after && bound.verb === 'deleted') add(e.before ?? undefined);
  }
  return { all, done };
}

// once leaves one of each object: the last that is known.
function once(objects: Document[]): Document[] {
  const byId = new Map<unknown, Document>();
  for (const o of objects) byId.set(o.id ?? o.sid ?? o, o);
  return [...byId.values()];
}

async function check(control: Control, session: string, mirror: string, about: () => Promise<CatalogEntry>, noun: string, verb: string, match?: Match, options: ExpectOptions = {}): Promise<Document[]> {
  const { times, timeoutMs = times === 0 ? 0 : 1000 } = options;
  const bound = bind(await about(), noun, verb);
  const until = performance.now() + timeoutMs;
  for (;;) {
    const { all, done } = await evidence(control, session, mirror, bound);
    const found = once(done.filter((o) => match === undefined || matches(o, match)));
    if (times === undefined ? found.length > 0 : found.length === times) return found;
    if (performance.now() < until && !(times !== undefined && found.length > times)) {
      await new Promise((resolve) => later(resolve, 20));
      continue;
    }
    const name = singular(bound.entity);
    const wanted = `${times === undefined ? a(name) : `${times} of ${bound.entity}`} ${bound.verb}${match === undefined ? '' : ` with ${describe(match)}`}`;
    throw new ExpectationError(`${mirror}: expected ${wanted}, found ${found.length}`, instead(bound, all, once(done), match));
  }
}

// instead says what there was, the fields asked for first.
function instead(bound: Bound, all: Document[], done: Document[], match?: Match): string {
  const line = (o: Document) => {
    const asked = match && typeof match === 'object' ? Object.keys(match) : [];
    const shown = Object.fromEntries(Object.entries(o).filter(([k]) => k === 'id' || asked.includes(k) || telling.test(k)));
    return '  ' + JSON.stringify(shown);
  };
  const list = (objects: Document[]) => objects.slice(-10).map(line).join('\n');
  if (done.length) return `${bound.verb} were:\n${list(done)}`;
  if (all.length) return `none was ${bound.verb}; there are:\n${list(all)}`;
  return `there are no ${bound.entity} at all`;
}

/** Something did not happen that was expected to. */
export class ExpectationError extends Error {
  override name = 'ExpectationError';

  constructor(message: string, found: string) {
    super(`${message}; ${found}`);
  }
}

/** The expectations of a mirror; nouns and verbs are read when they are used. */
export function expectOf(control: Control, session: string, mirror: string, about: () => Promise<CatalogEntry>): Expect {
  // A promise is what has then: neither noun nor verb is one.
  const named = <T>(make: (name: string) => T) => new Proxy({} as Record<string, T>, { get: (_, name) => (typeof name === 'string' && name !== 'then' ? make(name) : undefined) });
  return named((noun) => named<Expectation>((verb) => (match, options) => check(control, session, mirror, about, noun, verb, match, options)));
}

import { isDeepStrictEqual } from 'node:util';

/**
 * What an object should have: values of fields, of which a list need hold one; objects
 * for parts of objects; expressions for text; a function to judge for itself.
 */
export type Match = Record<string, any> | ((object: any) => boolean);

export function matches(object: unknown, want: unknown): boolean {
  if (typeof want === 'function') return Boolean(want(object));
  if (want instanceof RegExp) return Array.isArray(object) ? object.some((o) => matches(o, want)) : typeof object === 'string' && want.test(object);
  if (Array.isArray(want) || want === null || typeof want !== 'object') {
    return isDeepStrictEqual(object, want) || (Array.isArray(object) && object.some((o) => isDeepStrictEqual(o, want)));
  }
  if (object === null || typeof object !== 'object') return false;
  return Object.entries(want).every(([k, v]) => matches((object as Record<string, unknown>)[k], v));
}

/** Text of a match, for errors. */
export function describe(want: unknown): string {
  if (want === undefined) return '';
  if (typeof want === 'function') return 'a function';
  return JSON.stringify(want, (_, v: unknown) => (v instanceof RegExp || typeof v === 'function' ? String(v) : v));
}

// Runs in each worker before each of its files: a setup file.
import { randomUUID } from 'node:crypto';
import { MirraError, connectMirra, forkMirra, type Session } from '@mirrahq/node';
import { afterAll, beforeEach, inject } from 'vitest';
import { key } from './options.js';

const { env, prefix, options } = inject(key);
const { isolate, proxyMode, noEgress } = options;

// ofWorker is the session that files of this worker had before, unless a run in watch
// mode came between; else a new one.
async function ofWorker(): Promise<{ session: Session; fresh: boolean }> {
  const name = `${prefix}-${process.env.VITEST_POOL_ID ?? 1}`;
  try {
    return { session: await connectMirra(env, name), fresh: false };
  } catch (e) {
    if (!(e instanceof MirraError && e.code === 'mirra.session.not_found')) throw e;
    return { session: await forkMirra(env, name), fresh: true };
  }
}

async function ofFile(): Promise<{ session: Session; fresh: boolean }> {
  const session = await forkMirra(env, `${prefix}-file-${randomUUID().slice(0, 13)}`);
  return { session, fresh: true };
}

const { session, fresh } = prefix === null ? { session: await connectMirra(env), fresh: false } : isolate === 'file' ? await ofFile() : await ofWorker();
session.use({ noEgress, proxyMode });
if (options.resetBetweenFiles && !fresh) await session.reset();
if (options.resetBetweenTests) beforeEach(() => session.reset());
if (prefix !== null && isolate === 'file') afterAll(() => session.end());

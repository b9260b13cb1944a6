import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Control } from './control.js';
import { MirraError } from './error.js';
import { hook } from './hook.js';
import { findProgram, runProgram } from './program.js';
import { Session, fork } from './session.js';
import type { ProxyInfo, SessionInfo, State } from './types.js';

export interface StartOptions {
  /** stripe, stripe@2024-06, ./my.wasm; what the project is seen to use unless given. */
  mirrors?: string[];
  /** By mirror: the name of a fixture, several, or objects by entity. */
  seeds?: Record<string, string | string[] | State>;
  /** vendor unless given. */
  limits?: 'vendor' | 'test' | 'off';
  /** The session's time at its start. */
  clock?: Date | string;
  /** That its time stands still. */
  frozen?: boolean;
  /** Refuse what goes to hosts that no mirror claims. */
  noEgress?: boolean;
  /** The session of this name, if there is one; else the new one's. */
  name?: string;
  /** Attach to this session, by id or name. MIRRA_SESSION does the same unless this is null. */
  sessionId?: string | null;
  /** The project's folder. */
  cwd?: string;
  /** Of the program, beside this process's: webhook secrets are read there. */
  env?: Record<string, string | undefined>;
  /** The mirra program; else MIRRA_BINARY, @mirrahq/cli's, the one of PATH. */
  binary?: string;
}

/**
 * Starts a session, and a server for it if none runs, or attaches to one. What is
 * started ends with end, await using, or the process; what was there lives on.
 */
export async function startMirra(options: StartOptions = {}): Promise<Session> {
  const program = findProgram(options.binary);
  const { cwd, env } = options;
  const attach = (id: string) => runProgram<Record<string, string>>(program, ['env', '--session', id], { cwd, env });
  const given = options.sessionId === null ? undefined : (options.sessionId ?? (hook.given ?? { session: process.env.MIRRA_SESSION }).session);
  if (given) return connectMirra(await attach(given));
  if (options.name) {
    try {
      return await connectMirra(await attach(options.name));
    } catch (e) {
      if (!(e instanceof MirraError && /no session/.test(e.message))) throw e;
    }
  }
  const session = await open(await up(program, options), undefined, true);
  await session.hold();
  return session;
}

// up starts a session, which ends when nobody holds it, and returns its environment.
async function up(program: string, options: StartOptions): Promise<Record<string, string>> {
  const args = ['up', '--new', '--hold'];
  if (options.mirrors?.length) args.push('--mirrors', options.mirrors.join(','));
  if (options.limits) args.push('--limits', options.limits);
  if (options.clock !== undefined) args.push('--clock', new Date(options.clock).toISOString());
  if (options.frozen) args.push('--frozen');
  if (options.noEgress) args.push('--no-egress');
  if (options.name) args.push('--name', options.name);
  let folder: string | undefined;
  try {
    for (const [mirror, seed] of Object.entries(options.seeds ?? {})) {
      if (typeof seed === 'string' || Array.isArray(seed)) {
        for (const fixture of [seed].flat()) args.push('--seed', `${mirror}:${fixture}`);
        continue;
      }
      folder ??= await mkdtemp(join(tmpdir(), 'mirra-seed-'));
      const file = join(folder, `${mirror}.json`);
      await writeFile(file, JSON.stringify(seed), { mode: 0o600 });
      args.push('--seed-file', `${mirror}:${file}`);
    }
    // The session that this process runs in is another one.
    const env = { ...options.env, MIRRA_SESSION: undefined };
    return (await runProgram<{ env: Record<string, string> }>(program, args, { cwd: options.cwd, env })).env;
  } finally {
    if (folder) await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Returns a session of an environment that mirra env printed, or the one of an id or
 * name on the same server. It asks the server and runs no program; end leaves it.
 */
export function connectMirra(env: Record<string, string>, session?: string): Promise<Session> {
  return open(env, session, false);
}

/** Starts a session in the state of that of an environment; it runs no program. */
export function forkMirra(env: Record<string, string>, name?: string): Promise<Session> {
  const { control, own } = read(env);
  return fork(control, env, own, name);
}

// read finds the server and session of an environment.
function read(env: Record<string, string>): { control: Control; own: string } {
  const { MIRRA_URL: url, MIRRA_TOKEN: token, MIRRA_SESSION: own } = env;
  if (!url || !token || !own) throw new MirraError('mirra.environment', 'MIRRA_URL, MIRRA_TOKEN and MIRRA_SESSION are not all there', 'mirra env prints them');
  return { control: new Control(url, token), own };
}

async function open(env: Record<string, string>, session: string | undefined, owned: boolean): Promise<Session> {
  const { control, own } = read(env);
  const path = `/v1/sessions/${encodeURIComponent(session ?? own)}`;
  const [info, proxy] = await Promise.all([control.call<SessionInfo>('GET', path), control.call<ProxyInfo>('GET', `${path}/proxy`)]);
  return new Session(control, env, info, proxy, owned);
}

// Runs in Vitest's own process, before the workers: a globalSetup.
import { MirraError, type Session } from '@mirrahq/node';
import type { TestProject } from 'vitest/node';
import { begin } from './base.js';
import { key, pluginName, type MirraOptions } from './options.js';

function optionsOf(project: TestProject): MirraOptions {
  const plugin = project.vite.config.plugins.find((p) => p.name === pluginName) as { api?: MirraOptions } | undefined;
  if (!plugin?.api) throw new MirraError('mirra.vitest.plugin', 'this project has no options of withMirra', 'wrap its configuration: withMirra(defineConfig({ … }), { mirrors: [ … ] })');
  return plugin.api;
}

export default async function server(project: TestProject): Promise<() => Promise<void>> {
  const options = optionsOf(project);
  const { noEgress = true, quiet = false } = options;
  const base = begin(options, project.config.root, project.config.env);
  const number = ++base.users;
  const { attached } = base;
  let session: Session;
  try {
    session = await base.session;
  } catch (e) {
    base.forget(); // the next run may find what is missing
    throw e;
  }
  if (!quiet && number === 1) console.log(`mirra: session ${session.id}${session.name ? ` (${session.name})` : ''}: ${session.mirrors.map((m) => session.mirror(m).version).join(', ')}${attached ? ', for all workers' : ''}`);

  const { resetBetweenTests, resetBetweenFiles, isolate, proxyMode } = options;
  const prefix = attached ? null : `${(session.name ?? session.id.replace('ses_', 'vitest-')).slice(0, 40)}-${number}`;
  project.provide(key, { env: session.env, prefix, options: { resetBetweenTests, resetBetweenFiles, isolate, proxyMode, noEgress } });
  // What a run in watch mode left is nothing to the next.
  project.onTestsRerun(async () => {
    await Promise.all((await forks(session, prefix)).map((f) => f.end()));
  });
  return async () => {
    const own = await forks(session, prefix);
    if (!quiet) await report(project.name, attached ? [session] : own);
    await Promise.all(own.map((f) => f.end()));
    if (--base.users > 0) return;
    base.forget();
    await session.end();
  };
}

// forks are the sessions of a project's workers.
const forks = async (session: Session, prefix: string | null): Promise<Session[]> => (prefix === null ? [] : session.named(prefix + '-'));

// report says what a user should know of a run.
async function report(project: string, sessions: Session[]): Promise<void> {
  if (sessions.length === 0) return; // no file was run
  const all = await Promise.all(sessions.map((s) => s.summary()));
  let requests = 0;
  let webhooks = 0;
  const generic = new Set<string>();
  const missing = new Set<string>();
  const refused = new Set<string>();
  for (const { stats, tried } of all) {
    requests += stats?.requests ?? 0;
    webhooks += stats?.webhooks ?? 0;
    for (const name of Object.keys(stats?.generic ?? {})) generic.add(name);
    for (const name of Object.keys(stats?.notMirrored ?? {})) missing.add(name);
    for (const { host, refused: n } of tried) if (n > 0) refused.add(host);
  }
  const start = project ? `mirra: ${project}` : 'mirra';
  console.log(`${start}: ${requests} requests, ${webhooks} webhook attempts`);
  const line = (what: string, names: Set<string>) => names.size && console.log(`${start}: ${what}: ${[...names].sort().join(', ')}`);
  line('generic operations used', generic);
  line('not mirrored, answered 501', missing);
  line('refused, as no mirror answers for it', refused);
}

import { fileURLToPath } from 'node:url';
import type { ViteUserConfig } from 'vitest/config';
import { begin } from './base.js';
import { pluginName, type MirraOptions } from './options.js';

const file = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const setupFile = file('./setup.js');
const globalSetup = file('./server.js');

const before = (own: string, list: string | string[] | undefined) => {
  const rest = [list ?? []].flat();
  return rest.includes(own) ? rest : [own, ...rest]; // a project that extends has it already
};

/** The Vite plugin that withMirra adds. */
function mirra(options: MirraOptions) {
  return {
    name: pluginName,
    api: options,
    config(config: ViteUserConfig) {
      const test = (config.test ??= {});
      if (test.browser?.enabled) return; // it has no processes of Node to lead
      test.globalSetup = before(globalSetup, test.globalSetup);
      test.setupFiles = before(setupFile, test.setupFiles);
      if (process.env.VITEST) begin(options, config.root, test.env); // while Vitest makes itself ready
    },
  };
}

// One entry of test.projects, whatever it is given as.
function project(entry: unknown, options: MirraOptions): unknown {
  if (typeof entry === 'string') return entry; // a file of its own, which has its own withMirra
  if (typeof entry === 'function') return async (...args: unknown[]) => project(await (entry as (...args: unknown[]) => unknown)(...args), options);
  if (entry instanceof Promise) return entry.then((e) => project(e, options));
  return typeof entry === 'object' && entry ? added(entry as ViteUserConfig, options) : entry;
}

function added(config: ViteUserConfig & { extends?: unknown }, options: MirraOptions): ViteUserConfig {
  const out = { ...config, plugins: [mirra(options), ...(config.plugins ?? [])] };
  const { projects } = (out.test ?? {}) as { projects?: unknown[] };
  if (projects) out.test = { ...out.test, projects: projects.map((p) => project(p, options)) } as ViteUserConfig['test'];
  return out;
}

/**
 * Runs the suite of a configuration against mirrors: withMirra(defineConfig({ … }),
 * { mirrors: ['stripe'] }). The configuration may be an object, a function or a promise;
 * projects that it names by path have files of their own, and call withMirra there.
 */
export function withMirra<T>(config: T, options: MirraOptions = {}): T {
  if (typeof config === 'function') return (async (...args: unknown[]) => added((await (config as unknown as (...args: unknown[]) => unknown)(...args)) as ViteUserConfig, options)) as T;
  if (config instanceof Promise) return config.then((c) => added(c as ViteUserConfig, options)) as T;
  return added(config as ViteUserConfig, options) as T;
}

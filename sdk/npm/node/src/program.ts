import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';
import { MirraError } from './error.js';

/** Where the mirra program is: what is given, MIRRA_BINARY, that of @mirrahq/cli, else the first of PATH. */
export function findProgram(given?: string): string {
  if (given) return given;
  try {
    const { binary } = createRequire(import.meta.url)('@mirrahq/cli') as { binary: () => string };
    return binary();
  } catch (e) {
    const file = process.platform === 'win32' ? 'mirra.exe' : 'mirra';
    for (const folder of (process.env.PATH ?? '').split(delimiter)) {
      try {
        const path = join(folder, file);
        accessSync(path, constants.X_OK);
        return path;
      } catch {
        // The next folder may have it.
      }
    }
    throw new MirraError('mirra.binary.missing', 'the mirra program is missing, here and on PATH', e instanceof Error ? e.message : String(e));
  }
}

/** Runs the program and returns the JSON that it prints. */
export function runProgram<T>(program: string, args: string[], options: { cwd?: string; env?: Record<string, string | undefined> } = {}): Promise<T> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, ...options.env };
    execFile(program, [...args, '--json'], { cwd: options.cwd, env, maxBuffer: 64 << 20 }, (error, stdout, stderr) => {
      const code = (error as NodeJS.ErrnoException | null)?.code;
      if (error && typeof code === 'string') {
        const hint = 'install it: npm install @mirrahq/cli; or say where it is: MIRRA_BINARY';
        return reject(new MirraError('mirra.binary.missing', `${program} cannot be run (${code})`, hint));
      }
      if (error) return reject(failure(stderr, `mirra ${args.join(' ')}: ${error.message}`));
      try {
        resolve(JSON.parse(stdout) as T);
      } catch {
        reject(new MirraError('mirra.binary.foreign', `${program} printed no JSON: is it Mirra's program?`, 'MIRRA_BINARY names another one'));
      }
    });
  });
}

// failure reads what the program says on its diagnostics: "mirra: TEXT", "hint: TEXT".
function failure(stderr: string, otherwise: string): MirraError {
  const text: string[] = [];
  let hint: string | undefined;
  for (const line of stderr.split('\n').filter(Boolean)) {
    if (line.startsWith('hint: ')) hint = line.slice('hint: '.length);
    else text.push(line.replace(/^mirra: /, ''));
  }
  return new MirraError('mirra.command', text.join('\n') || otherwise, hint);
}

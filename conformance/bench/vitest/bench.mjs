// Prints what withMirra costs a suite, and a reset between tests:
//
//     node conformance/bench/vitest/bench.mjs MIRRA
//
// MIRRA is the program. It needs make npm and make deps. Runs with and without
// alternate, so that what else the machine does falls on both.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
const program = resolve(process.argv[2] ?? join(root, 'bin', 'mirra'));
const runs = 11;

const folder = mkdtempSync(join(tmpdir(), 'mirra-bench-'));
const env = { ...process.env, MIRRA_BINARY: program, MIRRA_HOME: join(folder, 'home'), MIRRA_PORT: '0', MIRRA_SESSION: '', NO_COLOR: '1' };
const mirra = (...args) => execFileSync(program, args, { cwd: folder, env, encoding: 'utf8' });
try {
  symlinkSync(join(root, 'conformance', 'e2e', 'vitest', '4', 'node_modules'), join(folder, 'node_modules'));
  const suite = join(folder, 'suite');
  for (const name of ['cli', 'node', 'vitest']) cpSync(join(root, 'build', 'npm', 'packages', name), join(suite, 'node_modules', '@mirrahq', name), { recursive: true });
  mkdirSync(join(folder, 'home'));
  writeFileSync(join(suite, 'package.json'), '{ "type": "module" }');
  for (let i = 0; i < 4; i++) writeFileSync(join(suite, `${i}.test.js`), `import { expect, test } from 'vitest';\nfor (let i = 0; i < 20; i++) test('adds ' + i, () => expect(i + 1).toBeGreaterThan(i));\n`);
  writeFileSync(join(suite, 'plain.config.js'), `export default { test: { include: ['?.test.js'] } };\n`);
  writeFileSync(join(suite, 'with.config.js'), `import { withMirra } from '@mirrahq/vitest';\nexport default withMirra({ test: { include: ['?.test.js'] } }, { mirrors: ['stripe', 'resend'] });\n`);
  writeFileSync(
    join(suite, 'reset.config.js'),
    `import { withMirra } from '@mirrahq/vitest';\nexport default withMirra({ test: { include: ['reset.js'] } }, { mirrors: ['stripe', 'resend'], seeds: { stripe: 'failed-payments', resend: 'transactional-busy' } });\n`,
  );
  writeFileSync(
    join(suite, 'reset.js'),
    `import { resetMirraMirrors } from '@mirrahq/vitest';
import { test } from 'vitest';
test('resets', async () => {
  const took = [];
  for (let i = 0; i < 200; i++) {
    const from = performance.now();
    await resetMirraMirrors();
    took.push(performance.now() - from);
  }
  took.sort((a, b) => a - b);
  console.log('reset ' + JSON.stringify({ p50: took[100], p95: took[190] }));
});\n`,
  );
  const run = (config) => {
    const from = performance.now();
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(folder, 'node_modules', 'vitest', 'vitest.mjs'), 'run', '--config', config], { cwd: suite, env, encoding: 'utf8' });
    if (status !== 0) throw new Error(`${config}: ${stdout}${stderr}`);
    return { ms: performance.now() - from, stdout };
  };
  mirra('up', '--mirrors', 'stripe,resend', '--detach'); // a server that runs already
  run('plain.config.js');
  run('with.config.js');
  const plain = [];
  const added = [];
  const mirrored = [];
  for (let i = 0; i < runs; i++) {
    plain.push(run('plain.config.js').ms);
    mirrored.push(run('with.config.js').ms);
    added.push(mirrored[i] - plain[i]);
  }
  const median = (list) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)];
  const best = Math.min(...mirrored) - Math.min(...plain);
  console.log(`withMirra: ${best.toFixed(0)} ms more than ${Math.min(...plain).toFixed(0)} ms, best of ${runs} warm runs of 4 files; ${median(added).toFixed(0)} ms more than ${median(plain).toFixed(0)} ms, medians (at most 250 ms more)`);
  const { p50, p95 } = JSON.parse(/reset (\{.*\})/.exec(run('reset.config.js').stdout)[1]);
  console.log(`reset of two seeded mirrors: ${p50.toFixed(1)} ms p50, ${p95.toFixed(1)} ms p95 (at most 5 ms)`);
} finally {
  try {
    mirra('down', '--all');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

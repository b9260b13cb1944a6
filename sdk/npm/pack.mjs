// Packs the packages beside this file, compiled, as npm would publish them:
//
//     node sdk/npm/pack.mjs OUT PLATFORM=BINARY...
//
// PLATFORM is as Node names it, linux-x64. Each gets a package around its binary. OUT
// is made anew.
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const [out, ...binaries] = process.argv.slice(2);
if (!out || binaries.length === 0) {
  console.error('usage: node pack.mjs OUT PLATFORM=BINARY...');
  process.exit(2);
}
rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });

const cli = JSON.parse(readFileSync(join(here, 'cli', 'package.json'), 'utf8'));
for (const [name, version] of Object.entries(cli.optionalDependencies)) {
  if (version !== cli.version) throw new Error(`${name} is wanted in ${version}, not in ${cli.version}`);
}

// pack packs a folder below OUT, with the licence.
function pack(folder) {
  copyFileSync(join(here, '..', '..', 'LICENSE'), join(folder, 'LICENSE'));
  const [{ filename }] = JSON.parse(execFileSync('npm', ['pack', '--json', '--pack-destination', resolve(out)], { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }));
  console.log(`✓ ${join(out, filename)}`);
}

// platform makes the package that holds the program for one system.
function platform(name, binary) {
  const own = `${cli.name}-${name}`;
  if (!cli.optionalDependencies[own]) throw new Error(`${cli.name} knows no ${own}`);
  const folder = join(out, 'packages', `cli-${name}`);
  const [os, cpu] = name.split('-');
  const file = os === 'win32' ? 'mirra.exe' : 'mirra';
  mkdirSync(join(folder, 'bin'), { recursive: true });
  copyFileSync(binary, join(folder, 'bin', file));
  chmodSync(join(folder, 'bin', file), 0o755);
  const { version, license, repository, engines } = cli;
  const about = { name: own, version, description: `The mirra program for ${name}; @mirrahq/cli runs it`, license, repository, engines, os: [os], cpu: [cpu], files: [`bin/${file}`] };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(about, null, 2) + '\n');
  pack(folder);
}

for (const one of binaries) {
  const at = one.indexOf('=');
  platform(one.slice(0, at), one.slice(at + 1));
}
for (const name of readdirSync(here)) {
  if (!existsSync(join(here, name, 'package.json'))) continue;
  const folder = join(out, 'packages', name);
  cpSync(join(here, name), folder, { recursive: true, filter: (path) => !relative(here, path).includes('node_modules') });
  const about = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  if (about.version !== cli.version) throw new Error(`${about.name} is ${about.version}, not ${cli.version}`);
  for (const script of ['preinstall', 'install', 'postinstall', 'prepare']) {
    if (about.scripts?.[script]) throw new Error(`${about.name} has a script at installation, which many forbid: ${script}`);
  }
  pack(folder);
}

'use strict';

// The program is in a package of its own for each system, of which npm installs the
// one that fits; that needs no script at installation, which many forbid.
exports.binary = function binary() {
  if (process.env.MIRRA_BINARY) return process.env.MIRRA_BINARY;
  const { name, version } = require('./package.json');
  const own = `${name}-${process.platform}-${process.arch}`;
  const file = process.platform === 'win32' ? 'mirra.exe' : 'mirra';
  try {
    return require.resolve(`${own}/bin/${file}`);
  } catch {
    const known = Object.keys(require('./package.json').optionalDependencies);
    throw new Error(
      known.includes(own)
        ? `${own} is not installed, which has the program for this system: npm install ${own}@${version}, ` +
          'without --omit=optional; or set MIRRA_BINARY to where mirra is'
        : `there is no mirra for ${process.platform}-${process.arch}, only for ${known.map((k) => k.slice(name.length + 1)).join(', ')}; ` +
          'build it with Go, and set MIRRA_BINARY to where it is',
    );
  }
};

// The shop as a program of its own, one for each worker: it finds its session in the
// environment.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { test as base } from '@mirrahq/playwright';

export { expect } from '@mirrahq/playwright';

export const test = base.extend({
  shop: [
    async ({ mirra: _ }, use) => {
      const program = spawn(process.execPath, ['shop.js'], { stdio: ['ignore', 'pipe', 'inherit'] });
      const [url] = await once(createInterface(program.stdout), 'line');
      await use(url);
      program.kill();
    },
    { scope: 'worker' },
  ],
});

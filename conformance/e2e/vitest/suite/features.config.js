import { withMirra } from '@mirrahq/vitest';
import { defineConfig } from 'vitest/config';

const mirrors = ['stripe', 'resend'];
const project = (name, test, options) => withMirra({ test: { name, ...test } }, { mirrors, ...options });

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      project('workers', { include: ['features/{left,right}.test.js'] }, { quiet: true }),
      // One worker has all files, without anything in between.
      project('files', { include: ['{a,b}.test.js'], isolate: false, fileParallelism: false, sequence: { groupOrder: 1 } }, { isolate: 'file' }),
      project('tests', { include: ['features/reset.test.js'] }, { resetBetweenTests: true, seeds: { stripe: { customers: [{ id: 'cus_seeded' }] } } }),
      async () => project('helpers', { include: ['features/helpers.test.js'] }),
      project('environment', { include: ['features/environment.test.js'] }, { proxyMode: 'env-var' }),
    ],
  },
});

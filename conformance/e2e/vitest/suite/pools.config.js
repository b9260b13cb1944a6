import { withMirra } from '@mirrahq/vitest';
import { defineConfig } from 'vitest/config';

const projects = ['forks', 'threads', 'vmThreads', 'vmForks'].flatMap((pool) =>
  [true, false].map((isolate) => ({ test: { name: `${pool}${isolate ? '' : ' without isolation'}`, pool, isolate, include: ['{a,billing}.test.js'] } })),
);

export default withMirra(defineConfig({ test: { maxWorkers: 2, projects } }), { mirrors: ['stripe', 'resend'], resetBetweenFiles: true });

import { withMirra } from '@mirrahq/vitest';
import { defineConfig } from 'vitest/config';

export default withMirra(Promise.resolve(defineConfig({ test: { include: ['a.test.js'], pool: 'threads', isolate: false } })), { mirrors: ['stripe', 'resend'] });

import { withMirra } from '@mirrahq/vitest';
import { defineConfig } from 'vitest/config';

export default withMirra(async () => defineConfig({ test: { include: ['billing.test.js'] } }), { mirrors: ['stripe', 'resend'], quiet: true });

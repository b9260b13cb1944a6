import { defineConfig } from 'vitest/config';

export default defineConfig({ test: { include: ['billing.test.js'] } });

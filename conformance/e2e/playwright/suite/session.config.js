import { defineConfig } from '@playwright/test';
import { common } from './common.js';

// The shop is Playwright's to start; it is in the session that the command is run in.
export default defineConfig(common, {
  testMatch: 'session.spec.js',
  webServer: { command: 'node shop.js', wait: { stdout: /(?<SHOP>http:.*)/ }, stdout: 'pipe' },
});

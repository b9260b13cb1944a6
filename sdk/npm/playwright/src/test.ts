import { MirraError, startMirra } from '@mirrahq/node';
import { test as base } from '@playwright/test';
import { proxyOf, trusting } from './browser.js';
import type { MirraFixtures } from './options.js';

/**
 * Playwright's test, whose worker has a session: mirra. Its pages, its request, and
 * the code of tests reach the session under the vendors' host names.
 */
export const test = base.extend<{ mirraReset: void }, MirraFixtures>({
  mirraOptions: [{}, { scope: 'worker', option: true }],

  mirra: [
    async ({ mirraOptions }, use) => {
      const { resetBetweenTests: _, sessionId, noEgress = true, ...start } = mirraOptions;
      // The environment's, else null: not the one that another use() left there.
      const session = await startMirra({ ...start, noEgress, sessionId: process.env.MIRRA_SESSION || sessionId || null });
      try {
        await use(session.use({ noEgress }));
      } finally {
        await session.end();
      }
    },
    { scope: 'worker', auto: true },
  ],

  mirraReset: [
    async ({ mirra, mirraOptions }, use) => {
      if (mirraOptions.resetBetweenTests) await mirra.reset();
      await use();
    },
    { auto: true, box: true },
  ],

  launchOptions: [
    async ({ launchOptions, browserName, mirra }, use) => {
      if (browserName !== 'chromium') return use(launchOptions); // they know no such argument
      await use({ ...launchOptions, args: [...(launchOptions.args ?? []), await trusting(mirra)] });
    },
    { scope: 'worker' },
  ],

  proxy: async ({ proxy, mirra }, use) => {
    if (proxy) throw new MirraError('mirra.playwright.proxy', `the configuration has a proxy, ${proxy.server}, and pages can have one only: the session's`, 'take it out; hosts that no mirror claims are reached directly with mirraOptions: { noEgress: false }');
    await use(proxyOf(mirra));
  },
});

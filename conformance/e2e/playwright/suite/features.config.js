import { defineConfig } from '@playwright/test';
import { common } from './common.js';

const mirrors = ['stripe'];

export default defineConfig(common, {
  workers: 2,
  projects: [
    { name: 'workers', testMatch: 'features/{left,right}.spec.js', use: { mirraOptions: { mirrors } } },
    { name: 'tests', testMatch: 'features/reset.spec.js', use: { mirraOptions: { mirrors, resetBetweenTests: true, seeds: { stripe: { customers: [{ id: 'cus_seeded' }] } } } } },
    { name: 'browser', testMatch: 'features/browser.spec.js', use: { mirraOptions: { mirrors }, launchOptions: { ...common.use.launchOptions, args: ['--user-agent=Shopper'] } } },
  ],
});

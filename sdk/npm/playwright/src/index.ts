export { expect } from '@playwright/test';
export type { MirraFixtures, MirraOptions } from './options.js';
export { test } from './test.js';

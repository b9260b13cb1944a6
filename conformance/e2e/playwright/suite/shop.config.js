import { defineConfig } from '@playwright/test';
import { common } from './common.js';

export default defineConfig(common, { testMatch: 'shop.spec.js', workers: 1, use: { mirraOptions: { mirrors: ['stripe'] } } });

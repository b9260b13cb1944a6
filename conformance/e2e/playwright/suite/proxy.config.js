import { defineConfig } from '@playwright/test';
import { common } from './common.js';

export default defineConfig(common, { testMatch: 'shop.spec.js', maxFailures: 1, use: { mirraOptions: { mirrors: ['stripe'] }, proxy: { server: 'http://proxy.example:3128' } } });

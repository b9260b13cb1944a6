export { currentSession } from '@mirrahq/node';
export type { Webhook, WebhookQuery } from '@mirrahq/node';
export { withMirra } from './config.js';
export { resetMirraMirrors, waitForWebhook } from './helpers.js';
export type { MirraOptions } from './options.js';

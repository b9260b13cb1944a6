import { currentSession, type Webhook, type WebhookQuery } from '@mirrahq/node';

/** Seeds mirrors of the worker's session anew, all unless some are named. */
export async function resetMirraMirrors({ mirrors = [] }: { mirrors?: string[] } = {}): Promise<void> {
  await currentSession().reset(...mirrors);
}

/** Waits for a webhook of the worker's session to be answered; one that was before counts, since the last reset. */
export function waitForWebhook(query: WebhookQuery = {}): Promise<Webhook> {
  return currentSession().waitForWebhook(query);
}

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hooks, resend, signUp, stripe } from './shop.js';

test('a sign-up makes a customer and an email', async () => {
  const { customer, email } = await signUp('delivered@resend.dev');
  expect((await stripe.customers.retrieve(customer.id)).email).toBe('delivered@resend.dev');
  expect((await resend.emails.get(email.id)).data.to).toEqual(['delivered@resend.dev']);
});

test('what fails is the vendor’s error', async () => {
  await expect(stripe.customers.retrieve('cus_none')).rejects.toMatchObject({ type: 'StripeInvalidRequestError', code: 'resource_missing' });
});

describe('with an endpoint', () => {
  let app, endpoint;
  beforeAll(async () => {
    app = await hooks(() => endpoint.secret);
    endpoint = await stripe.webhookEndpoints.create({ url: app.url, enabled_events: ['payment_intent.succeeded'] });
  });
  afterAll(async () => {
    await stripe.webhookEndpoints.del(endpoint.id);
    await app.close();
  });

  test('a payment is told, and signed', async () => {
    const { id } = await stripe.paymentIntents.create({ amount: 1200, currency: 'usd', payment_method: 'pm_card_visa', payment_method_types: ['card'], confirm: true });
    await expect.poll(() => app.events.map((e) => e.data.object.id), { timeout: 5000 }).toEqual([id]);
  });
});

import { Resend } from 'resend';
import Stripe from 'stripe';
import { expect, test } from 'vitest';

test('the environment has the URLs, and no proxy', async () => {
  const { protocol, hostname: host, port } = new URL(process.env.MIRRA_STRIPE_URL);
  const stripe = new Stripe('sk_test_123456789', { protocol: protocol.replace(':', ''), host, port });
  const { id } = await stripe.customers.create({});
  expect((await stripe.customers.retrieve(id)).id).toBe(id);
  const { data } = await new Resend('re_123456789').emails.send({ from: 'onboarding@resend.dev', to: 'delivered@resend.dev', subject: 'Hi', text: 'Hi' }); // reads RESEND_BASE_URL
  expect(data.id).toBeTruthy();
  expect(process.env.HTTPS_PROXY).toBeUndefined();
});

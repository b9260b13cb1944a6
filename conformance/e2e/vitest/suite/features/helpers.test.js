import { currentSession, resetMirraMirrors, waitForWebhook } from '@mirrahq/vitest';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { hooks, resend, signUp, stripe } from '../shop.js';

let app;
beforeAll(async () => {
  app = await hooks(() => process.env.STRIPE_WEBHOOK_SECRET);
});
afterAll(() => app.close());

test('a webhook is waited for, whether it was or comes', async () => {
  await currentSession().forwardWebhooks('stripe', app.url);
  const comes = waitForWebhook({ mirror: 'stripe', type: 'customer.*', match: { data: { object: { email: 'delivered@resend.dev' } } } });
  const { customer } = await signUp('delivered@resend.dev');
  const was = await waitForWebhook({ type: 'customer.created' });
  expect(await comes).toEqual(was);
  expect(was).toMatchObject({ mirror: 'stripe', type: 'customer.created', status: 200, url: app.url, payload: { data: { object: { id: customer.id } } } });
  expect(app.events.map((e) => e.data.object.id)).toContain(customer.id);
  expect(stripe.webhooks.constructEvent(was.body, was.headers['stripe-signature'], process.env.STRIPE_WEBHOOK_SECRET).id).toBe(was.payload.id);
});

test('what is waited for in vain is answered with what there was', async () => {
  await expect(waitForWebhook({ type: 'invoice.paid', timeoutMs: 1 })).rejects.toThrow(/no webhook invoice.paid within 1 ms/);
  await expect(waitForWebhook({ type: 'invoice.paid', timeoutMs: 300 })).rejects.toThrow(/stripe customer.created to .*: 200/);
});

test('fake timers and mocks of fetch are the application’s alone', async () => {
  vi.useFakeTimers();
  vi.stubGlobal('fetch', () => Promise.reject(new Error('mocked')));
  try {
    await expect(waitForWebhook({ type: 'customer.created' })).resolves.toMatchObject({ status: 200 });
    await expect(waitForWebhook({ type: 'invoice.paid', timeoutMs: 50 })).rejects.toThrow(/invoice.paid/);
  } finally {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  }
});

test('expectations name what happened, or what did instead', async () => {
  const mirror = currentSession().mirror('resend');
  expect(await mirror.expect.email.sent({ to: 'delivered@resend.dev', subject: /Welcome/ })).toHaveLength(1);
  expect(await mirror.expect.mails.sent({ to: 'nobody@resend.dev' }, { times: 0 })).toEqual([]);
  await expect(mirror.expect.email.sent({ to: 'nobody@resend.dev' }, { timeoutMs: 50 })).rejects.toThrow(/expected an email sent with {"to":"nobody@resend.dev"}, found 0; sent were:[^]*delivered@resend.dev/);
  await expect(mirror.expect.email.painted()).rejects.toThrow(/no event email.painted[^]*delivery_delayed/);
  await expect(mirror.expect.parcel.sent()).rejects.toThrow(/resend has no parcel[^]*email/);
  await stripe.paymentIntents.create({ amount: 500, currency: 'usd', payment_method: 'pm_card_visa', payment_method_types: ['card'], confirm: true });
  await currentSession().mirror('stripe').expect.paymentIntent.succeeded({ amount: 500 }, { times: 1 });
  await expect(currentSession().mirror('stripe').expect.charge.refunded({}, { timeoutMs: 0 })).rejects.toThrow(/none was refunded; there are:[^]*succeeded/);
});

test('a mirror is reset alone', async () => {
  await resetMirraMirrors({ mirrors: ['stripe'] });
  expect((await stripe.customers.list()).data).toEqual([]);
  expect((await resend.emails.list()).data.data).toHaveLength(1);
  await expect(waitForWebhook({ type: 'customer.created', timeoutMs: 50 })).rejects.toThrow(/no webhook/);
  await resetMirraMirrors();
  expect((await resend.emails.list()).data.data).toEqual([]);
});

test('the session’s clock and faults are steered', async () => {
  const session = currentSession();
  await session.clock.freeze();
  const before = await session.clock.now();
  await session.clock.advance('31d');
  expect((await session.clock.now()) - before).toBe(31 * 24 * 3600 * 1000);
  await session.fault({ mirror: 'resend', method: 'POST', error: 'rate-limit', count: 1 });
  expect((await resend.emails.send({ from: 'onboarding@resend.dev', to: 'delivered@resend.dev', subject: 'Hi', text: 'Hi' })).error.statusCode).toBe(429);
  await session.clearFaults();
  await session.snapshot('before');
  await signUp('delivered@resend.dev');
  await session.restore('before');
  expect((await stripe.customers.list()).data).toEqual([]);
});

test('nothing else leaves the machine', async () => {
  await expect(fetch('https://example.com/')).rejects.toMatchObject({ cause: { message: expect.stringContaining('example.com:443 belongs to no mirror') } });
  await expect(fetch('https://dashboard.stripe.com/').then((r) => r.status)).resolves.toBe(502);
});

// Drives a mirror with stripe-node, as an application does: only host, port and
// protocol are set.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Application, end, mirra, start } from './application.mjs';

const sdk = process.env.STRIPE_SDK;
const { default: Stripe } = await import(sdk);
const current = sdk === 'stripe-current';
const secret = 'whsec_e2e0000000000000000000000000000'; // in the project's .env.local

// The application's webhook route.
const app = new Application();

async function webhook(type, id) {
  const { body, headers } = await app.find((h) => {
    const event = JSON.parse(h.body);
    return event.type === type && event.data.object.id === id;
  });
  return { body, signature: headers['stripe-signature'] };
}

let stripe;
before(async () => {
  const session = await start('--mirrors', current ? 'stripe' : 'stripe@2024-06', '--new', '--forward', `stripe=${await app.listen()}/hook`);
  const url = new URL(session.mirrors[0].url);
  stripe = new Stripe('sk_test_e2e123456789', { host: url.hostname, port: url.port, protocol: 'http', maxNetworkRetries: 2, telemetry: false });
});

after(async () => {
  await end();
  app.close();
});

test('a payment, its charge and a refund', async () => {
  const customer = await stripe.customers.create({ email: 'jenny@example.com', name: 'Jenny', metadata: { order: '6735' } });
  assert.match(customer.id, /^cus_[A-Za-z0-9]{14}$/);
  const method = await stripe.paymentMethods.attach('pm_card_visa', { customer: customer.id });
  const intent = await stripe.paymentIntents.create({
    amount: 2000, currency: 'usd', customer: customer.id, payment_method: method.id, confirm: true,
    automatic_payment_methods: { enabled: true, allow_redirects: 'never' }, expand: ['latest_charge'],
  });
  assert.equal(intent.status, 'succeeded');
  assert.equal(intent.latest_charge.payment_method_details.card.last4, '4242');
  const refund = await stripe.refunds.create({ payment_intent: intent.id });
  assert.equal(refund.amount, 2000);
  await assert.rejects(stripe.refunds.create({ payment_intent: intent.id }), { code: 'charge_already_refunded', statusCode: 400 });
});

test('manual confirmation and capture', async () => {
  const intent = await stripe.paymentIntents.create({ amount: 5000, currency: 'usd', capture_method: 'manual', payment_method_types: ['card'] });
  assert.equal(intent.status, 'requires_payment_method');
  const held = await stripe.paymentIntents.confirm(intent.id, { payment_method: 'pm_card_mastercard' });
  assert.equal(held.status, 'requires_capture');
  assert.equal(held.amount_capturable, 5000);
  const captured = await stripe.paymentIntents.capture(intent.id, { amount_to_capture: 4000 });
  assert.equal(captured.status, 'succeeded');
  assert.equal(captured.amount_received, 4000);
  await assert.rejects(stripe.paymentIntents.cancel(intent.id), { code: 'payment_intent_unexpected_state' });
});

test('a decline carries what the application shows', async () => {
  await assert.rejects(
    stripe.paymentIntents.create({ amount: 1000, currency: 'usd', payment_method: 'pm_card_visa_chargeDeclined', confirm: true, payment_method_types: ['card'] }),
    (e) => e.type === 'StripeCardError' && e.statusCode === 402 && e.code === 'card_declined' && e.decline_code === 'generic_decline' &&
      e.message === 'Your card was declined.' && e.payment_intent.status === 'requires_payment_method');
});

test('an idempotent retry is the same customer', async () => {
  const first = await stripe.customers.create({ email: 'a@example.com' }, { idempotencyKey: 'order-1' });
  const again = await stripe.customers.create({ email: 'a@example.com' }, { idempotencyKey: 'order-1' });
  assert.equal(again.id, first.id);
  assert.equal(again.lastResponse.headers['idempotent-replayed'], 'true');
  await assert.rejects(stripe.customers.create({ email: 'b@example.com' }, { idempotencyKey: 'order-1' }), { type: 'StripeIdempotencyError', statusCode: 400 });
});

test('auto-paging goes through all pages', async () => {
  const made = new Set();
  for (let i = 0; i < 23; i++) made.add((await stripe.customers.create({ email: 'page@example.com' })).id);
  const seen = [];
  for await (const customer of stripe.customers.list({ email: 'page@example.com', limit: 5 })) seen.push(customer.id);
  assert.equal(seen.length, 23);
  assert.deepEqual(new Set(seen), made);
});

test('webhooks pass the SDK\'s own verifier', async () => {
  const customer = await stripe.customers.create({ email: 'hook@example.com' });
  const { body, signature } = await webhook('customer.created', customer.id);
  const event = stripe.webhooks.constructEvent(body, signature, secret);
  assert.equal(event.data.object.email, 'hook@example.com');
  assert.throws(() => stripe.webhooks.constructEvent(body.replace('hook@', 'kook@'), signature, secret), { type: 'StripeSignatureVerificationError' });
  assert.throws(() => stripe.webhooks.constructEvent(body, signature, 'whsec_wrong'), { type: 'StripeSignatureVerificationError' });
});

test('the version asked for is told apart from the one answered', async () => {
  const { lastResponse } = await stripe.balance.retrieve();
  // The current SDK asks for a version that is newer than the newest line's.
  assert.equal(lastResponse.headers['stripe-version'], current ? '2026-08-26.dahlia' : '2024-06-20');
  const logs = await mirra('logs');
  assert.equal(logs.includes('asked for'), current, logs);
});

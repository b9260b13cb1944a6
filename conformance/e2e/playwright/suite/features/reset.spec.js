import { expect, test } from '@mirrahq/playwright';
import Stripe from 'stripe';

const stripe = new Stripe('sk_test_123456789');

for (const i of [1, 2, 3]) {
  test(`test ${i} finds what is seeded`, async () => {
    expect((await stripe.customers.list()).data.map((c) => c.id)).toEqual(['cus_seeded']);
    await stripe.customers.create({});
  });
}

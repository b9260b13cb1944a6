import { expect, test } from 'vitest';
import { stripe } from '../shop.js';

test.for([1, 2, 3])('test %i finds what is seeded', async () => {
  expect((await stripe.customers.list()).data.map((c) => c.id)).toEqual(['cus_seeded']);
  await stripe.customers.create({});
});

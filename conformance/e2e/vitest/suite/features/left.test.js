import { expect, test } from 'vitest';
import { signUp, stripe } from '../shop.js';

// Answers once the other worker asks as well.
const meet = async () => expect((await fetch(process.env.MEET)).status).toBe(200);

test('another worker’s customers are not here', async () => {
  await meet();
  for (let i = 0; i <= 3; i++) {
    expect((await stripe.customers.list()).data.map((c) => c.email)).toEqual(Array(i).fill('delivered+left@resend.dev'));
    await signUp('delivered+left@resend.dev');
    await meet();
  }
});

import { expect, test } from '@mirrahq/playwright';

// The same for two workers, that one's customers are not the other's.
export const meetings = (side) => {
  test.use({ bypassCSP: true }); // what the API answers has one that lets no script ask
  test('another worker’s customers are not here', async ({ page }) => {
    // Answers once the other worker asks as well.
    const meet = async () => expect((await fetch(process.env.MEET)).status).toBe(200);
    await page.setExtraHTTPHeaders({ authorization: 'Bearer sk_test_123456789' });
    await page.goto('https://api.stripe.com/v1/customers'); // whose own pages ask it without a preflight
    const ask = (body) => page.evaluate(async (body) => (await fetch('/v1/customers', body && { method: 'POST', body: new URLSearchParams(body) })).json(), body);
    await meet();
    for (let i = 0; i <= 3; i++) {
      expect((await ask()).data.map((c) => c.email)).toEqual(Array(i).fill(`${side}@example.com`));
      await ask({ email: `${side}@example.com` });
      await meet();
    }
  });
};

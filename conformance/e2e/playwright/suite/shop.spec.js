import { expect, test } from './fixtures.js';

test('a card that asks for 3D Secure pays', async ({ page, shop, mirra }) => {
  await page.goto(shop);
  await page.getByRole('button', { name: 'Pay' }).click();
  await expect(page).toHaveURL(/^https:\/\/hooks\.stripe\.com\/redirect\/authenticate\//);
  await page.getByRole('button', { name: 'Complete' }).click();
  await expect(page.getByRole('heading')).toHaveText('Thank you');
  expect(page.url()).toContain(`${shop}/back?`);
  const [intent] = await mirra.mirror('stripe').expect.paymentIntent.succeeded({ amount: 2000 });
  expect(page.url()).toContain(intent.id);
});

test('a card whose holder fails does not', async ({ page, shop }) => {
  await page.goto(shop);
  await page.getByRole('button', { name: 'Pay' }).click();
  await page.getByRole('button', { name: 'Fail' }).click();
  await expect(page.getByRole('heading')).toContainText('We are unable to authenticate your payment method');
});

test('a page reads what the vendor answers another origin', async ({ page, shop, mirra }) => {
  await page.goto(shop);
  await page.locator('#ask').click();
  await expect(page.locator('output')).toContainText('401 You did not provide an API key.');
  expect((await mirra.trace({ method: 'GET', path: '/v1/charges' })).map((e) => e.status)).toEqual([401]);
});

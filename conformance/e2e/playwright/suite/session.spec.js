import { expect, test } from '@mirrahq/playwright';

test('the shop of Playwright’s is in the session', async ({ page, mirra }) => {
  expect(mirra.id).toBe(process.env.MIRRA_SESSION);
  await page.goto(process.env.SHOP);
  await page.getByRole('button', { name: 'Pay' }).click();
  await page.getByRole('button', { name: 'Complete' }).click();
  await expect(page.getByRole('heading')).toHaveText('Thank you');
});

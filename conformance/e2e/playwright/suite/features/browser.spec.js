import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import { expect, test } from '../fixtures.js';

const statuses = async (mirra, path) => (await mirra.trace({ path })).map((e) => e.status);

test('all that a page asks with reaches the session', async ({ page, shop, mirra }) => {
  await page.goto(shop);
  expect(await page.evaluate(() => navigator.userAgent)).toBe('Shopper'); // an argument of the project's
  expect(await page.evaluate(async () => (await fetch('https://api.stripe.com/v1/events')).status)).toBe(401);
  const xhr = () =>
    new Promise((resolve) => {
      const request = new XMLHttpRequest();
      request.open('GET', 'https://api.stripe.com/v1/refunds');
      request.onloadend = () => resolve(request.status);
      request.send();
    });
  expect(await page.evaluate(xhr)).toBe(401);
  const worker = () =>
    new Promise((resolve) => {
      const code = "fetch('https://api.stripe.com/v1/disputes').then((answer) => postMessage(answer.status), (e) => postMessage(e.message))";
      new Worker(URL.createObjectURL(new Blob([code]))).onmessage = ({ data }) => resolve(data);
    });
  expect(await page.evaluate(worker)).toBe(401);
  const serviceWorker = async () => {
    await navigator.serviceWorker.register('/service.js');
    const { active } = await navigator.serviceWorker.ready;
    const { port1, port2 } = new MessageChannel();
    return new Promise((resolve) => {
      port1.onmessage = ({ data }) => resolve(data);
      active.postMessage('ask', [port2]);
    });
  };
  expect(await page.evaluate(serviceWorker)).toBe(401);
  for (const path of ['/v1/events', '/v1/refunds', '/v1/disputes', '/v1/balance']) expect(await statuses(mirra, path)).toEqual([401]);
});

test('a page of its own origin, and a frame, reach it', async ({ page, shop, mirra }) => {
  const answer = await page.goto('https://api.stripe.com/v1/payouts');
  expect(answer.status()).toBe(401);
  await page.goto(shop);
  await page.evaluate(() => document.body.append(Object.assign(document.createElement('iframe'), { src: 'https://hooks.stripe.com/redirect/authenticate/src_none' })));
  await expect(page.frameLocator('iframe').locator('body')).toContainText('nothing to authenticate');
  expect(await statuses(mirra, '/v1/payouts')).toEqual([401]);
});

test('requests of Playwright, and contexts that a test makes, reach it', async ({ request, context, browser, mirra }) => {
  const headers = { authorization: 'Bearer sk_test_123456789' };
  for (const [i, from] of [request, context.request].entries()) {
    const { id } = await (await from.post('https://api.stripe.com/v1/products', { headers, form: { name: `product ${i}` } })).json();
    expect((await mirra.mirror('stripe').state('products')).map((p) => p.id)).toContain(id);
  }
  const own = await browser.newContext();
  const page = await own.newPage();
  expect((await page.goto('https://api.stripe.com/v1/topups')).status()).toBe(401);
  await own.close();
});

test('what the mirror does not serve is refused', async ({ page, shop, mirra }) => {
  const answer = await page.goto('https://checkout.stripe.com/c/pay/cs_test_1');
  expect(answer.status()).toBe(502);
  expect((await answer.json()).error.message).toContain('checkout.stripe.com is not mirrored, and never called for real');

  await page.goto(shop);
  const script = () =>
    new Promise((resolve) => {
      const script = Object.assign(document.createElement('script'), { src: 'https://js.stripe.com/v3/' });
      script.onload = () => resolve('loaded');
      script.onerror = () => resolve('refused');
      document.head.append(script);
    });
  expect(await page.evaluate(script)).toBe('refused');
  const socket = (url) =>
    new Promise((resolve) => {
      const socket = new WebSocket(url);
      socket.onopen = () => resolve('open');
      socket.onerror = () => resolve('refused');
    });
  expect(await page.evaluate(socket, 'wss://live.stripe.com/')).toBe('refused');
  expect(await page.evaluate(socket, 'wss://example.com/')).toBe('refused');
  await expect(page.goto('https://example.com/')).rejects.toThrow('net::ERR_TUNNEL_CONNECTION_FAILED');

  const { tried } = await mirra.summary();
  expect(tried.map((t) => t.host).sort()).toEqual(expect.arrayContaining(['checkout.stripe.com', 'example.com:443', 'js.stripe.com', 'live.stripe.com']));
  for (const { count, refused } of tried) expect(refused).toBe(count);
});

test('no other certificate is good for it, and the mirror’s is in no store', async ({ page, playwright, proxy, mirra }) => {
  // One that shows the session's authority beside its own certificate, too.
  const authority = await readFile(mirra.env.MIRRA_CA_FILE, 'utf8');
  for (const cert of [process.env.STRANGER, process.env.STRANGER + authority]) {
    const stranger = createServer({ key: process.env.STRANGER, cert }, (_, response) => response.end()).listen(0, '127.0.0.1');
    await once(stranger, 'listening');
    await expect(page.goto(`https://127.0.0.1:${stranger.address().port}`)).rejects.toThrow('net::ERR_CERT_AUTHORITY_INVALID');
    stranger.close();
  }
  const other = await playwright.chromium.launch({ executablePath: process.env.CHROMIUM, args: [] });
  const context = await other.newContext({ proxy });
  const there = await context.newPage();
  await expect(there.goto('https://api.stripe.com/')).rejects.toThrow('net::ERR_CERT_AUTHORITY_INVALID');
  await other.close();
});

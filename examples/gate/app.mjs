// Sells one thing, and writes to who bought it.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';

const orders = {};
const stripe = (path, form, key) => fetch('https://api.stripe.com' + path, { method: 'POST', body: new URLSearchParams(form), headers: { authorization: 'Bearer sk_test_1234567890abcdef', 'idempotency-key': key } }).then((r) => r.json());

// genuine tells whether Stripe signed a webhook, not long ago.
function genuine(header = '', body) {
  const { t, v1 = '' } = Object.fromEntries(header.split(',').map((part) => part.split('=')));
  const want = createHmac('sha256', process.env.STRIPE_WEBHOOK_SECRET).update(`${t}.${body}`).digest('hex');
  return v1.length === want.length && timingSafeEqual(Buffer.from(v1), Buffer.from(want)) && Math.abs(Date.now() / 1000 - t) < 300;
}

createServer(async (req, res) => {
  let body = '';
  for await (const part of req) body += part;
  if (req.url === '/orders' && req.method === 'POST') {
    const { id } = await stripe('/v1/payment_intents', { amount: 2000, currency: 'usd', confirm: true, payment_method: 'pm_card_visa', 'automatic_payment_methods[enabled]': true, 'automatic_payment_methods[allow_redirects]': 'never' }, body);
    orders[id] ??= 'waiting';
    res.writeHead(201).end(id);
  } else if (req.url === '/webhooks' && req.method === 'POST') {
    if (!genuine(req.headers['stripe-signature'], body)) return res.writeHead(400).end();
    const { type, data } = JSON.parse(body);
    if (type === 'payment_intent.succeeded') orders[data.object.id] = 'paid';
    res.writeHead(204).end();
  } else if (req.url === '/orders') {
    res.end(JSON.stringify({ orders: Object.values(orders) }));
  } else {
    res.writeHead(404).end();
  }
}).listen(process.env.PORT, '127.0.0.1');

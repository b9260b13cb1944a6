// Donations. While a webhook secret is rolled, STRIPE_WEBHOOK_SECRET has the new and the
// old one with a comma between them.
import http from 'node:http';
import Stripe from 'stripe';

const stripe = new Stripe(process.env.STRIPE_SECRET_KEY ?? 'sk_test_123456789');
const secrets = (process.env.STRIPE_WEBHOOK_SECRET ?? '').split(',').filter(Boolean);
const port = process.env.PORT ?? 3000;
let cents = 0;

function verified(body, signature) {
  let refusal = new Error('no secret is set');
  for (const secret of secrets) {
    try {
      return stripe.webhooks.constructEvent(body, signature, secret);
    } catch (error) {
      refusal = error;
    }
  }
  throw refusal;
}

http.createServer(async (req, res) => {
  const { pathname } = new URL(req.url, 'http://localhost');
  if (req.method === 'POST' && pathname === '/api/stripe/webhook') {
    try {
      const event = verified(Buffer.concat(await req.toArray()), req.headers['stripe-signature']);
      if (event.type === 'payment_intent.succeeded') cents += event.data.object.amount_received;
      res.writeHead(204).end();
    } catch (error) {
      res.writeHead(400).end(error.message);
    }
  } else if (req.method === 'GET' && pathname === '/total') {
    res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ cents }));
  } else {
    res.writeHead(404).end('not found');
  }
}).listen(port, '127.0.0.1', () => console.log(`listening on ${port}`));

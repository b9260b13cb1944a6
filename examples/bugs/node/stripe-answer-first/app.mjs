// Ships what is paid. Stripe gets its answer at once, as the warehouse is slow.
import http from 'node:http';
import Stripe from 'stripe';

const stripe = new Stripe(process.env.STRIPE_SECRET_KEY ?? 'sk_test_123456789');
const port = process.env.PORT ?? 3000;
const shipped = [];

function ship(body) {
  const event = JSON.parse(body);
  if (event.type === 'payment_intent.succeeded') shipped.push(event.data.object.id);
}

http.createServer(async (req, res) => {
  if (req.method === 'GET' && req.url === '/shipped') {
    return res.setHeader('content-type', 'application/json').end(JSON.stringify(shipped));
  }
  if (req.method !== 'POST' || req.url !== '/hooks') return res.writeHead(404).end();
  const body = (await req.toArray()).join('');
  res.end('ok');
  try {
    ship(body);
    stripe.webhooks.constructEvent(body, req.headers['stripe-signature'], process.env.STRIPE_WEBHOOK_SECRET);
  } catch (error) {
    console.error('webhook:', error.message);
  }
}).listen(port, '127.0.0.1', () => console.log(`listening on ${port}`));

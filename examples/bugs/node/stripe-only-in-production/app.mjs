// Keeps the list of paid orders of a shop.
import express from 'express';
import Stripe from 'stripe';

const stripe = new Stripe(process.env.STRIPE_SECRET_KEY ?? 'sk_test_123456789');
const port = process.env.PORT ?? 3000;
const orders = new Map();

function eventOf(req) {
  if (process.env.NODE_ENV === 'production') {
    return stripe.webhooks.constructEvent(req.body, req.headers['stripe-signature'], process.env.STRIPE_WEBHOOK_SECRET);
  }
  return JSON.parse(req.body);
}

const app = express();

app.post('/webhooks/stripe', express.raw({ type: '*/*' }), (req, res) => {
  try {
    const { type, data } = eventOf(req);
    if (type.startsWith('payment_intent.')) orders.set(data.object.id, data.object.status);
  } catch (error) {
    return res.status(400).send(error.message);
  }
  res.sendStatus(204);
});

app.get('/orders', (req, res) => res.json(Object.fromEntries(orders)));

app.listen(port, '127.0.0.1', () => console.log(`listening on ${port}`));

// Sells tickets; a ticket is valid once it is paid.
import express from 'express';
import Stripe from 'stripe';

const stripe = new Stripe(process.env.STRIPE_SECRET_KEY ?? 'sk_test_123456789');
const port = process.env.PORT ?? 3000;
const tickets = new Map();

const app = express();

// Ahead of express.json, which would take the body apart.
app.post('/webhook', express.raw({ type: 'application/json' }), (req, res) => {
  let event;
  try {
    event = stripe.webhooks.constructEvent(req.body, req.headers['stripe-signature'], process.env.STRIPE_WEBHOOK_SECRET);
  } catch (error) {
    return res.status(400).send(`Webhook Error: ${error.message}`);
  }
  switch (event.type) {
    case 'payment_intent.succeeded':
      tickets.set(event.data.object.id, 'valid');
      break;
    case 'charge.refunded':
      tickets.set(event.data.object.payment_intent, 'void');
  }
  res.json({ received: true });
});

app.use(express.json());

app.post('/tickets', async (req, res) => {
  const intent = await stripe.paymentIntents.create({ amount: 3500, currency: 'usd' });
  tickets.set(intent.id, 'reserved');
  res.status(201).json({ ticket: intent.id, secret: intent.client_secret });
});

app.get('/tickets', (req, res) => res.json(Object.fromEntries(tickets)));

app.listen(port, '127.0.0.1', () => console.log(`tickets on port ${port}`));

// A shop: orders are paid when Stripe says so.
import express from 'express';
import Stripe from 'stripe';

const stripe = new Stripe(process.env.STRIPE_SECRET_KEY ?? 'sk_test_123456789');
const port = process.env.PORT ?? 3000;
const paid = new Set();

const app = express();
app.use(express.json());

app.post('/webhook', (req, res) => {
  let event;
  try {
    event = stripe.webhooks.constructEvent(JSON.stringify(req.body), req.headers['stripe-signature'], process.env.STRIPE_WEBHOOK_SECRET);
  } catch (error) {
    return res.status(400).send(`Webhook Error: ${error.message}`);
  }
  if (event.type === 'payment_intent.succeeded') paid.add(event.data.object.id);
  res.json({ received: true });
});

app.get('/paid', (req, res) => res.json([...paid]));

app.listen(port, '127.0.0.1', () => console.log(`shop on http://127.0.0.1:${port}`));

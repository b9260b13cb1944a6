// A course platform: who has paid may watch. The endpoint moved when accounts got an
// API of their own; the dashboard of the older account still names the first one.
import express from 'express';
import Stripe from 'stripe';

const stripe = new Stripe(process.env.STRIPE_SECRET_KEY ?? 'sk_test_123456789');
const port = process.env.PORT ?? 3000;
const enrolled = new Set();

function enrol(event) {
  if (event.type === 'payment_intent.succeeded') enrolled.add(event.data.object.customer ?? event.data.object.id);
}

const api = express.Router();
api.post('/webhook', express.raw({ type: 'application/json' }), (req, res) => {
  try {
    enrol(stripe.webhooks.constructEvent(req.body, req.get('stripe-signature'), process.env.STRIPE_WEBHOOK_SECRET));
  } catch (error) {
    return res.status(400).json({ error: error.message });
  }
  res.json({ received: true });
});

const hooks = express.Router();
hooks.post('/stripe', express.json(), (req, res) => {
  enrol(req.body);
  res.json({ received: true });
});

const app = express();
app.use('/api/stripe', api);
app.use('/hooks', hooks);
app.get('/enrolled', (req, res) => res.json([...enrolled]));

app.listen(port, '127.0.0.1', () => console.log(`listening on ${port}`));

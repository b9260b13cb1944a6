// A bank of recipes. Users are written to as long as their mailbox takes it.
import express from 'express';
import { Resend } from 'resend';

const resend = new Resend(process.env.RESEND_API_KEY ?? 're_123456789');
const port = process.env.PORT ?? 3000;
const users = new Map(); // by address in lower case

const hooks = express.Router();
hooks.post('/resend', express.text({ type: 'application/json' }), (req, res) => {
  let event;
  try {
    event = resend.webhooks.verify({
      payload: req.body,
      headers: { id: req.get('svix-id'), timestamp: req.get('svix-timestamp'), signature: req.get('svix-signature') },
      webhookSecret: process.env.RESEND_WEBHOOK_SECRET,
    });
  } catch (error) {
    return res.status(400).json({ error: error.message });
  }
  if (event.type === 'email.bounced' || event.type === 'email.complained') {
    for (const address of event.data.to) {
      const user = users.get(address.toLowerCase());
      if (user) user.status = 'suppressed';
    }
  }
  res.json({ received: true });
});

const app = express();
app.use('/webhooks', hooks);
app.use(express.json(), express.urlencoded());

app.post('/users', async (req, res) => {
  const key = req.body.email.toLowerCase();
  const user = users.get(key) ?? { email: req.body.email, status: 'active' };
  if (user.status === 'suppressed') return res.status(409).json({ error: `${user.email} takes no mail` });
  const { error } = await resend.emails.send({ from: 'Recipes <recipes@mail.acme.com>', to: user.email, subject: 'Welcome', html: '<p>What shall we cook?</p>' });
  if (error) return res.status(502).json(error);
  users.set(key, user);
  res.status(201).json(user);
});

app.get('/users', (req, res) => res.json([...users.values()]));

app.listen(port, '127.0.0.1', () => console.log(`recipes on port ${port}`));

// Invites people to a beta.
import express from 'express';
import { Resend } from 'resend';

const resend = new Resend(process.env.RESEND_API_KEY ?? 're_123456789');
const port = process.env.PORT ?? 3000;
const users = {};

const app = express();

app.post('/webhook', express.text({ type: '*/*' }), (req, res) => {
  let event;
  try {
    event = resend.webhooks.verify({
      payload: req.body,
      headers: { id: req.get('svix-id'), timestamp: req.get('svix-timestamp'), signature: req.get('svix-signature') },
      webhookSecret: process.env.RESEND_WEBHOOK_SECRET,
    });
  } catch (error) {
    return res.status(401).send(error.message);
  }
  res.sendStatus(200);
  handle(event).catch((error) => console.error('webhook:', error.message));
});

async function handle({ type, data }) {
  if (type !== 'email.bounced') return;
  const user = users[data.to.email];
  user.status = 'bounced';
  user.reason = data.bounce.message;
}

app.use(express.json(), express.urlencoded());

app.post('/signup', async (req, res) => {
  const { email } = req.body;
  if (users[email]?.status === 'bounced') return res.status(409).send('we cannot reach you there');
  const { error } = await resend.emails.send({ from: 'Beta <onboarding@resend.dev>', to: email, subject: 'You are in', html: '<p>Have fun.</p>' });
  if (error) return res.status(502).send(error.message);
  users[email] = { email, status: 'active' };
  res.status(201).json(users[email]);
});

app.get('/users/:email', (req, res) => {
  const user = users[req.params.email];
  user ? res.json(user) : res.sendStatus(404);
});

app.get('/users', (req, res) => res.json(Object.values(users)));

app.listen(port, '127.0.0.1', () => console.log(`listening on ${port}`));

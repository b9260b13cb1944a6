// A newsletter about bees: who signs up is greeted.
import express from 'express';
import { Resend } from 'resend';

const resend = new Resend(process.env.RESEND_API_KEY ?? 're_123456789');
const port = process.env.PORT ?? 3000;
const users = new Map();
const delivered = new Set();

const app = express();

app.post('/webhooks/resend', express.json(), (req, res) => {
  switch (req.body.type) {
    case 'email.delivered':
      delivered.add(req.body.data.email_id);
      break;
    default:
  }
  res.sendStatus(200);
});

app.use(express.urlencoded(), express.json());

app.post('/signup', async (req, res) => {
  const { email } = req.body;
  const { data, error } = await resend.emails.send({ from: 'Bees <bees@mail.acme.com>', to: email, subject: 'Welcome', html: '<p>Buzz!</p>' });
  if (error) return res.status(502).json(error);
  users.set(email, { email, status: 'active', welcome: data.id });
  res.status(201).json(users.get(email));
});

app.get('/users', (req, res) => res.json([...users.values()]));

app.listen(port, '127.0.0.1', () => console.log(`listening on ${port}`));

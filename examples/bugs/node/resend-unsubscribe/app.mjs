// A mailing list whose members are Resend's contacts, which know who takes mail.
import express from 'express';
import { Resend } from 'resend';

const resend = new Resend(process.env.RESEND_API_KEY ?? 're_123456789');
const port = process.env.PORT ?? 3000;
const members = new Set();

const app = express();
app.use(express.urlencoded());
app.use(express.json());

function sure({ data, error }) {
  if (error) throw new Error(`Resend: ${error.message}`);
  return data;
}

app.post('/signup', async (req, res) => {
  const { email } = req.body;
  const known = members.has(email) && sure(await resend.contacts.get({ email }));
  if (known?.unsubscribed) return res.status(409).json({ email, unsubscribed: true });
  if (!known) sure(await resend.contacts.create({ email, unsubscribed: false }));
  members.add(email);
  sure(await resend.emails.send({ from: 'List <list@mail.acme.com>', to: email, subject: 'You are on the list', text: 'Welcome.' }));
  res.status(201).json({ email, unsubscribed: false });
});

app.post('/hooks', async (req, res) => {
  if (req.body.type === 'email.bounced') {
    for (const email of req.body.data.to) {
      if (members.has(email)) sure(await resend.contacts.update({ email, unsubscribed: true }));
    }
  }
  res.sendStatus(204);
});

app.get('/users', async (req, res) => {
  const contacts = await Promise.all([...members].map(async (email) => sure(await resend.contacts.get({ email }))));
  res.json(contacts.map(({ email, unsubscribed }) => ({ email, unsubscribed })));
});

app.listen(port, '127.0.0.1', () => console.log(`listening on ${port}`));

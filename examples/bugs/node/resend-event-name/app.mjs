// A forum. Members whose mailbox is gone get no mail.
import http from 'node:http';
import { Resend } from 'resend';

const resend = new Resend(process.env.RESEND_API_KEY ?? 're_123456789');
const port = process.env.PORT ?? 3000;
const users = new Map();

const routes = {
  async 'POST /users'(body, type) {
    const email = type?.includes('json') ? JSON.parse(body).email : new URLSearchParams(body).get('email');
    const user = users.get(email) ?? { email, status: 'active' };
    if (user.status === 'bounced') return [409, { error: 'this address takes no mail' }];
    const { error } = await resend.emails.send({ from: 'Forum <forum@mail.acme.com>', to: [email], subject: 'Welcome to the forum', text: 'Say hello!' });
    if (error) return [502, error];
    users.set(email, user);
    return [201, user];
  },
  async 'GET /users'() {
    return [200, [...users.values()]];
  },
  async 'POST /api/webhooks/resend'(body) {
    const event = JSON.parse(body);
    if (event.type === 'email.bounce' || event.type === 'email.complaint') {
      for (const email of event.data.to) {
        const user = users.get(email);
        if (user) user.status = 'bounced';
      }
    }
    return [200, { ok: true }];
  },
};

http.createServer(async (req, res) => {
  const route = routes[`${req.method} ${req.url}`];
  const [status, value] = route ? await route((await req.toArray()).join(''), req.headers['content-type']) : [404, { error: 'not found' }];
  res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}).listen(port, '127.0.0.1', () => console.log(`forum on port ${port}`));

// Sends codes for a login.
import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import twilio from 'twilio';

const { TWILIO_ACCOUNT_SID = 'AC0123456789abcdef0123456789abcdef', TWILIO_AUTH_TOKEN = 'secret', TWILIO_NUMBER = '+15555550123', PORT = 3000 } = process.env;
const client = twilio(TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, { autoRetry: true });

async function send(to, body) {
  for (let attempt = 0; ; attempt++) {
    try {
      return await client.messages.create({ from: TWILIO_NUMBER, to, body });
    } catch (error) {
      if (error.status !== 429 || attempt === 4) throw error;
      await sleep(1000 * 2 ** attempt);
    }
  }
}

http.createServer(async (req, res) => {
  if (req.method !== 'POST' || req.url !== '/api/notify') return res.writeHead(404).end();
  const form = new URLSearchParams((await req.toArray()).join(''));
  try {
    const message = await send(form.get('to'), form.get('body') ?? `Your code is ${Math.floor(Math.random() * 1e6)}.`);
    res.writeHead(202).end(message.sid);
  } catch (error) {
    res.writeHead(502).end(error.message);
  }
}).listen(PORT, '127.0.0.1', () => console.log(`listening on ${PORT}`));

// Warns sailors of wind, by Twilio's API itself.
import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

const { TWILIO_ACCOUNT_SID: sid = 'AC0123456789abcdef0123456789abcdef', TWILIO_AUTH_TOKEN: token = 'secret', TWILIO_NUMBER: From = '+15555550123', PORT = 3000 } = process.env;

async function warn(To, Body) {
  let pause = 1000;
  for (let left = 5; ; left--) {
    const response = await fetch(`https://api.twilio.com/2010-04-01/Accounts/${sid}/Messages.json`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`${sid}:${token}`)}` },
      body: new URLSearchParams({ From, To, Body }),
    });
    const answer = await response.json();
    if (response.ok) return answer.sid;
    if (response.status !== 429 || left === 0) throw new Error(`${answer.code}: ${answer.message}`);
    const seconds = Number(response.headers.get('retry-after'));
    await sleep(seconds > 0 ? seconds * 1000 + Math.random() * 100 : pause);
    pause *= 2;
  }
}

http.createServer(async (req, res) => {
  if (req.method !== 'POST' || req.url !== '/notify') return res.writeHead(404).end('not found');
  const form = new URLSearchParams((await req.toArray()).join(''));
  try {
    const warning = await warn(form.get('to'), form.get('body') ?? 'Wind of force 8 is expected.');
    res.writeHead(202).end(warning);
  } catch (error) {
    res.writeHead(502).end(error.message);
  }
}).listen(PORT, '127.0.0.1', () => console.log(`listening on ${PORT}`));

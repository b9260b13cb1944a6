// Tells nurses who takes the next shift.
import express from 'express';
import { setTimeout as sleep } from 'node:timers/promises';
import twilio from 'twilio';

const { TWILIO_ACCOUNT_SID = 'AC0123456789abcdef0123456789abcdef', TWILIO_AUTH_TOKEN = 'secret', TWILIO_NUMBER = '+15555550123', PORT = 3000 } = process.env;
const client = twilio(TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN);
const firstPause = 1500; // milliseconds
const maxAttempts = 5;

async function deliver(message) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await client.messages.create(message);
    } catch (error) {
      if (error.status !== 429 || attempt === maxAttempts) throw error;
      await sleep(firstPause * 2 ** (attempt - 1));
    }
  }
}

const app = express();
app.use(express.urlencoded());
app.use(express.json());

app.post('/send', async (req, res) => {
  try {
    const message = await deliver({ from: TWILIO_NUMBER, to: req.body.to, body: req.body.body });
    res.status(202).json({ sid: message.sid });
  } catch (error) {
    res.status(error.status === 429 ? 503 : 422).json({ code: error.code, error: error.message });
  }
});

app.listen(PORT, '127.0.0.1', () => console.log(`shifts on port ${PORT}`));

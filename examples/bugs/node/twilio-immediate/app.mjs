// Tells people by text message that their parcel has come.
import express from 'express';
import twilio from 'twilio';

const { TWILIO_ACCOUNT_SID = 'AC0123456789abcdef0123456789abcdef', TWILIO_AUTH_TOKEN = 'secret', TWILIO_NUMBER = '+15555550123', PORT = 3000 } = process.env;
const client = twilio(TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN);

async function text(to, body) {
  let attempts = 0;
  while (true) {
    try {
      return await client.messages.create({ from: TWILIO_NUMBER, to, body });
    } catch (error) {
      if (error.status !== 429 || ++attempts === 5) throw error;
    }
  }
}

const app = express();
app.use(express.json(), express.urlencoded());

app.post('/send', async (req, res) => {
  try {
    const { sid } = await text(req.body.to, req.body.body ?? 'Your parcel is here.');
    res.status(202).json({ sid });
  } catch (error) {
    res.status(502).json({ error: error.message });
  }
});

app.listen(PORT, '127.0.0.1', () => console.log(`listening on ${PORT}`));

// Reminds people of appointments by text message, and takes their answers.
import express from 'express';
import twilio from 'twilio';

const { TWILIO_ACCOUNT_SID: sid = 'AC0123456789abcdef0123456789abcdef', TWILIO_AUTH_TOKEN: token = 'secret', TWILIO_NUMBER: from = '+15555550123', PORT: port = 8080 } = process.env;
const client = twilio(sid, token);
const answers = new Map(); // by number

// patiently tries again when Twilio says that it is too much, a while later each time.
async function patiently(send) {
  for (let pause = 500; ; pause *= 2) {
    try {
      return await send();
    } catch (error) {
      if (error.status !== 429 || pause > 4000) throw error;
      await new Promise((wake) => setTimeout(wake, pause));
    }
  }
}

const app = express();
app.use(express.urlencoded());

app.post('/remind', async (req, res) => {
  const message = await patiently(() => client.messages.create({ from, to: req.body.to, body: 'You are expected tomorrow at 9. Are you coming?' }));
  res.status(202).send(message.sid);
});

app.post('/sms', twilio.webhook(token), (req, res) => {
  answers.set(req.body.From, req.body.Body);
  const twiml = new twilio.twiml.MessagingResponse();
  twiml.message(/^yes/i.test(req.body.Body) ? 'See you tomorrow.' : 'We have cancelled it.');
  res.type('text/xml').send(twiml.toString());
});

app.get('/answers', (req, res) => res.json(Object.fromEntries(answers)));

app.listen(port, '127.0.0.1', () => console.log(`listening on ${port}`));

// Tells a table's guests that it is ready.
import express from 'express';
import twilio from 'twilio';

const { TWILIO_ACCOUNT_SID = 'AC0123456789abcdef0123456789abcdef', TWILIO_AUTH_TOKEN = 'secret', TWILIO_NUMBER = '+15555550123', PORT = 3000 } = process.env;
const client = twilio(TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, { autoRetry: true, maxRetries: 5 });

const app = express();
app.use(express.urlencoded());
app.use(express.json());

app.post('/notify', (req, res, next) => {
  client.messages
    .create({ from: TWILIO_NUMBER, to: req.body.to, body: req.body.body || 'Your table is ready.' })
    .then((message) => res.status(201).send(message.sid))
    .catch(next);
});

app.listen(PORT, '127.0.0.1', () => console.log(`listening on ${PORT}`));

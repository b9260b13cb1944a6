// An application: it knows nothing of Mirra.
import { createServer } from 'node:http';
import Stripe from 'stripe';

const { PORT: port = 0, STRIPE_SECRET_KEY: key = 'sk_test_123456789' } = process.env;
const stripe = new Stripe(key);

const page = (text) => `<!doctype html><title>Shop</title>
<h1>${text}</h1>
<form method="post" action="/pay"><button>Pay</button></form>
<button id="ask">Ask</button>
<output></output>
<script>
  document.querySelector('#ask').onclick = async () => {
    const answer = await fetch('https://api.stripe.com/v1/charges');
    document.querySelector('output').textContent = answer.status + ' ' + (await answer.json()).error.message;
  };
</script>`;

const service = `
  self.onactivate = (event) => event.waitUntil(clients.claim());
  self.onmessage = async ({ ports: [port] }) => {
    const answer = await fetch('https://api.stripe.com/v1/balance');
    port.postMessage(answer.status);
  };`;

const server = createServer(async (request, response) => {
  const { pathname, searchParams, origin } = new URL(request.url, `http://${request.headers.host}`);
  try {
    if (pathname === '/pay') {
      const intent = await stripe.paymentIntents.create({
        amount: 2000,
        currency: 'usd',
        payment_method: 'pm_card_threeDSecure2Required',
        payment_method_types: ['card'],
        confirm: true,
        return_url: `${origin}/back`,
      });
      return response.writeHead(303, { location: intent.next_action.redirect_to_url.url }).end();
    }
    if (pathname === '/service.js') return response.setHeader('content-type', 'text/javascript').end(service);
    response.setHeader('content-type', 'text/html');
    if (pathname !== '/back') return response.end(page('Nothing is paid'));
    const intent = await stripe.paymentIntents.retrieve(searchParams.get('payment_intent'));
    response.end(page(intent.status === 'succeeded' ? 'Thank you' : intent.last_payment_error.message));
  } catch (e) {
    response.writeHead(500).end(e.message);
  }
});
server.listen(port, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`));

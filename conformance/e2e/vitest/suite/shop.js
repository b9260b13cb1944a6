// An application: it knows nothing of Mirra.
import { createServer } from 'node:http';
import { Resend } from 'resend';
import Stripe from 'stripe';

export const stripe = new Stripe('sk_test_123456789');
export const resend = new Resend('re_123456789');

export async function signUp(email) {
  const customer = await stripe.customers.create({ email });
  const { data, error } = await resend.emails.send({ from: 'onboarding@resend.dev', to: email, subject: 'Welcome', text: 'Welcome!' });
  if (error) throw new Error(error.message);
  return { customer, email: data };
}

// hooks answers Stripe's webhooks on a port of its own, and keeps what was signed by secret.
export async function hooks(secret) {
  const events = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const part of request) body += part;
    try {
      events.push(stripe.webhooks.constructEvent(body, request.headers['stripe-signature'], secret()));
      response.end();
    } catch (e) {
      response.statusCode = 400;
      response.end(e.message);
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  // A sender may keep a connection that it has not used yet, which close waits for.
  const close = () =>
    new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  return { events, url: `http://127.0.0.1:${server.address().port}/hooks`, close };
}

import { orders } from '../../orders.js';
import { stripe } from '../../stripe.js';

// Takes Stripe's events. The signature is of the body as it was sent, before anything
// reads it as JSON.
export async function POST(request) {
  let event;
  try {
    event = stripe.webhooks.constructEvent(await request.text(), request.headers.get('stripe-signature'), process.env.STRIPE_WEBHOOK_SECRET);
  } catch (error) {
    return new Response(error.message, { status: 400 });
  }
  const intent = event.data.object;
  if (event.type === 'payment_intent.succeeded') orders.set(intent.id, `${intent.metadata.seats} seats are yours`);
  if (event.type === 'payment_intent.payment_failed') orders.set(intent.id, `declined: ${intent.last_payment_error.message}`);
  return new Response(null, { status: 204 });
}

import { orders } from '../../orders.js';
import { stripe } from '../../stripe.js';

const price = 2500; // cents a seat

// Takes an order, and answers what the customer's browser pays it with.
export async function POST(request) {
  const seats = Number((await request.formData()).get('seats'));
  if (!Number.isInteger(seats) || seats < 1 || seats > 10) return new Response('one to ten seats, please', { status: 422 });
  const intent = await stripe.paymentIntents.create({ amount: seats * price, currency: 'usd', payment_method_types: ['card'], metadata: { seats } });
  orders.set(intent.id, 'waiting');
  return Response.json({ order: intent.id, client_secret: intent.client_secret }, { status: 201 });
}

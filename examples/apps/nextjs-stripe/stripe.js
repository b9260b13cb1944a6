import Stripe from 'stripe';

const { STRIPE_SECRET_KEY: key = 'sk_test_123456789' } = process.env;

export const stripe = new Stripe(key);

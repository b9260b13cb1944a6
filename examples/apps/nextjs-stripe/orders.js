// Status by payment intent. Next.js bundles each route for itself: what they share is
// the process's.
export const orders = (globalThis.orders ??= new Map());

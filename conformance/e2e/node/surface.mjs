// Calls every typed method of stripe-node with ids of nobody, and prints what each
// asks for and how it is answered, in lines of JSON. TestRoundTrips runs it.
const { default: Stripe } = await import(process.env.STRIPE_SDK);
const { hostname, port } = new URL(process.env.STRIPE_URL);
const nobody = process.env.NOBODY;

// All hosts are the mirror's, and the newest request is remembered.
let request;
const httpClient = Stripe.createNodeHttpClient();
const send = httpClient.makeRequest;
httpClient.makeRequest = (host, at, path, verb, headers, data) => {
  request = { verb, path: path.split('?')[0] };
  return send.call(httpClient, hostname, port, path, verb, headers, data, 'http', 30000);
};
const stripe = new Stripe('sk_test_e2e123456789', { httpClient, maxNetworkRetries: 0, telemetry: false });

const isResource = (v) => typeof v?._makeRequest === 'function';

// What no request comes of: helpers, and the address of a page.
const helpers = new Set(['initialize', 'path', 'basePath', 'createFullPath', 'createResourcePathWithSymbols', 'requestDataProcessor', 'authorizeUrl', 'addFetchRelatedObjectIfNeeded']);

function methods(resource) {
  const names = new Set();
  for (let p = resource; !Object.hasOwn(p, '_makeRequest'); p = Object.getPrototypeOf(p)) {
    for (const k of Object.getOwnPropertyNames(p)) if (typeof resource[k] === 'function' && k !== 'constructor' && !k.startsWith('_') && !helpers.has(k)) names.add(k);
  }
  return names;
}

// Parameters that some methods need before they ask for anything.
const params = { client_id: nobody, stripe_user_id: nobody, purpose: 'dispute_evidence', file: { data: 'x', name: 'x.png' } };
const options = { apiVersion: '2024-06-20' };

// ask calls a method with as many ids as it needs until it asks for something.
async function ask(resource, name) {
  request = undefined;
  const run = resource[name];
  const ids = [0, 1, 2, 3].map((n) => Array(n).fill(nobody));
  // Those of newer SDKs name their arguments: ids, params, options.
  const attempts = run.length ? [Array(Math.max(run.length - 2, 0)).fill(nobody)] : ids;
  let fault;
  for (const args of [...attempts, [params], [{ customer: nobody }, options]]) {
    try {
      await run.apply(resource, args);
      if (request) return { ...request, status: 200 };
    } catch (e) {
      fault = e;
      if (request) return { ...request, status: e.statusCode ?? 200, code: e.code };
    }
  }
  throw new Error(`${name} asked for nothing`, { cause: fault });
}

// parts are the members that may be resources, or namespaces of some.
const parts = (o) => Object.entries(o).filter(([k, v]) => v && typeof v === 'object' && k !== 'stripe' && !k.startsWith('_'));
const holdsResources = (o) => isResource(o) || parts(o).some(([, v]) => holdsResources(v));

const seen = new Set();
async function walk(o, path) {
  if (seen.has(path.join('.'))) return;
  seen.add(path.join('.'));
  if (isResource(o)) {
    for (const method of methods(o)) console.log(JSON.stringify({ resource: path.join('.'), method, ...await ask(o, method) }));
  }
  for (const [k, v] of parts(o)) if (holdsResources(v)) await walk(v, [...path, k]);
}
await walk(stripe, []);

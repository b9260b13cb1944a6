// An application's calls of its vendors, which does not know Mirra: node clients.mjs
// NAME makes one object and prints its id.
import { execFileSync } from 'node:child_process';
import dns from 'node:dns';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import { createRequire } from 'node:module';
import tls from 'node:tls';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';

const require = createRequire(new URL('../node/package.json', import.meta.url));
const key = 'sk_test_dropin1234567890';
const authorization = `Bearer ${key}`;
const form = { authorization, 'content-type': 'application/x-www-form-urlencoded' };
const customers = 'https://api.stripe.com/v1/customers';

function request(options, by = https, url = customers) {
  return new Promise((resolve, reject) => {
    const req = by.request(url, { method: 'POST', headers: form, ...options }, (res) => {
      let text = '';
      res.on('data', (chunk) => (text += chunk));
      res.on('end', () => resolve(JSON.parse(text).id));
    });
    req.on('error', reject);
    req.end('name=https');
  });
}

const clients = {
  stripe: async () => (await new (require('stripe-current'))(key).customers.create({ name: 'stripe' })).id,
  'stripe 16': async () => (await new (require('stripe-2024-06'))(key).customers.create({ name: 'stripe' })).id,
  'stripe with fetch': async () => {
    const Stripe = require('stripe-current');
    return (await new Stripe(key, { httpClient: Stripe.createFetchHttpClient() }).customers.create({ name: 'stripe' })).id;
  },
  twilio: async () => {
    const client = require('twilio')('AC0123456789abcdef0123456789abcdef', 'e2e0000000000000000000000000abcd');
    return (await client.verify.v2.services.create({ friendlyName: 'App' })).sid;
  },
  resend: async () => {
    const { data, error } = await new (require('resend').Resend)('re_e2e_123456789').emails.send({ from: 'onboarding@resend.dev', to: 'delivered@resend.dev', subject: 'hello', text: 'hello' });
    if (error) throw error;
    return data.id;
  },
  auth0: async () => {
    const { ManagementClient } = require('auth0');
    const client = new ManagementClient({ domain: 'dropin.eu.auth0.com', token: 'eyJhbGciOiJub25lIn0.e30.' });
    return (await client.users.create({ connection: 'Username-Password-Authentication', email: 'jenny@example.com' })).user_id;
  },
  '@shopify/shopify-api': async () => {
    require('@shopify/shopify-api/adapters/node');
    const { shopifyApi, ApiVersion, Session } = require('@shopify/shopify-api');
    const shopify = shopifyApi({ apiKey: 'key', apiSecretKey: 'secret', scopes: ['write_customers'], hostName: 'app.example', apiVersion: ApiVersion.January26, isEmbeddedApp: false, logger: { level: 0 } });
    const session = new Session({ id: '1', shop: 'dropin.myshopify.com', state: '', isOnline: false, accessToken: 'shpat_0123456789abcdef' });
    const mutation = 'mutation customerCreate($input: CustomerInput!) { customerCreate(input: $input) { customer { id } } }';
    const { data } = await new shopify.clients.Graphql({ session }).request(mutation, { variables: { input: { firstName: 'Jenny' } } });
    return data.customerCreate.customer.id;
  },
  '@clerk/backend': async () => (await require('@clerk/backend').createClerkClient({ secretKey: key }).organizations.createOrganization({ name: 'App' })).id,
  '@workos-inc/node': async () => (await new (require('@workos-inc/node').WorkOS)(key).organizations.createOrganization({ name: 'App' })).id,
  axios: async () => (await require('axios').post(customers, 'name=axios', { headers: form })).data.id,
  https: () => request({}),
  'https with an agent and certificates': () => request({ agent: new https.Agent({ keepAlive: false }), ca: tls.rootCertificates }),
  'http, at an address that it looked up': async () => {
    const { address } = await promisify(dns.lookup)('api.stripe.com');
    const found = await dns.promises.resolve4('api.stripe.com');
    if (!found.includes(address)) throw new Error(`${address} is not one of ${found}`);
    return request({ host: address, headers: { ...form, host: 'api.stripe.com' } }, http, 'http://api.stripe.com/v1/customers');
  },
  fetch: async () => (await (await fetch(customers, { method: 'POST', headers: form, body: 'name=fetch' })).json()).id,
  undici: async () => (await (await require('undici').request(customers, { method: 'POST', headers: form, body: 'name=undici' })).body.json()).id,
  nodemailer: async () => {
    const mailer = require('nodemailer').createTransport({ host: 'smtp.resend.com', port: 465, secure: true, auth: { user: 'resend', pass: 're_e2e_123456789' } });
    const { response } = await mailer.sendMail({ from: 'onboarding@resend.dev', to: 'delivered@resend.dev', subject: 'hello', text: 'hello' });
    return response.split(' ').pop();
  },
  http2: () =>
    new Promise((resolve, reject) => {
      const session = http2.connect('https://api.stripe.com');
      session.on('error', reject);
      const req = session.request({ ':method': 'POST', ':path': '/v1/customers', ...form });
      let text = '';
      req.on('data', (chunk) => (text += chunk));
      req.on('end', () => {
        session.close();
        resolve(JSON.parse(text).id);
      });
      req.end('name=http2');
    }),
  tls: () =>
    new Promise((resolve, reject) => {
      let text = '';
      const socket = tls.connect(443, 'api.stripe.com', () => socket.write(`POST /v1/customers HTTP/1.1\r\nHost: api.stripe.com\r\nAuthorization: ${authorization}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`));
      socket.on('error', reject);
      socket.on('data', (chunk) => (text += chunk));
      socket.on('end', () => resolve(/"id": ?"(cus_\w+)"/.exec(text)[1]));
    }),
  'a child process': async () => execFileSync(process.execPath, [fileURLToPath(import.meta.url), 'https']).toString().trim(),
  'a worker thread': () =>
    new Promise((resolve, reject) => {
      const worker = new Worker(fileURLToPath(import.meta.url), { argv: ['fetch'], stdout: true });
      worker.on('error', reject);
      worker.stdout.on('data', (text) => resolve(String(text).trim()));
    }),
};
console.log(await clients[process.argv[2]]());

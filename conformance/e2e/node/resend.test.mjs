// Drives a mirror with the resend package, as an application does: only the base
// URL is set. Webhooks are verified by the SDK and by svix itself.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import nodemailer from 'nodemailer';
import { Resend } from 'resend';
import { Webhook } from 'svix';
import { Application, end, mirra, start } from './application.mjs';

const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'; // in the project's .env.local
let session;
let resend;

const app = new Application();

// hook returns the first event of a type that fits, once it has come.
const hook = (type, match) =>
  app.find(({ body }) => {
    const event = JSON.parse(body);
    return event.type === type && match(event.data);
  });

function ok({ data, error }) {
  assert.equal(error, null);
  return data;
}

// verified is the event of a delivery that svix accepts.
function verified({ body, headers }, by = secret) {
  new Webhook(by).verify(body, headers);
  return JSON.parse(body);
}

const email = { from: 'Acme <onboarding@resend.dev>', to: 'delivered@resend.dev', subject: 'hello world', html: '<p>it works!</p>' };

before(async () => {
  session = await start('--mirrors', 'resend', '--limits', 'off', '--forward', `resend=${await app.listen()}/forward`);
  resend = new Resend('re_e2e_123456789', { baseUrl: session.mirrors[0].url });
});

after(async () => {
  app.close();
  await end();
});

test('an email is sent, read and told', async () => {
  const { id } = ok(await resend.emails.send({ ...email, tags: [{ name: 'kind', value: 'welcome' }], attachments: [{ filename: 'a.txt', content: Buffer.from('Hello') }] }));
  const told = await hook('email.delivered', (data) => data.email_id === id);
  const headers = { id: told.headers['svix-id'], timestamp: told.headers['svix-timestamp'], signature: told.headers['svix-signature'] };
  assert.equal(resend.webhooks.verify({ payload: told.body, headers, webhookSecret: secret }).data.email_id, id);
  assert.equal(verified(told).data.tags.kind, 'welcome');
  const read = ok(await resend.emails.get(id));
  assert.equal(read.last_event, 'delivered');
  assert.deepEqual(read.to, ['delivered@resend.dev']);
  const files = ok(await resend.emails.attachments.list({ emailId: id }));
  assert.equal(await (await fetch(files.data[0].download_url)).text(), 'Hello');
});

test('tampered, stale and foreign deliveries are refused', async () => {
  const { id } = ok(await resend.emails.send({ ...email, to: 'bounced+tampered@resend.dev' }));
  const told = await hook('email.bounced', (data) => data.email_id === id);
  const verifier = new Webhook(secret);
  assert.equal(verified(told).data.bounce.type, 'Permanent');
  assert.throws(() => verifier.verify(told.body.replace('Permanent', 'Transient'), told.headers));
  assert.throws(() => verifier.verify(told.body, { ...told.headers, 'svix-timestamp': String(told.headers['svix-timestamp'] - 600) }));
  assert.throws(() => verifier.verify(told.body, { ...told.headers, 'svix-id': 'msg_other' }));
  assert.throws(() => new Webhook('whsec_' + Buffer.from('another secret of 24 byte').toString('base64')).verify(told.body, told.headers));
});

test('whatever the clock of the session, deliveries are fresh', async () => {
  await mirra('clock', 'advance', '40d');
  const { id } = ok(await resend.emails.send(email));
  const told = await hook('email.sent', (data) => data.email_id === id);
  verified(told);
});

test('an endpoint of the API signs with its own secret', async () => {
  const endpoint = `${app.url}/own`;
  const made = ok(await resend.webhooks.create({ endpoint, events: ['contact.created'] }));
  ok(await resend.contacts.create({ email: 'steve@acme.com', firstName: 'Steve' }));
  await hook('contact.created', () => app.hooks.some((h) => h.path === '/own'));
  const told = app.hooks.find((h) => h.path === '/own');
  verified(told, made.signing_secret);
  assert.throws(() => verified(told));
  ok(await resend.webhooks.remove(made.id));
});

test('a batch, permissive', async () => {
  const { data, error } = await resend.batch.send([email, { ...email, to: 'nobody' }], { batchValidation: 'permissive' });
  assert.equal(error, null);
  assert.equal(data.data.length, 1);
  assert.equal(data.errors[0].index, 1);
});

test('errors have the shape that the SDK reads', async () => {
  const missing = await resend.emails.get('00000000-0000-4000-8000-000000000000');
  assert.equal(missing.error.name, 'not_found');
  const twice = { idempotencyKey: 'welcome/1' };
  const first = ok(await resend.emails.send(email, twice));
  assert.equal(ok(await resend.emails.send(email, twice)).id, first.id);
  assert.equal((await resend.emails.send({ ...email, subject: 'other' }, twice)).error.name, 'invalid_idempotent_request');
});

// Two applications meet the limit: one waits as long as it is told, one does not.
// What each waited is in the trace, by wall time.
test('an application that backs off gets through, one that does not is refused again', async () => {
  const attempts = async (name, pause) => {
    await mirra('fault', 'add', '--mirror', 'resend', '--method', 'POST', '--path', '/emails', '--error', 'rate-limit', '--count', '3');
    const to = `delivered+${name}@resend.dev`;
    for (;;) {
      const { error, headers } = await resend.emails.send({ ...email, to });
      if (!error) break;
      assert.equal(error.name, 'rate_limit_exceeded');
      assert.equal(headers['retry-after'], '1');
      await pause(1000 * Number(headers['retry-after']));
    }
    const lines = await mirra('logs', '--json', '--bodies', '--mirror', 'resend', '--method', 'POST', '--path', '/emails');
    const tries = lines.trim().split('\n').map((line) => JSON.parse(line)).filter(({ request }) => JSON.parse(request.body).to === to);
    assert.deepEqual(tries.map(({ status }) => status), [429, 429, 429, 200]);
    const at = tries.map(({ wall }) => Date.parse(wall));
    return at.slice(1).map((t, i) => t - at[i]);
  };
  const patient = await attempts('patient', (ms) => new Promise((wake) => setTimeout(wake, ms)));
  const hasty = await attempts('hasty', () => undefined);
  assert.ok(patient.every((gap) => gap >= 990), `gaps ${patient}`);
  assert.ok(Math.max(...hasty) < Math.min(...patient), `gaps ${hasty} and ${patient}`);
});

// A handler that takes bounces to heart, and one that swallows them.
test('a bounce is handled, or swallowed and suppressed', async () => {
  const suppressed = new Set();
  const careful = (event) => {
    if (event.type === 'email.bounced') for (const to of event.data.to) suppressed.add(to);
  };
  const { id } = ok(await resend.emails.send({ ...email, from: 'Acme <hi@acme.com>', to: 'ada@acme-customers.com' }));
  await mirra('simulate', 'email.bounced', `id=${id}`);
  const told = await hook('email.bounced', (data) => data.email_id === id);
  careful(verified(told));
  assert.ok(suppressed.has('ada@acme-customers.com'));
  // The one that swallowed it sends again, in vain.
  const again = ok(await resend.emails.send({ ...email, from: 'Acme <hi@acme.com>', to: 'ada@acme-customers.com' }));
  await hook('email.suppressed', (data) => data.email_id === again.id);
  assert.equal(ok(await resend.emails.get(again.id)).last_event, 'suppressed');
});

test('domains, keys, contacts, topics, templates and broadcasts go round', async () => {
  const segment = ok(await resend.segments.create({ name: 'Friends' }));
  for (const n of [1, 2]) ok(await resend.contacts.create({ email: `delivered+friend${n}@resend.dev`, firstName: `Friend ${n}`, segments: [{ id: segment.id }] }));
  assert.equal(ok(await resend.contacts.list({ segmentId: segment.id })).data.length, 2);
  const topic = ok(await resend.topics.create({ name: 'News', defaultSubscription: 'opt_in' }));
  ok(await resend.contacts.topics.update({ email: 'delivered+friend2@resend.dev', topics: [{ id: topic.id, subscription: 'opt_out' }] }));
  const broadcast = ok(await resend.broadcasts.create({ segmentId: segment.id, topicId: topic.id, from: email.from, subject: 'Hi {{{FIRST_NAME}}}', html: '<p>Hi</p>' }));
  ok(await resend.broadcasts.send(broadcast.id));
  const told = await hook('email.delivered', (data) => data.broadcast_id === broadcast.id);
  assert.equal(JSON.parse(told.body).data.subject, 'Hi Friend 1');
  const template = ok(await resend.templates.create({ name: 'order', alias: 'order', from: email.from, subject: '{{{PRODUCT}}}', html: '<p>{{{PRODUCT}}}</p>', variables: [{ key: 'PRODUCT', type: 'string', fallbackValue: 'item' }] }));
  ok(await resend.templates.publish(template.id));
  const sent = ok(await resend.emails.send({ to: email.to, template: { id: 'order', variables: { PRODUCT: 'Lamp' } } }));
  assert.equal(ok(await resend.emails.get(sent.id)).html, '<p>Lamp</p>');
  const key = ok(await resend.apiKeys.create({ name: 'sends', permission: 'sending_access' }));
  const restricted = new Resend(key.token, { baseUrl: session.mirrors[0].url });
  ok(await restricted.emails.send(email));
  assert.equal((await restricted.domains.list()).error.name, 'restricted_api_key');
  const domain = ok(await resend.domains.create({ name: 'mail.acme.com' }));
  assert.equal(domain.status, 'not_started');
  ok(await resend.domains.verify(domain.id));
  await mirra('clock', 'advance', '1m');
  assert.equal(ok(await resend.domains.get(domain.id)).status, 'verified');
});

// What frameworks mail with, pointed at the relay's port.
test('nodemailer sends through the relay', async () => {
  const { hostname, port } = new URL(session.mirrors[0].urls.smtp);
  const relay = (pass) => nodemailer.createTransport({ host: hostname, port: Number(port), auth: { user: 'resend', pass } });
  const mail = {
    from: 'Acme <onboarding@resend.dev>', to: 'delivered+relay@resend.dev', bcc: 'delivered+hidden@resend.dev', subject: 'Grüße', text: 'it works!', html: '<p>it works! <img src="cid:logo"></p>',
    headers: { 'Resend-Idempotency-Key': 'relay/1', 'X-Entity-Ref-ID': '42' },
    attachments: [{ filename: 'logo.png', content: Buffer.from('89504e47', 'hex'), cid: 'logo' }],
  };
  const first = await relay('re_123456789').sendMail(mail);
  assert.match(first.response, /^250 /);
  const again = await relay('re_123456789').sendMail({ ...mail, messageId: first.messageId, date: new Date(0) });
  assert.equal(again.response, first.response);
  const told = await hook('email.delivered', (data) => data.to.includes(mail.to));
  const sent = ok(await resend.emails.get(verified(told).data.email_id));
  assert.equal(sent.subject, 'Grüße');
  assert.equal(sent.html, mail.html);
  assert.deepEqual(sent.bcc, [mail.bcc]);
  const [file] = ok(await resend.emails.attachments.list({ emailId: sent.id })).data;
  assert.equal(file.filename, 'logo.png');
  assert.equal(file.content_id, 'logo');
  const bytes = Buffer.from(await (await fetch(file.download_url)).arrayBuffer());
  assert.equal(bytes.toString('hex'), '89504e47');
  await assert.rejects(relay('secret').sendMail(mail), { code: 'EAUTH', responseCode: 535 });
});

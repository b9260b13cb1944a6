// Drives a mirror with twilio-node, as an application does: its HTTP client sends
// what is for a host of Twilio's to the mirror's URL of that host.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import twilio from 'twilio';
import { Application, end, mirra, start } from './application.mjs';

const sid = 'AC0123456789abcdef0123456789abcdef';
const token = 'e2e0000000000000000000000000abcd'; // in the project's .env.local
const person = '+15558675310';
const number = '+15555550123';
let session, client;

class MirrorClient extends twilio.RequestClient {
  request(options) {
    const host = new URL(options.uri).host.split('.')[0];
    return super.request({ ...options, uri: options.uri.replace(/^https:\/\/[^/]+/, session.mirrors[0].urls[host]) });
  }
}

// The application answers by path.
const answers = {};
const app = new Application((req, res) => {
  res.setHeader('content-type', 'text/xml');
  return answers[req.url.split('?')[0]];
});

// hook returns the first request that fits, once it has come.
async function hook(fits) {
  const { path, headers, body } = await app.take((h) => fits({ ...h, path: h.path.split('?')[0] }));
  return { path: path.split('?')[0], url: app.url + path, body, signature: headers['x-twilio-signature'] };
}

const fields = (h) => Object.fromEntries(new URLSearchParams(h.body));

before(async () => {
  session = await start('--mirrors', 'twilio', '--seed', 'twilio:verified-numbers', '--forward', `twilio=${await app.listen()}/events`);
  client = twilio(sid, token, { httpClient: new MirrorClient() });
});

after(async () => {
  app.close();
  await end();
});

test('a message is sent, delivered and told of; validateRequest accepts that and nothing tampered', async () => {
  const message = await client.messages.create({ to: person, from: number, body: 'Hi 👍', statusCallback: `${app.url}/status?order=7` });
  assert.equal(message.status, 'queued');
  assert.equal(message.numSegments, '1');
  assert.equal(message.accountSid, sid);
  await mirra('clock', 'advance', '1m');
  for (const status of ['sent', 'delivered']) {
    const h = await hook((x) => x.path === '/status' && fields(x).MessageStatus === status);
    const params = fields(h);
    assert.equal(params.MessageSid, message.sid);
    assert.ok(twilio.validateRequest(token, h.signature, h.url, params));
    assert.ok(!twilio.validateRequest(token, h.signature, h.url, { ...params, MessageStatus: 'failed' }));
    assert.ok(!twilio.validateRequest('another', h.signature, h.url, params));
    assert.ok(!twilio.validateRequest(token, h.signature, h.url.replace('7', '8'), params));
  }
  assert.equal((await client.messages(message.sid).fetch()).status, 'delivered');
});

test('errors have code, status and moreInfo', async () => {
  await assert.rejects(client.messages.create({ to: '123', from: number, body: 'x' }), (e) => {
    assert.equal(e.code, 21211);
    assert.equal(e.status, 400);
    assert.equal(e.moreInfo, 'https://www.twilio.com/docs/errors/21211');
    return true;
  });
  await assert.rejects(client.messages('SM00000000000000000000000000000000').fetch(), { code: 20404, status: 404 });
});

test('both styles of paging are followed', async () => {
  for (let i = 0; i < 5; i++) await client.messages.create({ to: person, from: number, body: `page ${i}` });
  const bodies = (await client.messages.list({ pageSize: 2, to: person })).map((m) => m.body).filter((b) => b.startsWith('page'));
  assert.deepEqual(bodies, ['page 4', 'page 3', 'page 2', 'page 1', 'page 0']);
  for (let i = 0; i < 5; i++) await client.messaging.v1.services.create({ friendlyName: `service ${i}` });
  const names = (await client.messaging.v1.services.list({ pageSize: 2 })).map((s) => s.friendlyName);
  assert.deepEqual(names, ['service 4', 'service 3', 'service 2', 'service 1', 'service 0']);
});

test('an incoming message is answered with TwiML', async () => {
  const [{ sid: pn }] = await client.incomingPhoneNumbers.list({ phoneNumber: number });
  await client.incomingPhoneNumbers(pn).update({ smsUrl: `${app.url}/sms` });
  const reply = new twilio.twiml.MessagingResponse();
  reply.message('You said & meant it');
  answers['/sms'] = reply.toString();
  await mirra('simulate', 'message.received', `from=${person}`, `to=${number}`, 'body=Hello?');
  const h = await hook((x) => x.path === '/sms');
  assert.ok(twilio.validateRequest(token, h.signature, h.url, fields(h)));
  assert.equal(fields(h).Body, 'Hello?');
  await mirra('clock', 'advance', '1m');
  const [sent] = await client.messages.list({ to: person, limit: 1 });
  assert.equal(sent.body, 'You said & meant it');
  assert.equal(sent.direction, 'outbound-reply');
});

test('somebody who sends STOP gets nothing more', async () => {
  await mirra('simulate', 'message.received', 'from=+14158675309', `to=${number}`, 'body=STOP');
  await assert.rejects(client.messages.create({ to: '+14158675309', from: number, body: 'x' }), { code: 21610 });
  await mirra('simulate', 'message.received', 'from=+14158675309', `to=${number}`, 'body=START');
  await client.messages.create({ to: '+14158675309', from: number, body: 'x' });
});

test('a verification is approved by its code; its events verify with their body', async () => {
  const service = await client.verify.v2.services.create({ friendlyName: 'App' });
  const of = client.verify.v2.services(service.sid);
  const verification = await of.verifications.create({ to: person, channel: 'sms' });
  assert.equal(verification.status, 'pending');
  const codes = JSON.parse(await mirra('state', 'twilio', 'verification_codes', '--json'));
  const { code } = (codes.verification_codes ?? codes).at(-1);
  assert.equal((await of.verificationChecks.create({ to: person, code: '000' + code })).status, 'pending');
  assert.equal((await of.verificationChecks.create({ to: person, code })).status, 'approved');
  const h = await hook((x) => x.path === '/events' && x.body.startsWith('[') && x.body.includes('verification.approved'));
  assert.ok(twilio.validateRequestWithBody(token, h.signature, h.url, h.body));
  assert.ok(!twilio.validateRequestWithBody(token, h.signature, h.url, h.body.replace('APPROVED', 'PENDING')));
});

test('a number is looked up', async () => {
  const found = await client.lookups.v2.phoneNumbers('+447772000001').fetch();
  assert.equal(found.valid, true);
  assert.equal(found.nationalFormat, '07772 000001');
});

// Applications meet the limit: the trace says when each came back, by wall time.
const pauses = [250, 500, 1000]; // ms
async function refusedThrice(send) {
  const path = '/2010-04-01/Accounts/*/Messages.json';
  await mirra('fault', 'add', '--mirror', 'twilio', '--method', 'POST', '--path', path, '--error', 'rate-limit', '--count', '3');
  await send();
  const lines = await mirra('logs', '--json', '--type', 'traffic.request_completed', '--method', 'POST', '--path', path, '--last', '4');
  const requests = lines.trim().split('\n').map((line) => JSON.parse(line));
  assert.deepEqual(requests.map((r) => r.status), [429, 429, 429, 201]);
  return requests.slice(1).map((r, i) => Date.parse(r.wall) - Date.parse(requests[i].wall));
}

async function sendUntilTaken(wait) {
  for (let refusals = 0; ; refusals++) {
    try {
      return await client.messages.create({ to: person, from: number, body: 'at last' });
    } catch (e) {
      assert.equal(e.status, 429);
      assert.equal(e.code, 20429);
      await wait(refusals);
    }
  }
}

test('the trace tells an application that backs off from one that does not', async () => {
  const patient = await refusedThrice(() => sendUntilTaken((n) => new Promise((wake) => setTimeout(wake, pauses[n]))));
  const hasty = await refusedThrice(() => sendUntilTaken(() => {}));
  assert.ok(patient.every((gap, n) => gap >= pauses[n] - 5), `gaps ${patient}`); // timers may be early by a little
  assert.ok(Math.max(...hasty) < Math.min(...patient), `gaps ${hasty} and ${patient}`);
});

test('twilio-node gets through by itself when told to retry', async () => {
  const retrying = twilio(sid, token, { httpClient: new MirrorClient({ autoRetry: true }) });
  await refusedThrice(() => retrying.messages.create({ to: person, from: number, body: 'by itself' }));
});

test('whatever the clock of the session, deliveries verify', async () => {
  await mirra('clock', 'advance', '40d');
  const message = await client.messages.create({ to: person, from: number, body: 'later', statusCallback: `${app.url}/later` });
  await mirra('clock', 'advance', '1m');
  const h = await hook((x) => x.path === '/later' && fields(x).MessageStatus === 'delivered');
  assert.equal(fields(h).MessageSid, message.sid);
  assert.ok(twilio.validateRequest(token, h.signature, h.url, fields(h)));
  assert.ok(!twilio.validateRequest(token, h.signature, h.url, { ...fields(h), MessageSid: 'SM0' }));
  assert.equal(message.dateCreated > new Date(Date.now() + 39 * 864e5), true);
});

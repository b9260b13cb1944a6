// @mirrahq/node with Stripe's SDK and nothing else; npm_test.go installs it.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { Agent } from 'node:https';
import { test } from 'node:test';
import { connectMirra, currentSession, startMirra } from '@mirrahq/node';
import Stripe from 'stripe-current';

const start = (more = {}) => startMirra({ mirrors: ['stripe'], ...more });
const client = () => new Stripe('sk_test_123456789', { maxNetworkRetries: 0, httpAgent: new Agent({ keepAlive: true }) });
const emails = async (stripe) => (await stripe.customers.list()).data.map((c) => c.email);

test('a process is led from session to session, its kept connections too', async () => {
  const stripe = client();
  const one = (await start()).use();
  await stripe.customers.create({ email: 'one@example.com' });
  const two = (await start({ seeds: { stripe: { customers: [{ email: 'seeded@example.com' }] } } })).use();
  assert.deepEqual(await emails(stripe), ['seeded@example.com']);
  assert.equal(currentSession(), two);
  await stripe.customers.create({ email: 'two@example.com' });
  one.use();
  assert.deepEqual(await emails(stripe), ['one@example.com']);
  assert.deepEqual((await two.mirror('stripe').state('customers')).map((c) => c.email).sort(), ['seeded@example.com', 'two@example.com']);

  // Programs that it starts follow.
  const child = `fetch('https://api.stripe.com/v1/customers', { headers: { authorization: 'Bearer sk_test_123456789' } }).then((r) => r.json()).then((l) => console.log(l.data[0].email))`;
  assert.equal(execFileSync(process.execPath, ['-e', child], { encoding: 'utf8' }).trim(), 'one@example.com');

  // Attached to, it lives on; ended, it leads nowhere.
  const again = await startMirra({ sessionId: one.id });
  await again.end();
  assert.deepEqual(await emails(stripe), ['one@example.com']);
  const { env } = one;
  await one[Symbol.asyncDispose]();
  await assert.rejects(stripe.customers.list(), (e) => /the session that answered for it has ended/.test(String(e.detail ?? e.message)));
  await assert.rejects(connectMirra(env), { code: 'mirra.session.not_found' });
  await two.end();
  await two.end(); // once is enough
});

test('a session has the settings that it is asked for', async () => {
  const session = (await start({ clock: '2026-01-31T12:00:00Z', frozen: true, limits: 'off', noEgress: true })).use();
  try {
    assert.equal((await session.clock.now()).toISOString(), '2026-01-31T12:00:00.000Z');
    await session.clock.advance(1500);
    assert.equal((await session.clock.now()).toISOString(), '2026-01-31T12:00:01.500Z');
    await assert.rejects(fetch('https://example.com/'), (e) => /example.com:443 belongs to no mirror/.test(e.cause.message));
    assert.deepEqual((await session.summary()).tried.map((h) => h.host), ['example.com:443']);
    // Proxies of the environment are not for what is asked of Mirra.
    assert.ok(process.env.HTTPS_PROXY && process.env.http_proxy);
    assert.equal((await session.trace({ type: 'session.lifecycle' }))[0].action, 'created');
  } finally {
    await session.end();
  }
});

test('criteria are decided about what happened since the last reset', async () => {
  const session = (await start()).use();
  try {
    const stripe = client();
    await stripe.customers.create({ email: 'one@example.com' });
    await session.check('exactly one customer was created', '`POST /v1/customers` was called once');
    await assert.rejects(session.check('no customer exists', 'a customer exists'), (e) => e.name === 'ExpectationError' && /no customer exists: failed: 1 customers exist/.test(e.message) && !/a customer exists/.test(e.message));
    await assert.rejects(session.check('no custommer exists'), (e) => e.code === 'mirra.check.unbound' && /customer\?/.test(e.message));
    await session.reset();
    await assert.rejects(session.check('exactly one customer was created'), /no request reached a mirror/);
    await stripe.customers.create({ email: 'two@example.com' });
    await session.check('exactly one customer was created');
  } finally {
    await session.end();
  }
});

test('a session ends with the process that started it', async () => {
  const program = `import { startMirra } from '@mirrahq/node'; const s = await startMirra({ mirrors: ['stripe'] }); console.log(JSON.stringify(s.env)); process.kill(process.pid, 'SIGKILL');`;
  const { stdout, signal } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8', env: { ...process.env, MIRRA_SESSION: '' } });
  assert.equal(signal, 'SIGKILL');
  const env = JSON.parse(stdout);
  let followed;
  try {
    // Its last events; the stream ends with the session.
    followed = await fetch(`${env.MIRRA_URL}/v1/sessions/${env.MIRRA_SESSION}/events`, { headers: { authorization: `Bearer ${env.MIRRA_TOKEN}` }, signal: AbortSignal.timeout(30_000) }).then((r) => r.text());
  } catch (e) {
    followed = String(e.cause ?? e); // the server ended with its last session
  }
  assert.ok(followed);
  await assert.rejects(connectMirra(env), (e) => ['mirra.session.not_found', 'mirra.server.unreachable'].includes(e.code));
});

test('faults are the program’s own words', async () => {
  await assert.rejects(start({ binary: '/nonexistent/mirra' }), { code: 'mirra.binary.missing', message: /cannot be run \(ENOENT\)[^]*hint: install it/ });
  await assert.rejects(start({ binary: '/bin/true' }), /printed no JSON: is it Mirra's program/);
  await assert.rejects(start({ mirrors: ['nobody'] }), /nobody[^]*hint: /);
  await assert.rejects(start({ seeds: { stripe: 'nothing' } }), /no fixture "nothing"[^]*hint: fixtures: /);
  await assert.rejects(startMirra({ sessionId: 'ses_none' }), /no session/);
  assert.throws(currentSession, { code: 'mirra.session.none' });
});

// What a coding agent does with Mirra, over both transports.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { connect, transports } from './client.mjs';

const authorized = { Authorization: 'Bearer sk_test_123456789' };
let hook;
let received = []; // bodies
before(async () => {
  hook = createServer(async (req, res) => {
    received.push(Buffer.concat(await req.toArray()).toString());
    res.end();
  });
  await new Promise((ready) => hook.listen(0, '127.0.0.1', ready));
});
after(() => hook.close());

for (const transport of Object.keys(transports)) {
  test(`a session over ${transport}`, async (t) => {
    const agent = await connect(transport);
    t.after(() => agent.client.close());
    received = [];
    const { tools } = await agent.client.listTools();
    // A server starts no process; a command that the agent started itself does.
    const starting = transport === 'stdio' ? ['drill', 'scenario_run'] : [];
    assert.deepEqual(tools.map((t) => t.name).sort(), [...starting, 'catalog', 'check', 'clock', 'faults', 'restore', 'session_end', 'session_request', 'session_reset', 'session_start', 'session_state', 'session_webhooks', 'simulate', 'snapshot', 'trace'].sort());
    for (const tool of tools) assert.ok(tool.description && tool.inputSchema && tool.outputSchema, tool.name);

    const { mirrors } = await agent.call('catalog', { mirror: 'stripe@2024-06', query: 'PostCustomers' });
    assert.equal(mirrors[0].operations.find((o) => o.path === '/v1/customers')?.method, 'POST');

    const forward = { stripe: [`http://127.0.0.1:${hook.address().port}/hook`] };
    const started = await agent.call('session_start', { mirrors: ['stripe@2024-06'], forward, clock: '2026-01-31T12:00:00Z', frozen: true, limits: 'off' });
    assert.match(started.sessionId, /^ses_[a-z0-9]{4,}$/);
    assert.match(started.env.STRIPE_WEBHOOK_SECRET, /^whsec_/);

    const created = await agent.call('session_request', { method: 'POST', path: '/v1/customers', headers: authorized, form: { email: 'ada@example.com', 'metadata[order]': 6735 } });
    assert.equal(created.status, 200);
    assert.equal(created.body.metadata.order, '6735');
    const refused = await agent.call('session_request', { path: '/v1/customers' });
    assert.equal(refused.status, 401);

    const held = await agent.call('session_state', { entity: 'customers', id: created.body.id });
    assert.equal(held.objects[0].email, 'ada@example.com');

    const { entries } = await agent.call('session_webhooks', { event: 'customer.created', waitSeconds: 30 });
    assert.equal(entries.length, 1);
    assert.equal(entries[0].status, 200);
    const body = entries[0].request.body;
    assert.equal(body.data.object.id, created.body.id);
    const [, stamp, signature] = /^t=(\d+),v1=([0-9a-f]{64})/.exec(entries[0].signature);
    assert.equal(signature, createHmac('sha256', started.env.STRIPE_WEBHOOK_SECRET).update(`${stamp}.${received[0]}`).digest('hex'));

    const checked = await agent.call('check', { criteria: ['exactly one customer was created', 'the webhook customer.created was answered with 2xx', 'no customer exists'] });
    assert.deepEqual([checked.passed, ...checked.results.map((r) => r.outcome)], [false, 'passed', 'passed', 'failed']);
    await assert.rejects(agent.call('check', { criteria: ['no custommer exists'] }), (e) => /customer\?/.test(e.message));

    const moved = await agent.call('clock', { action: 'advance', duration: '31d' });
    assert.equal(new Date(moved.now).toISOString().slice(0, 10), '2026-03-03');

    const { taken } = await agent.call('snapshot', { name: 'before' });
    await agent.call('session_request', { method: 'DELETE', path: `/v1/customers/${created.body.id}`, headers: authorized });
    await agent.call('restore', { name: taken });
    assert.equal((await agent.call('session_state', { entity: 'customers' })).objects.length, 1);

    await agent.call('faults', { action: 'add', rule: { method: 'POST', error: 'rate-limit', count: 1 } });
    assert.equal((await agent.call('session_request', { method: 'POST', path: '/v1/customers', headers: authorized })).status, 429);
    assert.deepEqual((await agent.call('faults', { action: 'clear' })).faults, []);

    await agent.call('simulate', { event: 'payment_intent.succeeded' });
    assert.equal((await agent.call('session_webhooks', { event: 'payment_intent.succeeded', waitSeconds: 30 })).entries.length, 1);
    const last = await agent.call('trace', { last: 1, types: ['traffic.request_completed'] });
    assert.equal(last.entries[0].status, 429);

    const coverage = await agent.client.readResource({ uri: 'mirra://mirrors/stripe@2024-06/coverage' });
    assert.ok(JSON.parse(coverage.contents[0].text).operations.length > 300);
    const facts = JSON.parse((await agent.client.readResource({ uri: 'mirra://mirrors/stripe/facts' })).contents[0].text);
    assert.ok(facts.errors.includes('rate-limit') && facts.credentials.length > 0);
    const traced = JSON.parse((await agent.client.readResource({ uri: `mirra://sessions/${started.sessionId}/trace` })).contents[0].text);
    assert.ok(traced.entries.length > 3);
    const prompt = await agent.client.getPrompt({ name: 'write_scenario', arguments: { change: 'refunds are idempotent' } });
    assert.match(prompt.messages[0].content.text, /refunds are idempotent/);

    await assert.rejects(agent.call('session_start', { mirrors: ['nope'] }), (e) => /nope/.test(e.message) && e.code.startsWith('mirra.') && e.hint !== '');
    await assert.rejects(agent.call('session_start', { mirrors: 'stripe' }), { code: 'mirra.mcp.arguments' });

    assert.equal((await agent.call('session_end')).sessionId, started.sessionId);
    await assert.rejects(agent.call('session_state', { session: started.sessionId }), { code: 'mirra.session.not_found' });
    await assert.rejects(agent.call('session_end'), { code: 'mirra.session.not_found' });
    assert.deepEqual(agent.faults, []);
  });
}

test('scenarios and drills of a coding agent', async (t) => {
  const agent = await connect('stdio');
  t.after(() => agent.client.close());
  const folder = await mkdtemp(join(tmpdir(), 'mirra-agent-'));
  t.after(() => rm(folder, { recursive: true }));
  const scenario = join(folder, 'scenario.md');
  const drive = `curl --silent -u sk_test_1234567890abcdef: https://api.stripe.com/v1/customers -d email=a@b.c`;
  await writeFile(scenario, `# A customer\n\n## Checks\n\n- exactly one customer was created\n- [D] no customer exists\n\n## Config\n\n- mirrors: stripe\n- driver: ${drive}\n`);
  const { report } = await agent.call('scenario_run', { files: [scenario], runs: 2 });
  assert.deepEqual([report.verdict, ...report.criteria.map((c) => `${c.passed}/${c.total}`)], ['fail', '2/2', '0/2']);

  await writeFile(scenario, '# Wrong\n');
  const wrong = await agent.call('scenario_run', { files: [scenario] });
  assert.equal(wrong.report.valid, false);
  await assert.rejects(agent.call('scenario_run', { files: [join(folder, 'none.md')] }), (e) => /none\.md/.test(e.message));
  await assert.rejects(agent.call('drill', { drill: 'stripe.nothing', command: ['true'] }), (e) => /stripe\.nothing/.test(e.message) && e.hint !== '');

  await writeFile(join(folder, 'app.mjs'), "import { createServer } from 'node:http';\ncreateServer((req, res) => res.writeHead(req.url === '/webhook' ? 200 : 404).end()).listen(process.env.PORT, '127.0.0.1');\n");
  const drilled = await agent.call('drill', { drill: 'stripe.signature', command: [process.execPath, join(folder, 'app.mjs')], urls: ['/webhook'] });
  assert.equal(drilled.report.verdict, 'fail');
});

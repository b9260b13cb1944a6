// Takes the resources of ../roundtrip/resources.json through their lives with
// stripe-node: what was sent comes back, and stays. TestRoundTrips runs it.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

const { default: Stripe } = await import(process.env.STRIPE_SDK);
const { given, rows } = JSON.parse(await readFile(process.env.ROWS));
const { hostname, port } = new URL(process.env.STRIPE_URL);

// The SDK uploads to a host of its own, which cannot be set.
const files = new URL(process.env.STRIPE_FILES_URL);
const httpClient = Stripe.createNodeHttpClient();
const send = httpClient.makeRequest;
httpClient.makeRequest = (host, at, path, ...rest) => (host === 'files.stripe.com'
  ? send.call(httpClient, files.hostname, files.port, files.pathname + path, ...rest)
  : send.call(httpClient, host, at, path, ...rest));
const stripe = new Stripe('sk_test_e2e123456789', { host: hostname, port, protocol: 'http', httpClient, maxNetworkRetries: 0, telemetry: false });

const at = (name) => name.split('.').reduce((o, k) => o?.[k], stripe);

// method finds a resource's method, undefined if the SDK has none. Those of parts
// are called createPerson, listPersons, deletePerson.
function method(row, name) {
  const resource = at(row.name);
  if (row.part && name === 'del') name = 'delete';
  const part = row.part && name === 'list' ? `${row.part}s`.replace('ys', 'ies') : row.part;
  return resource?.[part ? name + part : name]?.bind(resource);
}

function call(row, name, ...args) {
  const run = method(row, name);
  assert.ok(run, `stripe.${row.name} has no ${name} ${row.part ?? ''}`);
  return run(...args, ...(row.forVersion && name === 'create' ? [{ apiVersion: '2024-06-20' }] : []));
}

let uniques = 0;
const upload = () => ({ data: Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), name: 'receipt.png', type: 'image/png' });

// References: {unique}, {upload}, {create.x} of the row's own parameters, else
// the id, or the member that is asked for, of a new object of that row or given.
async function resolve(value, known) {
  if (Array.isArray(value)) return Promise.all(value.map((v) => resolve(v, known)));
  if (value && typeof value === 'object') {
    const out = {};
    for (const [k, v] of Object.entries(value)) out[k] = await resolve(v, known);
    return out;
  }
  if (typeof value !== 'string') return value;
  if (value === '{upload}') return upload();
  const [, name, rest] = /^\{([\w.]+)\}(.*)$/.exec(value) ?? [];
  if (!name) return value;
  if (name === 'unique') return `u${process.pid}n${uniques++}${rest}`;
  return given[name]?.fresh ? make(name) : (known[name] ??= await make(name));
}

async function make(name) {
  const as = given[name] ?? { of: name };
  const row = rows.find((r) => r.name === as.of && !r.part && r.create);
  let object = await call(row, 'create', await resolve(as.create ?? row.create, {}));
  if (as.then) object = await call(row, as.then, object.id);
  return object[as.member ?? 'id'];
}

// same says where the answer does not have what was sent.
function same(sent, got, input = [], path = '') {
  if (input.includes(path)) return [];
  if (Array.isArray(sent)) {
    const list = Array.isArray(got) ? got : got?.data;
    if (list?.length !== sent.length) return [`${path}: sent ${sent.length}, got ${JSON.stringify(got)}`];
    return sent.flatMap((v, i) => same(v, list[i], input, path));
  }
  if (sent && typeof sent === 'object') {
    if (!got || typeof got !== 'object') return [`${path}: ${JSON.stringify(got)}`];
    return Object.entries(sent).flatMap(([k, v]) => same(v, got[k], input, path ? `${path}.${k}` : k));
  }
  // In place of a text may be a whole object, or a decimal number.
  const is = typeof sent === 'string' && got && typeof got === 'object' ? got.id ?? got.toJSON?.() : got;
  return Object.is(sent, is) ? [] : [`${path}: sent ${JSON.stringify(sent)}, got ${JSON.stringify(is)}`];
}

const plain = (object, without = []) => {
  const { lastResponse, ...rest } = object;
  for (const k of without) delete rest[k];
  return JSON.parse(JSON.stringify(rest));
};

const absent = (x) => x.absent?.some((name) => process.env.SDK.startsWith(name));

async function roundTrip(row) {
  if (absent(row)) {
    assert.equal(method(row, row.create ? 'create' : row.noRetrieve ? 'list' : 'retrieve'), undefined, 'the row says that this SDK does not have it');
    return;
  }
  const known = {};
  for (const need of row.needs ?? []) await resolve(need, known);
  const parents = Object.values(await resolve(row.parent ?? {}, known));
  const holds = (got, ...sent) => assert.deepEqual(sent.flatMap((s) => same(s, got, row.input)), [], JSON.stringify(got));
  let params;
  let object;
  const create = async () => {
    params = await resolve(row.create, known);
    const made = await call(row, 'create', ...parents, params);
    holds(made, params, row.expect);
    return made;
  };
  const retrieve = () => call(row, 'retrieve', ...parents, object.id);
  const kept = async () => {
    if (!row.noRetrieve) assert.deepEqual(plain(await retrieve()), plain(object, row.new));
  };
  const change = async (name, sent, then = sent) => {
    object = await call(row, name, ...parents, object.id, sent);
    holds(object, then);
    await kept();
  };
  // pages goes through what is found one by one, each on a page of its own.
  const pages = async (name, sent, wanted) => {
    for await (const each of call(row, name, ...parents, { ...(!row.unpaged && { limit: 1 }), ...sent })) if (wanted(each)) return each;
    return undefined;
  };
  const find = async (name, sent) => {
    const found = await pages(name, sent, (each) => each.id === object.id);
    assert.deepEqual(found && plain(found), plain(object, row.new), `${object.id} in ${name}`);
  };
  const filters = async () => {
    const own = Object.fromEntries(Object.entries(params ?? {}).map(([k, v]) => [`create.${k}`, v]));
    return resolve(row.list ?? {}, { ...known, ...own });
  };
  // second is the second of what is listed, or the only one.
  const second = async () => {
    let last;
    let count = 0;
    await pages('list', await filters(), (each) => { last = each; return ++count === 2; });
    assert.ok(last, 'the list is empty');
    return last;
  };

  if (row.create) {
    object = await create();
    await kept();
  } else if (row.id) {
    object = { id: await resolve(row.id, known) };
    object = await retrieve();
  } else if (row.expect) {
    object = await second();
    await kept();
  }
  if (!row.create && object) holds(object, row.expect);
  if (row.update) await change('update', await resolve(row.update, known));
  const steps = row.steps ?? [];
  if (method(row, 'list') && (row.create || row.id) && !steps.some((s) => s.do === 'list')) {
    if (row.create) await create(); // so that the first is on the second page
    await find('list', await filters());
  }
  for (const { do: name, params: sent = {}, then, ...rest } of steps) {
    if (absent(rest)) assert.equal(method(row, name), undefined, 'the row says that this SDK does not have it');
    else if (rest.fails) await assert.rejects(async () => call(row, name, ...parents, ...(name === 'list' || rest.alone ? [] : [object.id]), await resolve(sent, known)), { statusCode: rest.fails });
    else if (rest.alone) holds(await call(row, name, ...(Object.keys(sent).length ? [await resolve(sent, known)] : [])), then);
    else if (rest.apart) holds(await call(row, name, ...parents, object.id, await resolve(sent, known)), then);
    else if (name === 'create') object = await create();
    else if (name === 'list') await find('list', await filters());
    else if (name === 'search') await find('search', await resolve(sent, known));
    else if (name === 'del') holds(await call(row, name, ...parents, object.id), then ?? { id: object.id, deleted: true });
    else await change(name, await resolve(sent, known), then);
  }
  if (row.gone === 'deleted') holds(await retrieve(), { id: object.id, deleted: true });
  else if (row.gone) await assert.rejects(retrieve(), { statusCode: row.gone });
}

test('round trips', { concurrency: true }, async (t) => {
  assert.ok(rows.length > 0);
  await Promise.all(rows.map((row) => t.test([row.name, row.part].join(' '), () => roundTrip(row))));
});

// The org's events judged by salesforce-pubsub-api-client. Exercised: both ways of OAuth login and a given token,
// subscribe, subscribeFromEarliestEvent, subscribeFromReplayId, requestAdditionalEvents, the keepalive, its own decoding
// of bitmaps and payloads, publish, publishBatch, and what it makes of a refused replay id.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import PubSubApiClient from 'salesforce-pubsub-api-client';

const { ORG_URL, ORG_TOKEN, ORG_ID, PUBSUB_ENDPOINT, CONTROL_URL } = process.env;
const { CLIENT_ID, CLIENT_SECRET, USERNAME, PRIVATE_KEY_FILE } = process.env;
const CONTACTS = '/data/ContactChangeEvent';
const silent = { debug() {}, info() {}, warn() {}, error() {} };
const token = { authType: 'user-supplied', accessToken: ORG_TOKEN, instanceUrl: ORG_URL, organizationId: ORG_ID };

async function connected(t, login = token) {
  // It brings its own list of authorities, so it can only be told not to look.
  const endpoint = { pubSubEndpoint: PUBSUB_ENDPOINT, rejectUnauthorizedSsl: false };
  const client = new PubSubApiClient({ ...login, ...endpoint }, silent);
  await client.connect();
  t.after(() => client.close());
  return client;
}

async function call(url, method, body) {
  const headers = { Authorization: `Bearer ${ORG_TOKEN}`, 'Content-Type': 'application/json' };
  const reply = await fetch(url, { method, headers, body: JSON.stringify(body) });
  return reply.status === 204 ? null : reply.json();
}
const control = (path, body) => call(`${CONTROL_URL}/salesforce/${path}`, 'POST', body);
const create = (fields) => call(`${ORG_URL}/services/data/v62.0/sobjects/Contact`, 'POST', fields);
const change = (id, fields) => call(`${ORG_URL}/services/data/v62.0/sobjects/Contact/${id}`, 'PATCH', fields);

/** Collects what a subscription calls back with, until there is enough. */
function collector(enough) {
  const seen = [];
  let done;
  const all = new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`only ${JSON.stringify(seen.map((each) => each.type))}`)), 8000);
    done = () => (clearTimeout(timer), resolve(seen));
  });
  const callback = (subscription, type, data) => {
    seen.push({ type, data, subscription: { ...subscription } });
    if (enough(seen)) done();
  };
  return { callback, all };
}
const events = (seen) => seen.filter((each) => each.type === 'event').map((each) => each.data);
const count = (number) => (seen) => events(seen).length >= number;

// Closing a client leaves its streams open, which would keep this process waiting for them.
test.after(() => setTimeout(() => process.exit(), 200));
test.beforeEach(() => call(`${CONTROL_URL}/reset`, 'POST', {}));

test('changes come with the names of the fields that changed', async (t) => {
  const client = await connected(t);
  const { id } = await create({ LastName: 'Byron', Title: 'Countess', MailingCity: 'London' });
  await change(id, { FirstName: 'Ada', Title: null, MailingCity: 'Paris' });

  const { callback, all } = collector(count(2));
  client.subscribeFromEarliestEvent(CONTACTS, callback, 10);
  const [made, changed] = events(await all).map((each) => each.payload);

  assert.deepEqual(made.ChangeEventHeader.recordIds, [id]);
  assert.equal(made.ChangeEventHeader.changeType, 'CREATE');
  assert.deepEqual([made.Name.LastName, made.MailingAddress.City], ['Byron', 'London']);
  assert.equal(changed.ChangeEventHeader.changeType, 'UPDATE');
  assert.deepEqual(changed.ChangeEventHeader.changedFields, [
    'Title', 'LastModifiedDate', 'Name.FirstName', 'MailingAddress.City',
  ]);
  assert.deepEqual(changed.ChangeEventHeader.nulledFields, ['Title']);
  assert.deepEqual([changed.Name.FirstName, changed.MailingAddress.City, changed.Title], ['Ada', 'Paris', null]);
});

test('no more events come than were asked for, and more when asked again', async (t) => {
  const client = await connected(t);
  for (const LastName of ['A', 'B', 'C']) await create({ LastName });

  const { callback, all } = collector((seen) => seen.filter((each) => each.type === 'lastEvent').length === 2);
  client.subscribeFromEarliestEvent(CONTACTS, (subscription, type, data) => {
    callback(subscription, type, data);
    if (type === 'lastEvent' && subscription.receivedEventCount === 2) client.requestAdditionalEvents(CONTACTS, 1);
  }, 2);
  const seen = await all;

  assert.deepEqual(seen.map((each) => each.type), ['event', 'event', 'lastEvent', 'event', 'lastEvent']);
  assert.deepEqual(events(seen).map((each) => each.payload.Name.LastName), ['A', 'B', 'C']);
});

test('a subscription resumes after a replay id', async (t) => {
  const client = await connected(t);
  for (const LastName of ['A', 'B']) await create({ LastName });
  const first = collector(count(1));
  client.subscribeFromEarliestEvent(CONTACTS, first.callback, 1);
  const [a] = events(await first.all);

  const second = collector(count(1));
  client.subscribeFromReplayId('/data/ChangeEvents', second.callback, 1, a.replayId);

  assert.equal(events(await second.all)[0].payload.Name.LastName, 'B');
});

test('silence is broken, and then comes what happens from now on', async (t) => {
  const client = await connected(t);
  await create({ LastName: 'Before' });
  await control('event-faults', { keepalive_s: 0.05 });

  const { callback, all } = collector(count(1));
  let isAlive;
  const alive = new Promise((resolve) => (isAlive = resolve));
  client.subscribe(CONTACTS, (subscription, type, data) => {
    if (type === 'grpcKeepAlive') isAlive(data);
    callback(subscription, type, data);
  }, 5);
  await alive;
  await create({ LastName: 'After' });

  assert.deepEqual(events(await all).map((each) => each.payload.Name.LastName), ['After']);
});

test('a replay id that has expired is an error with a code', async (t) => {
  const client = await connected(t);
  await create({ LastName: 'A' });
  const first = collector(count(1));
  client.subscribeFromEarliestEvent(CONTACTS, first.callback, 1);
  const [a] = events(await first.all);
  await control('event-faults', { expire: true });

  const second = collector((seen) => seen.some((each) => each.type === 'error'));
  client.subscribeFromReplayId('/data/ChangeEvents', second.callback, 1, a.replayId);
  const error = (await second.all).find((each) => each.type === 'error').data;

  assert.equal(error.code, 3);
  assert.deepEqual(error.metadata.get('error-code'), [
    'sfdc.platform.eventbus.grpc.subscription.fetch.replayid.corrupted',
  ]);
});

for (const [name, login] of Object.entries({
  'client credentials': { authType: 'oauth-client-credentials', clientId: CLIENT_ID, clientSecret: CLIENT_SECRET },
  'a signed assertion': {
    authType: 'oauth-jwt-bearer', clientId: CLIENT_ID, username: USERNAME, privateKey: PRIVATE_KEY_FILE,
  },
})) {
  test(`events are published and received after a login with ${name}`, async (t) => {
    const key = login.privateKey ? { privateKey: readFileSync(login.privateKey) } : {};
    const client = await connected(t, { ...login, ...key, loginUrl: ORG_URL });
    await control('platform-events', { name: 'Sample__e', fields: [{ name: 'Message__c' }] });
    const sample = (text) => ({ CreatedDate: Date.now(), CreatedById: '005', Message__c: { string: text } });

    const { replayId, correlationKey } = await client.publish('/event/Sample__e', sample('one'), 'key-1');
    const batch = collector((seen) => seen.length >= 1);
    await client.publishBatch('/event/Sample__e', [{ payload: sample('two') }, { payload: sample('three') }], batch.callback);
    const [{ type, data }] = await batch.all;
    assert.deepEqual([type, data.results.length], ['publishResponse', 2]);
    const { callback, all } = collector(count(3));
    client.subscribeFromEarliestEvent('/event/Sample__e', callback, 3);
    const received = events(await all);

    assert.deepEqual(received.map((each) => each.payload.Message__c), ['one', 'two', 'three']);
    assert.deepEqual([received[0].replayId, received[0].id], [replayId, correlationKey]);
  });
}

// The org's Streaming API judged by jsforce 3 and the faye client inside it. Exercised: streaming.topic, streaming.channel,
// streaming.createClient, both of its extensions (Replay and AuthFailure), several channels of one client, refused
// channels and replay ids, cancelling, disconnecting, short polls, and coming back after the org has forgotten a client.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import test from 'node:test';
import jsforce from 'jsforce';

const { StreamingExtension } = createRequire(import.meta.url)('jsforce/api/streaming');
const { ORG_URL, CONTROL_URL, CLIENT_ID, CLIENT_SECRET } = process.env;
const CONTACTS = '/data/ContactChangeEvent';
const ORDERS = '/event/Order_Event__e';
let conn;

async function post(url, body) {
  const reply = await fetch(url, { method: 'POST', body });
  assert.ok(reply.ok, `${url}: ${reply.status}`);
  return reply.json();
}
const control = (path, order) => post(`${CONTROL_URL}${path}`, JSON.stringify(order));
const trouble = (order) => control('/salesforce/event-faults', order);
const defineOrders = () =>
  control('/salesforce/platform-events', { name: 'Order_Event__e', fields: [{ name: 'Number__c' }, { name: 'Note__c' }] });
const create = async (LastName) => (await conn.sobject('Contact').create({ LastName })).id;
const order = (Number__c) => conn.sobject('Order_Event__e').create({ Number__c });

/** Collects what `collect` is called with; `first(count)` waits for so many that are `wanted`. */
function collector() {
  const seen = [];
  let look = () => {};
  const collect = (each) => (seen.push(each), look());
  const first = (count, wanted = () => true) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`only ${JSON.stringify(seen)}`)), 5000);
      look = () => {
        const found = seen.filter(wanted);
        if (found.length >= count) (clearTimeout(timer), resolve(found.slice(0, count)));
      };
      look();
    });
  return { collect, first, seen };
}

/** A client, and all that it is sent. */
function client(t, ...extensions) {
  const { collect, first, seen } = collector();
  const listener = { incoming: (message, pass) => (collect(structuredClone(message)), pass(message)) };
  const streaming = conn.streaming.createClient([listener, ...extensions]);
  t.after(() => streaming.disconnect());
  return { streaming, sent: first, seen };
}
const on = (channel) => (message) => message.channel === channel && message.successful !== false;
const names = (messages) => messages.map((each) => each.payload.Name.LastName);

test.beforeEach(async () => {
  await control('/reset', {});
  const form = { grant_type: 'client_credentials', client_id: CLIENT_ID, client_secret: CLIENT_SECRET };
  const { access_token: accessToken } = await post(`${ORG_URL}/services/oauth2/token`, new URLSearchParams(form));
  conn = new jsforce.Connection({ instanceUrl: ORG_URL, accessToken, version: '62.0' });
});
// Polls that are still held would keep this process waiting for them.
test.after(() => setTimeout(() => process.exit(), 200));

test('a topic brings changes as JSON, with the names of the fields that changed', async (t) => {
  const { collect, first } = collector();
  const subscription = conn.streaming.topic(CONTACTS).subscribe(collect);
  t.after(() => subscription.cancel());
  await subscription;

  const contacts = conn.sobject('Contact');
  const { id } = await contacts.create({ LastName: 'Byron', Title: 'Countess', MailingCity: 'London' });
  await contacts.update({ Id: id, FirstName: 'Ada', Title: null, MailingCity: null, Birthdate: '1815-12-10' });
  await contacts.destroy(id);
  const [made, changed, gone] = await first(3);

  const { ChangeEventHeader: header, ...fields } = made.payload;
  assert.deepEqual([header.entityName, header.changeType, header.recordIds], ['Contact', 'CREATE', [id]]);
  assert.deepEqual(header.changedFields, []);
  assert.equal(header.changeOrigin, 'com/salesforce/api/rest/62.0');
  assert.deepEqual([fields.Name, fields.MailingAddress, fields.Title], [{ LastName: 'Byron' }, { City: 'London' }, 'Countess']);
  assert.match(fields.CreatedDate, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$/);
  const { ChangeEventHeader: { changedFields, changeType }, LastModifiedDate, ...changes } = changed.payload;
  assert.equal(changeType, 'UPDATE');
  assert.deepEqual(changedFields.toSorted(), ['Birthdate', 'LastModifiedDate', 'MailingAddress.City', 'Name.FirstName', 'Title']);
  assert.deepEqual(changes, {
    Name: { FirstName: 'Ada' }, MailingAddress: { City: null }, Title: null, Birthdate: '1815-12-10',
  });
  assert.deepEqual(Object.keys(gone.payload), ['ChangeEventHeader']);
  assert.ok(Number.isSafeInteger(made.event.replayId) && made.event.replayId < changed.event.replayId);
});

test('a channel brings platform events', async (t) => {
  await defineOrders();
  const { collect, first } = collector();
  const subscription = conn.streaming.channel(ORDERS).subscribe(collect);
  t.after(() => subscription.cancel());
  await subscription;

  await order('7');
  const [{ schema, payload, event }] = await first(1);

  const { CreatedDate, CreatedById, ...fields } = payload;
  assert.deepEqual(fields, { Number__c: '7', Note__c: null });
  assert.match(CreatedDate, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.match(CreatedById, /^005\w{15}$/);
  assert.match(schema, /^[\w-]{22}$/);
  assert.deepEqual(Object.keys(event).sort(), ['EventApiName', 'EventUuid', 'replayId']);
  assert.equal(event.EventApiName, 'Order_Event__e');
});

test('one client follows several channels, until it leaves one', async (t) => {
  await defineOrders();
  const { streaming, sent, seen } = client(t);
  const orders = streaming.subscribe(ORDERS, () => {});
  await Promise.all([orders, streaming.subscribe('/data/ChangeEvents', () => {})]);

  await order('7');
  await sent(1, on(ORDERS));
  orders.cancel();
  const [left] = await sent(1, on('/meta/unsubscribe'));
  await order('8');
  const id = await create('Byron');
  const [change] = await sent(1, on('/data/ChangeEvents'));

  assert.equal(left.subscription, ORDERS);
  assert.deepEqual(change.data.payload.ChangeEventHeader.recordIds, [id]);
  assert.deepEqual(seen.filter(on(ORDERS)).map((each) => each.data.payload.Number__c), ['7']);
});

test('the replay extension starts at the earliest event, after any, or at the next', async (t) => {
  for (const each of ['A', 'B', 'C']) await create(each);
  const subscribed = async (replayId) => {
    const { collect, first } = collector();
    const { streaming } = client(t, new StreamingExtension.Replay(CONTACTS, replayId));
    await streaming.subscribe(CONTACTS, collect);
    return first;
  };

  const all = await (await subscribed(-2))(3);
  const later = await (await subscribed(all[0].event.replayId))(2);
  const next = await subscribed(-1);
  await create('D');

  assert.deepEqual(names(all), ['A', 'B', 'C']);
  assert.deepEqual(later, all.slice(1));
  assert.deepEqual(names(await next(1)), ['D']);
});

test('what cannot be subscribed to is refused with the code and words of the vendor', async (t) => {
  const { streaming } = client(t, new StreamingExtension.Replay(CONTACTS, 1));
  // What has braces in it is no error by faye's grammar, and comes as it is.
  const refusal = (channel) =>
    streaming.subscribe(channel, () => {}).then(() => 'none', (error) => (error.code ? error.toString() : error.message));

  for (const each of ['/event/None__e', '/data/NoneChangeEvent', '/topic/None']) {
    assert.equal(await refusal(each), `400::The channel you requested to subscribe to does not exist {${each}}`);
  }
  assert.equal(await refusal('/u/None'), '404::Unknown channel');
  assert.equal(await refusal('/none'), '403:denied_by_security_policy:create_denied');
  const advice = 'Please provide a valid ID, -2 to replay all events, or -1 to replay only new events.';
  assert.equal(await refusal(CONTACTS), `400::The replayId {1} you provided was invalid.  ${advice}`);
});

test('the extension for failed logins hears of a token that is not good', async () => {
  const { collect, first } = collector();
  const nobody = new jsforce.Connection({ instanceUrl: ORG_URL, accessToken: '00Dnobody!none', version: '62.0' });
  nobody.streaming.createClient([new StreamingExtension.AuthFailure(collect)]).subscribe(CONTACTS, () => {});

  const [failure] = await first(1);

  assert.equal(failure.channel, '/meta/handshake');
  assert.equal(failure.error, '403::Handshake denied');
  assert.equal(failure.ext.sfdc.failureReason, '401::Authentication invalid');
});

test('the same extension hears of a session that is ended while it waits for events', async () => {
  const { collect, first } = collector();
  const asked = collector();
  const listener = { outgoing: (message, pass) => (asked.collect(message), pass(message)) };
  const streaming = conn.streaming.createClient([listener, new StreamingExtension.AuthFailure(collect)]);
  await streaming.subscribe(CONTACTS, () => {});
  await asked.first(2, on('/meta/connect'));

  await control('/salesforce/faults', { revoke_tokens: true });
  const [failure] = await first(1);

  assert.equal(failure.channel, '/meta/connect');
  assert.equal(failure.error, '401::Authentication invalid');
  assert.deepEqual(failure.advice, { reconnect: 'none', interval: 0 });
});

test('a client that was forgotten shakes hands again, and its subscription goes on', async (t) => {
  const { streaming, sent } = client(t);
  const { collect, first } = collector();
  await streaming.subscribe(CONTACTS, collect);

  await trouble({ forget_clients: true });
  const handshakes = await sent(2, on('/meta/handshake'));
  await sent(2, on('/meta/subscribe'));
  await create('Byron');

  assert.deepEqual(names(await first(1)), ['Byron']);
  assert.notEqual(handshakes[0].clientId, handshakes[1].clientId);
});

test('polls that end without events are followed by others', async (t) => {
  await trouble({ poll_s: 0.02 });
  const { streaming, sent } = client(t);
  const { collect, first } = collector();
  await streaming.subscribe(CONTACTS, collect);

  const [told, ...later] = await sent(4, on('/meta/connect'));
  await create('Byron');

  assert.deepEqual(told.advice, { interval: 0, timeout: 110_000, reconnect: 'retry' });
  assert.deepEqual(later.map((each) => each.advice), [undefined, undefined, undefined]);
  assert.deepEqual(names(await first(1)), ['Byron']);
});

test('a client that disconnects is gone', async (t) => {
  const { streaming, sent, seen } = client(t);
  await streaming.subscribe(CONTACTS, () => {});

  await streaming.disconnect();
  const [{ successful }] = await sent(1, on('/meta/disconnect'));
  await create('Byron');

  assert.equal(successful, true);
  assert.equal(seen.filter(on(CONTACTS)).length, 0);
});

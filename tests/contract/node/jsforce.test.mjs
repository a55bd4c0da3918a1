// What jsforce 3 does with the org: records, collections, composite calls, queries, replication, Bulk API 2.0.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import jsforce from 'jsforce';

const conn = new jsforce.Connection({
  instanceUrl: process.env.ORG_URL,
  accessToken: process.env.ORG_TOKEN,
  version: '62.0',
});
conn.bulk2.pollInterval = 20;
conn.bulk2.pollTimeout = 20_000;
const contacts = conn.sobject('Contact');

test('a record is created, read, changed, described and deleted', async () => {
  const created = await contacts.create({ LastName: 'Byron', Email: 'Ada@Example.com' });
  assert.deepEqual({ success: created.success, errors: created.errors }, { success: true, errors: [] });

  await contacts.update({ Id: created.id, Title: 'Countess' });
  const read = await contacts.retrieve(created.id);
  assert.deepEqual([read.LastName, read.Email, read.Title], ['Byron', 'ada@example.com', 'Countess']);

  const described = await contacts.describe();
  assert.ok(described.fields.some((field) => field.name === 'Auth0_User_Id__c' && field.externalId));

  await contacts.destroy(created.id);
  await assert.rejects(contacts.retrieve(created.id), { errorCode: 'ENTITY_IS_DELETED' });
});

test('an upsert creates once and then updates, and names its parent by a key', async () => {
  const account = await conn.sobject('Account').create({ Name: 'Engines', Auth0_User_Id__c: 'org|js' });
  const person = { Auth0_User_Id__c: 'js|1', LastName: 'Byron', Account: { Auth0_User_Id__c: 'org|js' } };

  const first = await contacts.upsert(person, 'Auth0_User_Id__c');
  const second = await contacts.upsert({ ...person, Title: 'Ms' }, 'Auth0_User_Id__c');

  assert.equal(first.created, true);
  assert.equal(second.id, first.id);
  assert.equal((await contacts.retrieve(first.id)).AccountId, account.id);
});

test('collections create, read, update, upsert and delete many, with a result for each', async () => {
  const people = ['Adams', 'Baker', 'Clark'].map((LastName) => ({ LastName, Department: 'js' }));
  const created = await contacts.create([...people, { LastName: 'Doe', Email: 'nowhere' }]);
  assert.deepEqual(created.map((each) => each.success), [true, true, true, false]);
  assert.equal(created[3].errors[0].statusCode, 'INVALID_EMAIL_ADDRESS');

  const ids = created.slice(0, 3).map((each) => each.id);
  await contacts.update(ids.map((Id) => ({ Id, Title: 'Dr' })));
  const read = await contacts.retrieve(ids, { fields: ['LastName', 'Title'] });
  assert.deepEqual(read.map((each) => [each.LastName, each.Title]), [['Adams', 'Dr'], ['Baker', 'Dr'], ['Clark', 'Dr']]);

  const keyed = ['js|a', 'js|b'].map((Auth0_User_Id__c) => ({ Auth0_User_Id__c, LastName: 'Keyed' }));
  assert.deepEqual((await contacts.upsert(keyed, 'Auth0_User_Id__c')).map((each) => each.created), [true, true]);

  const undone = await contacts.create([{ LastName: 'Stays out' }, {}], { allOrNone: true });
  assert.deepEqual(undone.map((each) => each.success), [false, false]);
  assert.deepEqual((await contacts.destroy(ids)).map((each) => each.success), [true, true, true]);
});

test('more than 200 records go out in several calls', async () => {
  const crowd = Array.from({ length: 450 }, (_, number) => ({ LastName: `Crowd ${number}`, Department: 'crowd' }));

  const created = await contacts.create(crowd, { allowRecursive: true });

  assert.equal(created.filter((each) => each.success).length, 450);
});

test('queries are found, counted and read page by page', async () => {
  await conn.sobject('Lead').create({ LastName: 'Query', Company: 'Q' });
  const found = await conn.sobject('Lead').find({ LastName: 'Query' }, ['Id', 'Company']).limit(5);
  assert.equal(found[0].Company, 'Q');

  let pages = 0;
  let seen = 0;
  let result = await conn.query("SELECT Id FROM Contact WHERE Department = 'crowd'", {
    headers: { 'Sforce-Query-Options': 'batchSize=200' },
  });
  for (;;) {
    pages += 1;
    seen += result.records.length;
    if (result.done) break;
    result = await conn.queryMore(result.nextRecordsUrl, { headers: { 'Sforce-Query-Options': 'batchSize=200' } });
  }
  assert.deepEqual([pages, seen], [3, 450]);
  await assert.rejects(conn.query('SELECT Nickname FROM Contact'), { errorCode: 'INVALID_FIELD' });
});

test('a composite call passes what one step created to the next', async () => {
  const base = '/services/data/v62.0/sobjects';
  const reply = await conn.requestPost('/composite', {
    allOrNone: true,
    compositeRequest: [
      { method: 'POST', url: `${base}/Account`, referenceId: 'account', body: { Name: 'Composite' } },
      { method: 'POST', url: `${base}/Contact`, referenceId: 'contact', body: { LastName: 'C', AccountId: '@{account.id}' } },
    ],
  });

  assert.deepEqual(reply.compositeResponse.map((each) => each.httpStatusCode), [201, 201]);
  const contact = await contacts.retrieve(reply.compositeResponse[1].body.id);
  assert.equal(contact.AccountId, reply.compositeResponse[0].body.id);
});

test('updated and deleted records are told by time', async () => {
  const [kept, gone] = await contacts.create([{ LastName: 'Kept' }, { LastName: 'Gone' }]);
  await contacts.destroy(gone.id);
  const [start, end] = [-120_000, 120_000].map((shift) => new Date(Date.now() + shift).toISOString());

  const updated = await contacts.updated(start, end);
  const deleted = await contacts.deleted(start, end);

  assert.ok(updated.ids.includes(kept.id) && !updated.ids.includes(gone.id));
  assert.ok(deleted.deletedRecords.some((each) => each.id === gone.id));
});

test('limits and usage are told', async () => {
  const limits = await conn.limits();

  assert.ok(limits.DailyApiRequests.Remaining < limits.DailyApiRequests.Max);
  assert.equal(conn.limitInfo.apiUsage.limit, limits.DailyApiRequests.Max);
});

test('a bulk insert tells which rows were written and which were not', async () => {
  const input = Array.from({ length: 300 }, (_, number) => ({ LastName: `Bulk ${number}`, Email: `b${number}@example.com` }));
  input.push({ LastName: '', Email: 'nameless@example.com' });

  const results = await conn.bulk2.loadAndWaitForResults({ object: 'Contact', operation: 'insert', input });

  assert.deepEqual([results.successfulResults.length, results.failedResults.length], [300, 1]);
  assert.equal(results.unprocessedRecords.length, 0);
  assert.equal(results.successfulResults[0].sf__Created, 'true');
  assert.match(results.failedResults[0].sf__Error, /^REQUIRED_FIELD_MISSING:.*:LastName --$/);
});

test('a bulk upsert, update and hard delete follow one another', async () => {
  const input = ['bulk|1', 'bulk|2'].map((Auth0_User_Id__c) => ({ Auth0_User_Id__c, LastName: 'Bulk' }));
  const order = { object: 'Contact', operation: 'upsert', externalIdFieldName: 'Auth0_User_Id__c', input };
  const upserted = await conn.bulk2.loadAndWaitForResults(order);
  const ids = upserted.successfulResults.map((each) => each.sf__Id);

  await conn.bulk2.loadAndWaitForResults({
    object: 'Contact',
    operation: 'update',
    input: ids.map((Id) => ({ Id, Title: 'Bulk title' })),
  });
  assert.equal((await contacts.retrieve(ids[1])).Title, 'Bulk title');

  await conn.bulk2.loadAndWaitForResults({ object: 'Contact', operation: 'hardDelete', input: ids.map((Id) => ({ Id })) });
  const left = await conn.query("SELECT Id FROM Contact WHERE Auth0_User_Id__c LIKE 'bulk%'", { scanAll: true });
  assert.equal(left.totalSize, 0);
});

test('a bulk job is opened, filled, aborted and deleted step by step', async () => {
  const job = conn.bulk2.createJob({ object: 'Contact', operation: 'insert' });
  await job.open();
  await job.uploadData([{ LastName: 'Never' }]);

  await job.abort();
  assert.equal((await job.check()).state, 'Aborted');
  await job.delete();

  await assert.rejects(job.check(), { errorCode: 'NOT_FOUND' });
});

test('a file that does not fit fails its job with the reason', async () => {
  const order = { object: 'Contact', operation: 'insert', input: [{ LastName: 'A', Nickname: 'B' }] };

  await assert.rejects(conn.bulk2.loadAndWaitForResults(order), /InvalidBatch : Field name not found : Nickname/);
});

test('a bulk query streams its records', async () => {
  const stream = await conn.bulk2.query("SELECT LastName, Account.Name FROM Contact WHERE LastName LIKE 'Bulk %'");
  const records = await stream.toArray();

  assert.equal(records.length, 300);
  assert.deepEqual(Object.keys(records[0]), ['LastName', 'Account.Name']);
});

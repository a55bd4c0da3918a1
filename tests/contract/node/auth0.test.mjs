// What npm auth0 does with the tenant: ManagementClient (users, roles, organizations, clients with credentials,
// connections, APIs and grants, logs, event streams, tickets, jobs, settings; typed errors, the request limit),
// AuthenticationClient (client credentials, password, refresh, revocation, sign-up, new password, refusals) and
// UserInfoClient.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { AuthApiError, AuthenticationClient, Management, ManagementClient, UserInfoClient } from 'auth0';

const { AUTH0_DOMAIN: domain, AUTH0_CLIENT_ID: clientId, AUTH0_CLIENT_SECRET: clientSecret, CONTROL_URL } = process.env;
const CONNECTION = 'Username-Password-Authentication';
const PASSWORD = 'Difference-Engine-1';
const API = 'https://orders.example/api';
const ONCE = { maxRetries: 0 };
const management = new ManagementClient({ domain, clientId, clientSecret });

const createUser = (email, more = {}) => management.users.create({ connection: CONNECTION, email, password: PASSWORD, ...more });

async function collected(pages) {
  const items = [];
  for await (const item of await pages) items.push(item);
  return items;
}

async function until(condition) {
  for (const deadline = Date.now() + 10_000; Date.now() < deadline; ) {
    const found = await condition();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('it did not happen within 10 seconds');
}

test('a user lives, changes and dies', async () => {
  const { user_id: id } = await createUser('ada@example.com', { user_metadata: { size: 'M' } });
  const changed = await management.users.update(id, { user_metadata: { color: 'red' }, name: 'Ada Lovelace' });
  assert.deepEqual(changed.user_metadata, { size: 'M', color: 'red' });
  assert.equal((await management.users.get(id)).name, 'Ada Lovelace');
  assert.deepEqual((await management.users.listUsersByEmail({ email: 'ADA@example.com' })).map((user) => user.user_id), [id]);
  await management.users.delete(id);
  await assert.rejects(management.users.get(id, {}, ONCE), Management.NotFoundError);
});

test('users are found by a query and read page by page', async () => {
  for (const name of ['a', 'b', 'c', 'd', 'e']) await createUser(`${name}@paging.example`, { app_metadata: { plan: name < 'c' ? 'free' : 'paid' } });
  const everybody = await collected(management.users.list({ q: 'email:*@paging.example', search_engine: 'v3', sort: 'email:1', per_page: 2 }));
  const paying = await collected(management.users.list({ q: 'app_metadata.plan:"paid"', search_engine: 'v3' }));
  assert.deepEqual(everybody.map((user) => user.email[0]), ['a', 'b', 'c', 'd', 'e']);
  assert.deepEqual(paying.map((user) => user.email).sort(), ['c@paging.example', 'd@paging.example', 'e@paging.example']);
});

test('accounts are linked and unlinked', async () => {
  const [one, other] = [await createUser('one@link.example'), await createUser('other@link.example')];
  const [provider, userId] = other.user_id.split('|');
  const linked = await management.users.identities.link(one.user_id, { provider, user_id: userId });
  assert.equal(linked.length, 2);
  await assert.rejects(management.users.get(other.user_id, {}, ONCE), Management.NotFoundError);
  assert.equal((await management.users.identities.delete(one.user_id, provider, userId)).length, 1);
});

test('roles carry permissions to users', async () => {
  await management.resourceServers.create({ identifier: API, name: 'Orders', scopes: [{ value: 'read:orders' }] });
  const { id: role } = await management.roles.create({ name: 'Buyer' });
  const { user_id: user } = await createUser('buyer@example.com');
  await management.roles.permissions.add(role, { permissions: [{ resource_server_identifier: API, permission_name: 'read:orders' }] });
  await management.users.roles.assign(user, { roles: [role] });
  assert.deepEqual((await collected(management.users.roles.list(user))).map((one) => one.name), ['Buyer']);
  assert.deepEqual((await collected(management.users.permissions.list(user))).map((one) => one.permission_name), ['read:orders']);
  assert.deepEqual((await collected(management.roles.users.list(role))).map((one) => one.user_id), [user]);
  await assert.rejects(management.roles.create({ name: 'Buyer' }, ONCE), Management.ConflictError);
});

test('an organization has members, connections and discovery domains', async () => {
  const { id: organization } = await management.organizations.create({ name: 'acme', display_name: 'Acme' });
  const { user_id: user } = await createUser('member@acme.example');
  const [connection] = await collected(management.connections.list({ strategy: ['auth0'] }));
  await management.organizations.enabledConnections.add(organization, { connection_id: connection.id });
  await management.organizations.members.create(organization, { members: [user] });
  await management.organizations.discoveryDomains.create(organization, { domain: 'acme.example' });
  assert.deepEqual((await collected(management.organizations.members.list(organization))).map((one) => one.user_id), [user]);
  assert.equal((await management.organizations.getByName('acme')).id, organization);
  assert.deepEqual((await collected(management.organizations.discoveryDomains.list(organization))).map((one) => one.domain), ['acme.example']);
  assert.deepEqual((await collected(management.organizations.connections.list(organization))).map((one) => one.connection_id), [connection.id]);
});

test('an application proves itself by a secret, or by a key of its own', async () => {
  const { client_id: id, client_secret: first } = await management.clients.create({ name: 'Worker', app_type: 'non_interactive' });
  const { client_secret: second } = await management.clients.rotateSecret(id);
  assert.notEqual(first, second);
  const pem = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ type: 'spki', format: 'pem' });
  const { id: credential } = await management.clients.credentials.create(id, { credential_type: 'public_key', name: 'key', pem });
  const methods = { private_key_jwt: { credentials: [{ id: credential }] } };
  const changed = await management.clients.update(id, { client_authentication_methods: methods, token_endpoint_auth_method: null });
  assert.equal(changed.client_secret, undefined);
  assert.deepEqual((await management.clients.credentials.list(id)).map((one) => one.name), ['key']);
  await management.clientGrants.create({ client_id: id, audience: API, scope: ['read:orders'] });
  const byOldSecret = new AuthenticationClient({ domain, clientId: id, clientSecret: second });
  await assert.rejects(byOldSecret.oauth.clientCredentialsGrant({ audience: API }), AuthApiError);
});

test('a connection is enabled for an application', async () => {
  const { client_id: client } = await management.clients.create({ name: 'Shop', app_type: 'regular_web' });
  const { id } = await management.connections.create({ name: 'staff', strategy: 'auth0' });
  await management.connections.clients.update(id, [{ client_id: client, status: true }]);
  assert.ok((await collected(management.connections.clients.get(id))).some((one) => one.client_id === client));
});

test('logs are read from a checkpoint', async () => {
  const first = (await collected(management.logs.list({ per_page: 1, sort: 'date:1' })))[0];
  await management.roles.create({ name: 'Logged' });
  const later = await management.logs.list({ from: first.log_id, take: 100 });
  const created = (later.data ?? later).filter((log) => log.type === 'sapi' && log.description === 'Create a role');
  assert.ok(created.some((log) => log.details.request.body.name === 'Logged'));
  assert.equal((await management.logs.get(first.log_id)).log_id, first.log_id);
});

test('an event stream keeps what it could not deliver', async () => {
  const webhook_authorization = { method: 'bearer', token: 'a-token' };
  const configuration = { webhook_endpoint: 'http://127.0.0.1:9/nobody', webhook_authorization };
  const stream = { name: 'Users', subscriptions: [{ event_type: 'user.created' }], destination: { type: 'webhook', configuration } };
  const { id, destination } = await management.eventStreams.create(stream);
  assert.equal(destination.configuration.webhook_authorization.token, undefined);
  await management.eventStreams.test(id, { event_type: 'user.created' });
  const [failed] = await until(async () => {
    const found = await collected(management.eventStreams.deliveries.list(id, {}));
    return found.length > 0 && found;
  });
  assert.equal((await management.eventStreams.deliveries.getHistory(id, failed.id)).event_type, 'user.created');
});

test('tickets are links of the tenant', async () => {
  const { user_id } = await createUser('ticket@example.com');
  const verification = await management.tickets.verifyEmail({ user_id });
  const change = await management.tickets.changePassword({ user_id });
  assert.ok(verification.ticket.startsWith(`https://${domain}/`) && change.ticket.startsWith(`https://${domain}/`));
});

test('users go out and come in as files', async () => {
  const [connection] = await collected(management.connections.list({ name: CONNECTION }));
  const users = new Blob([JSON.stringify([{ email: 'imported@example.com' }])], { type: 'application/json' });
  const incoming = await management.jobs.usersImports.create({ users, connection_id: connection.id });
  const outgoing = await management.jobs.usersExports.create({ connection_id: connection.id, format: 'json' });
  for (const { id } of [incoming, outgoing]) await until(async () => (await management.jobs.get(id)).status === 'completed');
  assert.equal((await management.users.listUsersByEmail({ email: 'imported@example.com' })).length, 1);
  assert.ok((await management.jobs.get(outgoing.id)).location.startsWith('https://'));
});

test('settings are read, changed and checked', async () => {
  await management.tenants.settings.update({ friendly_name: 'Orders', session_lifetime_in_minutes: 90 });
  const settings = await management.tenants.settings.get();
  assert.deepEqual([settings.friendly_name, settings.session_lifetime], ['Orders', 1.5]);
  await management.attackProtection.bruteForceProtection.update({ max_attempts: 20 });
  assert.equal((await management.attackProtection.bruteForceProtection.get()).max_attempts, 20);
  await assert.rejects(management.branding.update({ logo_url: 7 }, ONCE), Management.BadRequestError);
  await assert.rejects(management.emails.provider.get({}, ONCE), Management.NotFoundError);
});

test('an error tells code and words of the vendor', async () => {
  const refused = await management.users.create({ connection: CONNECTION, email: 'no address' }, ONCE).catch((error) => error);
  assert.ok(refused instanceof Management.BadRequestError);
  assert.deepEqual([refused.statusCode, refused.body.errorCode], [400, 'invalid_body']);
  const nobody = new ManagementClient({ domain, token: 'no-token' });
  await assert.rejects(nobody.users.list({}, ONCE), Management.UnauthorizedError);
});

test('people sign up, log in, stay logged in and log out', async () => {
  const grants = ['http://auth0.com/oauth/grant-type/password-realm', 'password', 'refresh_token'];
  await management.resourceServers.create({ identifier: `${API}/v2`, name: 'Orders v2', allow_offline_access: true });
  const shop = await management.clients.create({ name: 'Kiosk', app_type: 'regular_web', grant_types: grants });
  const authentication = new AuthenticationClient({ domain, clientId: shop.client_id, clientSecret: shop.client_secret });
  const person = { email: 'eve@example.com', password: PASSWORD };
  assert.equal((await authentication.database.signUp({ connection: CONNECTION, ...person })).data.email, person.email);
  await authentication.database.changePassword({ connection: CONNECTION, email: person.email });
  const wanted = { username: person.email, realm: CONNECTION, scope: 'openid email offline_access', audience: `${API}/v2` };
  const { data: tokens } = await authentication.oauth.passwordGrant({ ...wanted, password: PASSWORD });
  const { data: again } = await authentication.oauth.refreshTokenGrant({ refresh_token: tokens.refresh_token });
  assert.ok(again.access_token);
  const { data: profile } = await new UserInfoClient({ domain }).getUserInfo(again.access_token);
  assert.equal(profile.email, person.email);
  await authentication.oauth.revokeRefreshToken({ token: tokens.refresh_token });
  const ended = await authentication.oauth.refreshTokenGrant({ refresh_token: tokens.refresh_token }).catch((error) => error);
  assert.ok(ended instanceof AuthApiError);
  assert.deepEqual([ended.statusCode, ended.error], [403, 'invalid_grant']);
  const wrong = await authentication.oauth.passwordGrant({ ...wanted, password: 'wrong' }).catch((error) => error);
  assert.deepEqual([wrong.statusCode, wrong.error], [403, 'invalid_grant']);
  await assert.rejects(new UserInfoClient({ domain }).getUserInfo('no-token'), { statusCode: 401 });
});

test('an application gets a token of its own', async () => {
  const own = new AuthenticationClient({ domain, clientId, clientSecret });
  const { data } = await own.oauth.clientCredentialsGrant({ audience: `https://${domain}/api/v2/` });
  assert.equal(data.token_type, 'Bearer');
  assert.ok(data.expires_in > 0);
});

test('too many requests are a typed error with the time to come back', async () => {
  const limit = (settings) => fetch(`${CONTROL_URL}/auth0/settings`, { method: 'POST', body: JSON.stringify(settings), signal: AbortSignal.timeout(10_000) });
  assert.equal((await limit({ enforce_rate_limit: true, rate_limit_per_second: 1, rate_limit_burst: 1 })).status, 200);
  const outcomes = await Promise.allSettled(Array.from({ length: 5 }, () => management.users.list({}, ONCE)));
  await limit({ enforce_rate_limit: false });
  const refused = outcomes.find((outcome) => outcome.status === 'rejected').reason;
  assert.ok(refused instanceof Management.TooManyRequestsError);
  assert.equal(refused.body.errorCode, 'too_many_requests');
  assert.ok(Number(refused.rawResponse.headers.get('x-ratelimit-reset')) > 0);
});

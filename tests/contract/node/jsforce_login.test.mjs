// How jsforce 3 logs in to the org: web server flow with PKCE, refresh with rotation, password, JWT access tokens, identity,
// user info, revocation, the renewal of a session that ended, and login and logout over SOAP.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import jsforce from 'jsforce';
import { Browser } from './org_browser.mjs';

const { ORG_URL, CLIENT_ID, CLIENT_SECRET, ROTATING_ID, ROTATING_SECRET, JWT_ID, JWT_SECRET, USERNAME, PASSWORD, CONTROL_URL } =
  process.env;
const CALLBACK = 'https://shop.example/callback';
const VERSION = '62.0';
const ended = { name: 'invalid_grant', message: 'expired access/refresh token' };

const app = (clientId, clientSecret, options = {}) =>
  new jsforce.OAuth2({ loginUrl: ORG_URL, clientId, clientSecret, redirectUri: CALLBACK, ...options });

async function connect(oauth2, parameters = {}) {
  const conn = new jsforce.Connection({ oauth2, loginUrl: ORG_URL, instanceUrl: ORG_URL, version: VERSION });
  const url = oauth2.getAuthorizationUrl({ state: 's1', ...parameters });
  const returned = await new Browser(ORG_URL).authorize(url, USERNAME, PASSWORD);
  assert.equal(returned.searchParams.get('state'), 's1');
  const user = await conn.authorize(returned.searchParams.get('code'));
  return { conn, user };
}

test('a person logs in, and the connection works as that person', async () => {
  const { conn, user } = await connect(app(CLIENT_ID, CLIENT_SECRET, { useVerifier: true }), { scope: 'api refresh_token id' });
  assert.equal(conn.instanceUrl, ORG_URL);
  assert.deepEqual([conn.userInfo.id, conn.userInfo.organizationId], [user.id, user.organizationId]);

  const lead = await conn.sobject('Lead').create({ LastName: 'Byron', Company: 'Engines' });
  const { CreatedById } = await conn.sobject('Lead').retrieve(lead.id);
  assert.equal(CreatedById, user.id);
});

test('a code without the verifier that it was asked for with is refused', async () => {
  const oauth2 = app(CLIENT_ID, CLIENT_SECRET, { useVerifier: true });
  const returned = await new Browser(ORG_URL).authorize(oauth2.getAuthorizationUrl({}), USERNAME, PASSWORD);
  oauth2.codeVerifier = undefined;

  await assert.rejects(oauth2.requestToken(returned.searchParams.get('code')), {
    name: 'invalid_grant',
    message: 'invalid code verifier',
  });
});

test('identity and user info tell who is logged in', async () => {
  const { conn, user } = await connect(app(CLIENT_ID, CLIENT_SECRET));
  const identity = await conn.identity();
  assert.deepEqual([identity.username, identity.user_id, identity.display_name], [USERNAME, user.id, 'Ada Byron']);

  const info = await conn.requestGet('/services/oauth2/userinfo');
  assert.deepEqual([info.sub, info.preferred_username], [identity.id, USERNAME]);
});

test('identity is found with nothing but a token', async () => {
  const { conn } = await connect(app(CLIENT_ID, CLIENT_SECRET));
  const bare = new jsforce.Connection({ instanceUrl: ORG_URL, accessToken: conn.accessToken, version: VERSION });

  assert.equal((await bare.identity()).username, USERNAME);
});

test('a session that ended is renewed by the refresh token', async () => {
  const { conn } = await connect(app(CLIENT_ID, CLIENT_SECRET));
  const before = conn.accessToken;
  await conn.oauth2.revokeToken(before);

  const limits = await conn.limits();

  assert.ok(limits.DailyApiRequests.Max > 0);
  assert.notEqual(conn.accessToken, before);
});

test('identity asked with a token that ended is refused, which renews nothing', async () => {
  const { conn } = await connect(app(CLIENT_ID, CLIENT_SECRET));
  await conn.oauth2.revokeToken(conn.accessToken);

  await assert.rejects(conn.identity(), { message: 'Bad_OAuth_Token' });
});

test('rotated refresh tokens end with the first that is used twice', async () => {
  const { conn } = await connect(app(ROTATING_ID, ROTATING_SECRET));
  const { oauth2, refreshToken: first } = conn;
  const second = await oauth2.refreshToken(first);
  assert.notEqual(second.refresh_token, first);

  await assert.rejects(oauth2.refreshToken(first), ended);
  await assert.rejects(oauth2.refreshToken(second.refresh_token), ended);
});

test('revoking the refresh token logs out for good', async () => {
  const { conn } = await connect(app(CLIENT_ID, CLIENT_SECRET));
  const { refreshToken } = conn;

  await conn.logoutByOAuth2(true);

  await assert.rejects(app(CLIENT_ID, CLIENT_SECRET).refreshToken(refreshToken), ended);
  await assert.rejects(app(CLIENT_ID, CLIENT_SECRET).revokeToken(refreshToken), { name: 'invalid_token' });
});

test('access tokens that are JSON Web Tokens open the API', async () => {
  const { conn } = await connect(app(JWT_ID, JWT_SECRET));
  assert.equal(conn.accessToken.split('.').length, 3);

  assert.equal((await conn.query('SELECT Id FROM Contact')).totalSize, 0);
});

test('user name and password are enough for an app that may', async () => {
  const conn = new jsforce.Connection({ oauth2: app(JWT_ID, JWT_SECRET), instanceUrl: ORG_URL, version: VERSION });
  const user = await conn.loginByOAuth2(USERNAME, PASSWORD);
  assert.ok(user.id.startsWith('005'));

  await assert.rejects(conn.loginByOAuth2(USERNAME, 'guess'), { name: 'invalid_grant', message: 'authentication failure' });
});

test('a script logs in and out over SOAP with user name and password', async () => {
  const conn = new jsforce.Connection({ loginUrl: ORG_URL, version: VERSION });
  const user = await conn.login(USERNAME, PASSWORD);
  assert.equal(conn.instanceUrl, ORG_URL);
  assert.equal((await conn.identity()).user_id, user.id);

  const { accessToken } = conn;
  await conn.logout();
  const stale = new jsforce.Connection({ instanceUrl: ORG_URL, accessToken, version: VERSION });
  await assert.rejects(stale.limits(), { errorCode: 'INVALID_SESSION_ID' });
  await assert.rejects(conn.login(USERNAME, 'guess'), /INVALID_LOGIN: Invalid username, password, security token/);
});

test('a refusal that was ordered reaches the client in the vendor\'s words', async () => {
  const order = JSON.stringify({ reason: 'ip_restricted' });
  await fetch(`${CONTROL_URL}/salesforce/token-refusals`, { method: 'POST', body: order });

  await assert.rejects(app(CLIENT_ID, CLIENT_SECRET).refreshToken('any'), {
    name: 'invalid_grant',
    message: 'ip restricted or invalid login hours',
  });
});

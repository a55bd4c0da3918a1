// What openid-client does with the org: discovery, web server flow with PKCE and nonce, id tokens checked with the published
// keys, user info, refresh with rotation, introspection, revocation, logout, and four ways for an app to prove itself.
import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import * as oidc from 'openid-client';
import { Browser } from './org_browser.mjs';

const { ORG_URL, ROTATING_ID, ROTATING_SECRET, PUBLIC_ID, PRIVATE_KEY_FILE, USERNAME, PASSWORD } = process.env;
const CALLBACK = 'https://shop.example/callback';
const issuer = new URL(ORG_URL);
const web = await oidc.discovery(issuer, ROTATING_ID, ROTATING_SECRET);
const pem = readFileSync(PRIVATE_KEY_FILE);
const der = createPrivateKey(pem).export({ format: 'der', type: 'pkcs8' });
const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
const key = await crypto.subtle.importKey('pkcs8', der, algorithm, false, ['sign']);

async function logIn(config, parameters = {}, browser = new Browser(ORG_URL)) {
  const checks = {
    pkceCodeVerifier: oidc.randomPKCECodeVerifier(),
    expectedState: oidc.randomState(),
    expectedNonce: oidc.randomNonce(),
  };
  const url = oidc.buildAuthorizationUrl(config, {
    redirect_uri: CALLBACK,
    scope: 'openid profile email api refresh_token',
    code_challenge: await oidc.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: checks.expectedState,
    nonce: checks.expectedNonce,
    ...parameters,
  });
  const returned = await browser.authorize(url, USERNAME, PASSWORD);
  return oidc.authorizationCodeGrant(config, returned, checks);
}

test('discovery describes the org', () => {
  const metadata = web.serverMetadata();
  assert.equal(metadata.issuer, ORG_URL);
  assert.equal(metadata.introspection_endpoint, `${ORG_URL}/services/oauth2/introspect`);
  assert.deepEqual(metadata.token_endpoint_auth_methods_supported, [
    'client_secret_post',
    'client_secret_basic',
    'private_key_jwt',
  ]);
});

test('a person logs in and the app reads who it is', async () => {
  oidc.enableNonRepudiationChecks(web);
  const tokens = await logIn(web);
  const claims = tokens.claims();
  assert.ok(claims.sub.startsWith(`${ORG_URL}/id/00D`));

  const me = await oidc.fetchUserInfo(web, tokens.access_token, claims.sub);
  assert.deepEqual([me.preferred_username, me.name, me.email], [USERNAME, 'Ada Byron', USERNAME]);
});

for (const [name, id, proof] of [
  ['in the form', ROTATING_ID, oidc.ClientSecretPost(ROTATING_SECRET)],
  ['in the header', ROTATING_ID, oidc.ClientSecretBasic(ROTATING_SECRET)],
  ['by an assertion', ROTATING_ID, oidc.PrivateKeyJwt(key)],
  ['by nothing, as an app in a browser', PUBLIC_ID, oidc.None()],
]) {
  test(`an app proves itself ${name}`, async () => {
    const config = await oidc.discovery(issuer, id, {}, proof);
    const tokens = await logIn(config);
    assert.ok(tokens.id_token);
    assert.ok((await oidc.refreshTokenGrant(config, tokens.refresh_token)).access_token);
  });
}

test('refresh tokens rotate, and a used one ends them all', async () => {
  const first = await logIn(web);
  const second = await oidc.refreshTokenGrant(web, first.refresh_token);
  assert.notEqual(second.refresh_token, first.refresh_token);
  assert.equal(second.claims().sub, first.claims().sub);

  const refused = { error: 'invalid_grant', error_description: 'expired access/refresh token' };
  await assert.rejects(oidc.refreshTokenGrant(web, first.refresh_token), refused);
  await assert.rejects(oidc.refreshTokenGrant(web, second.refresh_token), refused);
});

test('tokens are looked into until they are revoked', async () => {
  const tokens = await logIn(web);
  const seen = await oidc.tokenIntrospection(web, tokens.access_token);
  assert.deepEqual([seen.active, seen.username, seen.client_id, seen.token_type], [true, USERNAME, ROTATING_ID, 'access_token']);

  await oidc.tokenRevocation(web, tokens.refresh_token);

  assert.deepEqual(await oidc.tokenIntrospection(web, tokens.access_token), { active: false });
  // The org refuses in a form, as the vendor does unless JSON is asked for, and this client asks for nothing.
  await assert.rejects(oidc.tokenRevocation(web, tokens.refresh_token), { code: 'OAUTH_RESPONSE_IS_NOT_JSON' });
});

test('a code works once, and only with its verifier', async () => {
  const browser = new Browser(ORG_URL);
  const pkceCodeVerifier = oidc.randomPKCECodeVerifier();
  const url = oidc.buildAuthorizationUrl(web, {
    redirect_uri: CALLBACK,
    scope: 'openid',
    code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
  });
  const returned = await browser.authorize(url, USERNAME, PASSWORD);
  await oidc.authorizationCodeGrant(web, returned, { pkceCodeVerifier });

  await assert.rejects(oidc.authorizationCodeGrant(web, returned, { pkceCodeVerifier }), {
    error: 'invalid_grant',
    error_description: 'expired authorization code',
  });
});

test('a browser that is logged in is asked nothing, until it logs out', async () => {
  const browser = new Browser(ORG_URL);
  const first = await logIn(web, {}, browser);
  const second = await logIn(web, { immediate: 'true' }, browser);
  assert.equal(second.claims().sub, first.claims().sub);

  const bye = oidc.buildEndSessionUrl(web, { post_logout_redirect_uri: 'https://shop.example/bye', state: 's1' });
  assert.equal((await browser.open(bye)).href, 'https://shop.example/bye?state=s1');
  await assert.rejects(logIn(web, { immediate: 'true' }, browser), { error: 'immediate_unsuccessful' });
});

// A login with openid-client whose Action adds a claim that it fetched over TLS from the tenant itself.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as oidc from 'openid-client';

const { TENANT_URL, CLIENT_ID, CLIENT_SECRET, EMAIL, PASSWORD } = process.env;
const CALLBACK = 'https://shop.example/callback';
const config = await oidc.discovery(new URL(TENANT_URL), CLIENT_ID, CLIENT_SECRET);

// Open the login page, fill it in, and return where the application is called back.
async function logIn(url) {
  const cookies = new Map();
  const send = async (target, init = {}) => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(target, { ...init, redirect: 'manual', headers: { cookie }, signal: AbortSignal.timeout(10_000) });
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = line.match(/^([^=]+)=([^;]*)/);
      cookies.set(name, value);
    }
    return response;
  };
  const page = new URL((await send(url)).headers.get('location'), TENANT_URL);
  const body = new URLSearchParams({ action: 'default', username: EMAIL, password: PASSWORD });
  return new URL((await send(page, { method: 'POST', body })).headers.get('location'));
}

test('the claim of an Action is in the ID token and in the answer of userinfo', async () => {
  const checks = { pkceCodeVerifier: oidc.randomPKCECodeVerifier(), expectedState: oidc.randomState() };
  const url = oidc.buildAuthorizationUrl(config, {
    redirect_uri: CALLBACK,
    scope: 'openid email',
    code_challenge: await oidc.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: checks.expectedState,
  });

  const tokens = await oidc.authorizationCodeGrant(config, await logIn(url), checks);

  const claims = tokens.claims();
  assert.equal(claims['https://shop.example/issuer'], `${TENANT_URL}/`);
  const me = await oidc.fetchUserInfo(config, tokens.access_token, claims.sub);
  assert.equal(me['https://shop.example/issuer'], `${TENANT_URL}/`);
});

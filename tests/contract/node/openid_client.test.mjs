// What openid-client does with the tenant: discovery, code flow with PKCE through the login page, userinfo, refresh with
// rotation, second login by session, silent login, client credentials, revocation, logout.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as oidc from 'openid-client';

const { TENANT_URL, CLIENT_ID, CLIENT_SECRET, PUBLIC_CLIENT_ID, AUDIENCE, EMAIL, PASSWORD } = process.env;
const CALLBACK = 'https://shop.example/callback';
const web = await oidc.discovery(new URL(TENANT_URL), CLIENT_ID, CLIENT_SECRET);
const singlePage = await oidc.discovery(new URL(TENANT_URL), PUBLIC_CLIENT_ID, undefined, oidc.None());

// A browser without scripts: cookies, redirects within the tenant, and the form of the page it is on.
class Browser {
  cookies = new Map();

  async open(url, init = {}) {
    let response = await this.#send(url, init);
    while (response.status === 302) {
      const target = new URL(response.headers.get('location'), this.url);
      if (target.origin !== new URL(TENANT_URL).origin) return target;
      response = await this.#send(target);
    }
    this.page = await response.text();
    return this.page;
  }

  submit(fields) {
    const action = this.page.match(/<form method="post" action="([^"]+)"/)[1];
    const body = new URLSearchParams({ action: 'default', ...fields });
    return this.open(new URL(action, this.url), { method: 'POST', body });
  }

  async #send(url, init = {}) {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, { ...init, redirect: 'manual', headers: { cookie }, signal: AbortSignal.timeout(10_000) });
    this.url = url;
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = line.match(/^([^=]+)=([^;]*)/);
      this.cookies.set(name, value);
    }
    return response;
  }
}

// Send the browser to log in; returns where it came back and what to check the answer against.
async function start(config, browser, parameters = {}) {
  const checks = {
    pkceCodeVerifier: oidc.randomPKCECodeVerifier(),
    expectedState: oidc.randomState(),
    expectedNonce: oidc.randomNonce(),
  };
  const url = oidc.buildAuthorizationUrl(config, {
    redirect_uri: CALLBACK,
    scope: 'openid profile email offline_access',
    code_challenge: await oidc.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: checks.expectedState,
    nonce: checks.expectedNonce,
    ...parameters,
  });
  return { shown: await browser.open(url), checks };
}

async function logIn(config, browser, parameters) {
  const { checks } = await start(config, browser, parameters);
  const returned = await browser.submit({ username: EMAIL, password: PASSWORD });
  return oidc.authorizationCodeGrant(config, returned, checks);
}

test('discovery describes the tenant', () => {
  const metadata = web.serverMetadata();
  assert.equal(metadata.issuer, `${TENANT_URL}/`);
  assert.ok(metadata.supportsPKCE());
  assert.equal(metadata.end_session_endpoint, `${TENANT_URL}/oidc/logout`);
});

for (const [name, config] of [['a client with a secret', web], ['a public client', singlePage]]) {
  test(`${name} logs a person in and reads who it is`, async () => {
    const tokens = await logIn(config, new Browser());
    const claims = tokens.claims();
    assert.equal(claims.email, EMAIL);

    const me = await oidc.fetchUserInfo(config, tokens.access_token, claims.sub);
    assert.deepEqual([me.sub, me.email, me.name], [claims.sub, EMAIL, 'Ada Lovelace']);
  });
}

test('a client may authenticate in the header', async () => {
  const basic = await oidc.discovery(new URL(TENANT_URL), CLIENT_ID, {}, oidc.ClientSecretBasic(CLIENT_SECRET));
  assert.ok((await logIn(basic, new Browser())).id_token);
});

test('a code works once', async () => {
  const browser = new Browser();
  const { checks } = await start(web, browser);
  const returned = await browser.submit({ username: EMAIL, password: PASSWORD });
  await oidc.authorizationCodeGrant(web, returned, checks);

  await assert.rejects(oidc.authorizationCodeGrant(web, returned, checks), {
    error: 'invalid_grant',
    error_description: 'Invalid authorization code',
  });
});

test('refresh tokens rotate, and a used one ends them all', async () => {
  const first = await logIn(web, new Browser());
  const second = await oidc.refreshTokenGrant(web, first.refresh_token);
  assert.notEqual(second.refresh_token, first.refresh_token);
  assert.equal(second.claims().sub, first.claims().sub);

  const refused = { error: 'invalid_grant', error_description: 'Unknown or invalid refresh token.' };
  await assert.rejects(oidc.refreshTokenGrant(web, first.refresh_token), refused);
  await assert.rejects(oidc.refreshTokenGrant(web, second.refresh_token), refused);
});

test('a session spares the password, and its age can be limited', async () => {
  const browser = new Browser();
  const first = await logIn(web, browser);

  const { shown, checks } = await start(web, browser, { prompt: 'none' });
  const second = await oidc.authorizationCodeGrant(web, shown, checks);
  assert.equal(second.claims().sid, first.claims().sid);

  const again = await start(web, browser, { max_age: '0' });
  assert.match(again.shown, /Log in to/);
  const returned = await browser.submit({ username: EMAIL, password: PASSWORD });
  const third = await oidc.authorizationCodeGrant(web, returned, { ...again.checks, maxAge: 10 });
  assert.ok(third.claims().auth_time > 0);
});

test('a silent login without a session is refused in the standard words', async () => {
  const { shown, checks } = await start(web, new Browser(), { prompt: 'none' });

  await assert.rejects(oidc.authorizationCodeGrant(web, shown, checks), { error: 'login_required' });
});

test('the answer may come as a form', async () => {
  const browser = new Browser();
  const { checks } = await start(web, browser, { response_mode: 'form_post' });
  const page = await browser.submit({ username: EMAIL, password: PASSWORD });
  const fields = [...page.matchAll(/name="([^"]+)" value="([^"]*)"/g)].map(([, name, value]) => [name, value]);
  const request = new Request(CALLBACK, { method: 'POST', body: new URLSearchParams(fields) });

  assert.equal((await oidc.authorizationCodeGrant(web, request, checks)).claims().email, EMAIL);
});

test('an API gets its own token', async () => {
  const tokens = await logIn(web, new Browser(), { audience: AUDIENCE, scope: 'openid read:orders' });
  const claims = JSON.parse(Buffer.from(tokens.access_token.split('.')[1], 'base64url'));
  assert.deepEqual(claims.aud, [AUDIENCE, `${TENANT_URL}/userinfo`]);
  assert.equal(claims.scope, 'openid read:orders');
});

test('an application gets a token in its own name', async () => {
  const tokens = await oidc.clientCredentialsGrant(web, { audience: AUDIENCE });
  assert.equal(tokens.scope, 'read:orders');
  await assert.rejects(oidc.clientCredentialsGrant(web, { audience: 'https://nobody.example' }), { error: 'access_denied' });
});

test('a revoked refresh token is worth nothing', async () => {
  const tokens = await logIn(web, new Browser());
  await oidc.tokenRevocation(web, tokens.refresh_token);
  await assert.rejects(oidc.refreshTokenGrant(web, tokens.refresh_token), { error: 'invalid_grant' });
});

test('logging out ends the session', async () => {
  const browser = new Browser();
  const tokens = await logIn(web, browser);
  const url = oidc.buildEndSessionUrl(web, {
    id_token_hint: tokens.id_token,
    post_logout_redirect_uri: 'https://shop.example/bye',
    state: 's1',
  });

  assert.equal((await browser.open(url)).href, 'https://shop.example/bye?state=s1');
  const { shown } = await start(web, browser, { prompt: 'none' });
  assert.equal(shown.searchParams.get('error'), 'login_required');
});

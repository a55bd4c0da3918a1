// The vendor's `api` objects, by trigger. Calls are noted in `Effects`; each returns the object itself, for chains.
import { signToken, verifyToken } from './tokens.mjs';

const TOKEN_SECONDS = 900;
// Called for other protocols than the sandbox speaks, and without effect on the ones it does.
const SAML_SETTERS = [
  'Attribute', 'Audience', 'Cert', 'CreateUpnClaim', 'Destination', 'DigestAlgorithm', 'EncryptionAlgorithm',
  'EncryptionCert', 'EncryptionPublicKey', 'IncludeAttributeNameFormat', 'Issuer', 'Key', 'LifetimeInSeconds',
  'MapIdentities', 'MapUnknownClaimsAsIs', 'NameIdentifierFormat', 'NameIdentifierProbes',
  'PassthroughClaimsWithNoMapping', 'Recipient', 'RelayState', 'SignResponse', 'SignatureAlgorithm', 'SigningCert',
  'TypedAttributes', 'AuthnContextClassRef',
];
const MISSING = {
  prompt: ['render'],
  refreshToken: ['setExpiresAt', 'setIdleExpiresAt', 'setMetadata', 'deleteMetadata', 'evictMetadata'],
  session: ['setExpiresAt', 'setIdleExpiresAt', 'setCookieMode', 'setMetadata', 'deleteMetadata', 'evictMetadata'],
};

export function makeApi(job, event, effects) {
  const api = { cache: effects.cache };
  const build = { 'post-login': postLogin, 'pre-user-registration': preUserRegistration };
  build['credentials-exchange'] = credentialsExchange;
  build[job.trigger]?.(api, job, event, effects);
  return api;
}

function postLogin(api, job, event, effects) {
  api.access = { deny: (reason) => deny(api, effects, { reason }) };
  api.accessToken = {
    setCustomClaim: (name, value) => put(api, effects.accessToken, name, value),
    addScope: (scope) => put(api, effects.scopes, scope, true),
    removeScope: (scope) => put(api, effects.scopes, scope, false),
  };
  api.idToken = { setCustomClaim: (name, value) => put(api, effects.idToken, name, value) };
  api.user = metadataSetters(api, effects);
  api.multifactor = {
    enable: (provider, options = {}) => Object.assign(effects, { multifactor: { provider, options } }) && api,
  };
  api.authentication = authentication(api, job, effects);
  api.redirect = redirect(job, event, effects, api);
  api.rules = { wasExecuted: () => false };
  api.validation = { error: (code, message) => deny(api, effects, { code, reason: message }) };
  api.session = {
    revoke(reason, { preserveRefreshTokens = false } = {}) {
      Object.assign(effects, { revokeSession: true, revokeRefreshTokens: !preserveRefreshTokens });
      return deny(api, effects, { reason });
    },
  };
  api.refreshToken = {
    revoke(reason) {
      effects.revokeRefreshTokens = true;
      return deny(api, effects, { reason });
    },
  };
  api.samlResponse = Object.fromEntries(SAML_SETTERS.map((name) => [`set${name}`, () => api]));
  api.transaction = {
    setMetadata(name, value) {
      if (value === null) delete event.transaction.metadata[name];
      else event.transaction.metadata[name] = value;
      return put(api, effects.transactionMetadata, name, value);
    },
  };
  for (const [object, names] of Object.entries(MISSING)) {
    api[object] ??= {};
    for (const name of names) api[object][name] = () => refuse(`api.${object}.${name}`);
  }
}

function preUserRegistration(api, job, event, effects) {
  api.access = { deny: (reason, userMessage) => deny(api, effects, { reason, userMessage }) };
  api.user = metadataSetters(api, effects);
  api.validation = {
    error: (code, message) => deny(api, effects, { code, reason: code, userMessage: message }),
  };
}

function credentialsExchange(api, job, event, effects) {
  api.access = { deny: (code, reason) => deny(api, effects, { code, reason: reason ?? code }) };
  api.accessToken = { setCustomClaim: (name, value) => put(api, effects.accessToken, name, value) };
}

function authentication(api, job, effects) {
  const demand = (kind, first, more = []) => {
    effects.factor = { kind, types: [first, ...more].map((factor) => factor.type) };
    return api;
  };
  return {
    challengeWith: (factor, options) => demand('challenge', factor, options?.additionalFactors),
    challengeWithAny: ([first, ...more]) => demand('challenge', first, more),
    enrollWith: (factor, options) => demand('enrollment', factor, options?.additionalFactors),
    enrollWithAny: ([first, ...more]) => demand('enrollment', first, more),
    setPrimaryUser(userId) {
      if (effects.primaryUser !== null) throw new Error('setPrimaryUser can be called once per transaction');
      effects.primaryUser = userId;
      return api;
    },
    recordMethod(url) {
      if (!job.resumes) throw new Error('api.authentication.recordMethod is only available in onContinuePostLogin');
      effects.methods.push(url);
      return api;
    },
  };
}

function redirect(job, event, effects, api) {
  return {
    canRedirect: () => job.canRedirect,
    encodeToken({ secret, payload, expiresInSeconds = TOKEN_SECONDS }) {
      const now = Math.floor(Date.now() / 1000);
      const own = { iat: now, exp: now + expiresInSeconds, iss: event.request.hostname, ip: event.request.ip };
      return signToken({ ...own, sub: event.user.user_id, ...payload }, secret);
    },
    sendUserTo(url, { query = {} } = {}) {
      const target = new URL(url);
      for (const [name, value] of Object.entries(query)) target.searchParams.set(name, value);
      effects.redirect = { url: target.href };
      return api;
    },
    validateToken({ secret, tokenParameterName = 'session_token' }) {
      const token = event.request.body?.[tokenParameterName] ?? event.request.query?.[tokenParameterName];
      return verifyToken(token, secret, job.state);
    },
  };
}

function metadataSetters(api, effects) {
  return {
    setUserMetadata: (name, value) => put(api, effects.userMetadata, name, value),
    setAppMetadata: (name, value) => put(api, effects.appMetadata, name, value),
  };
}

// `undefined` takes back what was set before.
function put(api, values, name, value) {
  if (value === undefined) delete values[name];
  else values[name] = value;
  return api;
}

function deny(api, effects, denied) {
  effects.denied ??= { code: null, userMessage: null, ...denied };
  return api;
}

function refuse(name) {
  throw new Error(`${name} is not emulated by this sandbox`);
}

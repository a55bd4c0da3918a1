// The signed tokens (HS256) that travel with a redirect, there and back.
import { createHmac, timingSafeEqual } from 'node:crypto';

const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
const signature = (text, secret) => createHmac('sha256', secret).update(text).digest();

export function signToken(claims, secret) {
  const text = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
  return `${text}.${signature(text, secret).toString('base64url')}`;
}

// Return the claims of a token, or throw when it is another secret's, expired, or of another login.
export function verifyToken(token, secret, state) {
  const parts = String(token ?? '').split('.');
  if (parts.length !== 3) throw new Error('The session token is invalid: it is no JWT');
  const given = Buffer.from(parts[2], 'base64url');
  const expected = signature(`${parts[0]}.${parts[1]}`, secret);
  if (JSON.parse(Buffer.from(parts[0], 'base64url')).alg !== 'HS256' || given.length !== expected.length) {
    throw new Error('The session token is invalid: invalid signature');
  }
  if (!timingSafeEqual(given, expected)) throw new Error('The session token is invalid: invalid signature');
  const claims = JSON.parse(Buffer.from(parts[1], 'base64url'));
  if (typeof claims.exp === 'number' && claims.exp <= Date.now() / 1000) {
    throw new Error('The session token is invalid: jwt expired');
  }
  if (claims.state !== state) throw new Error('The session token is invalid: state mismatch');
  return claims;
}

// What the Actions of one execution asked for so far. Nothing of it happens here: the tenant does it afterwards.
import { Cache } from './cache.mjs';

export class Effects {
  constructor(job) {
    this.event = job.event;
    this.cache = new Cache(job.cache);
    this.denied = null;
    this.idToken = {};
    this.accessToken = {};
    this.scopes = {};
    this.userMetadata = {};
    this.appMetadata = {};
    this.transactionMetadata = {};
    this.multifactor = null;
    this.redirect = null;
    this.factor = null;
    this.methods = [];
    this.primaryUser = null;
    this.revokeSession = false;
    this.revokeRefreshTokens = false;
  }

  stopsAfterAction() {
    return this.denied !== null || this.redirect !== null || this.factor !== null;
  }

  // Return an event of its own for an Action: with its secrets, and with what the Actions before it have set.
  eventFor({ secrets }) {
    const event = structuredClone(this.event);
    event.secrets = { ...secrets };
    if (event.user) {
      event.user.user_metadata = merged(event.user.user_metadata, this.userMetadata);
      event.user.app_metadata = merged(event.user.app_metadata, this.appMetadata);
    }
    if (event.transaction?.metadata) {
      event.transaction.metadata = merged(event.transaction.metadata, this.transactionMetadata);
    }
    return event;
  }

  toJSON() {
    const { event, cache, ...asked } = this;
    return JSON.parse(JSON.stringify({ ...asked, cache: cache.changes }));
  }
}

// Return an object after changes of its first level, where null takes a key out.
function merged(values, changes) {
  const all = { ...values, ...changes };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== null));
}

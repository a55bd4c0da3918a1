// `api.cache`: values that outlive an execution, within the vendor's limits.
const DAY_MS = 24 * 60 * 60 * 1000;
const MOST_ENTRIES = 20;
const KEY_BYTES = 64;
const VALUE_BYTES = 4 * 1024;
const ALL_BYTES = 8 * 1024;

const bytes = (text) => Buffer.byteLength(text);

export class Cache {
  constructor(records) {
    this.records = new Map(Object.entries(records));
    this.changes = {};
  }

  get(key) {
    const record = this.records.get(key);
    return record && record.expires_at > Date.now() ? { ...record } : undefined;
  }

  set(key, value, { ttl = DAY_MS, expires_at: expiresAt = Infinity } = {}) {
    const refusal = this.#refusal(key, value);
    if (refusal) return { type: 'error', code: refusal };
    const record = { value, expires_at: Math.floor(Math.min(Date.now() + Math.min(ttl, DAY_MS), expiresAt)) };
    this.records.set(key, record);
    this.changes[key] = record;
    return { type: 'success', record: { ...record } };
  }

  delete(key) {
    if (!this.records.delete(key)) return { type: 'error', code: 'CacheKeyDoesNotExist' };
    this.changes[key] = null;
    return { type: 'success' };
  }

  #refusal(key, value) {
    if (typeof key !== 'string' || typeof value !== 'string') return 'InvalidArgument';
    if (bytes(key) > KEY_BYTES) return 'CacheKeySizeExceeded';
    if (bytes(value) > VALUE_BYTES) return 'ItemSizeExceeded';
    const others = [...this.records].filter(([name, record]) => name !== key && record.expires_at > Date.now());
    if (others.length >= MOST_ENTRIES) return 'CacheMaxEntriesExceeded';
    const total = others.reduce((sum, [name, record]) => sum + bytes(name) + bytes(record.value), 0);
    return total + bytes(key) + bytes(value) > ALL_BYTES ? 'CacheSizeExceeded' : null;
  }
}

// Runs once in every new context, before any expression: takes away the clock, randomness, code from text and whatever
// keeps state, then freezes the rest. Afterwards an expression's value depends on nothing but `user`.
"use strict";
(() => {
  const { apply } = Reflect;
  const define = (object, key, value) =>
    Object.defineProperty(object, key, { value, writable: false, enumerable: false, configurable: false });

  // An allow-list, so that a global which a later engine brings stays out until somebody has looked at it. Missing on
  // purpose: eval, Function, Promise, queueMicrotask, performance (clock), WeakRef and FinalizationRegistry (tell when
  // memory is collected), BigInt and the typed arrays (native loops that no time limit can stop), Atomics (waits), Proxy
  // (an array whose length changes while it is looked at).
  const allowed = new Set([
    "Object", "Array", "String", "Number", "Boolean", "Symbol", "Math", "JSON", "Date", "RegExp", "Map", "Set",
    "WeakMap", "WeakSet", "Reflect", "Iterator", "Error", "EvalError", "RangeError", "ReferenceError",
    "SyntaxError", "TypeError", "URIError", "InternalError", "AggregateError", "parseInt", "parseFloat", "isNaN",
    "isFinite", "decodeURI", "decodeURIComponent", "encodeURI", "encodeURIComponent", "escape", "unescape", "btoa",
    "atob", "Infinity", "NaN", "undefined", "globalThis",
  ]);
  const dismissed = [];
  for (const key of Reflect.ownKeys(globalThis)) {
    if (allowed.has(key)) continue;
    dismissed.push(globalThis[key]);
    delete globalThis[key];
  }

  // Functions of every kind lead to a constructor that compiles text.
  const kinds = [() => {}, function* () {}, async () => {}, async function* () {}].map(Object.getPrototypeOf);
  for (const prototype of kinds) delete prototype.constructor;
  for (const key of ["stackTraceLimit", "prepareStackTrace", "captureStackTrace"]) delete Error[key];
  delete RegExp.prototype.compile;
  delete Object.prototype.__proto__;
  delete Math.random;

  // Dates come from data only, and are read in UTC: neither the moment nor the machine's time zone shows.
  const NativeDate = Date;
  const zoned = /(?:\b(?:GMT|UTC?)|\d\d:\d\d[\d:.]*\s*(?:Z|GMT|UTC?|[+-]\d\d:?\d\d))\s*$/i;
  const dateOnly = /^\s*\d{4}(?:-\d\d(?:-\d\d)?)?\s*$/;
  const isoLocal = /^\s*\d{4}-\d\d-\d\dT[\d:.]+\s*$/;
  const parse = (value) => {
    const text = String(value).trim();
    if (dateOnly.test(text) || zoned.test(text)) return NativeDate.parse(text);
    return NativeDate.parse(isoLocal.test(text) ? text + "Z" : text + " UTC");
  };
  const SafeDate = function Date(...parts) {
    if (new.target === undefined) throw new TypeError("Date() tells the time: use new Date(value)");
    if (parts.length === 0) throw new TypeError("new Date() tells the time: expected new Date(value)");
    if (parts.length > 1) return new NativeDate(NativeDate.UTC(...parts));
    const only = parts[0] instanceof NativeDate ? parts[0].getTime() : parts[0];
    return new NativeDate(typeof only === "string" ? parse(only) : Number(only));
  };
  const prototype = NativeDate.prototype;
  for (const key of Reflect.ownKeys(prototype)) {
    if (typeof key !== "string") continue;
    if (/^toLocale|Year$/.test(key) && !/FullYear$/.test(key)) delete prototype[key];
    const universal = key.replace(/^(get|set)/, "$1UTC");
    if (universal !== key && universal in prototype) prototype[key] = prototype[universal];
  }
  prototype.toString = prototype.toISOString;
  prototype.toDateString = function toDateString() { return prototype.toISOString.call(this).slice(0, 10); };
  prototype.toTimeString = function toTimeString() { return prototype.toISOString.call(this).slice(11); };
  prototype.getTimezoneOffset = function getTimezoneOffset() { return 0; };
  define(SafeDate, "prototype", prototype);
  define(SafeDate, "parse", parse);
  define(SafeDate, "UTC", NativeDate.UTC);
  define(prototype, "constructor", SafeDate);
  define(globalThis, "Date", SafeDate);

  // Searching text for text compares at every position without asking the time limit, so its cost is bounded here.
  const comparisons = 1e8;
  const patterns = { split: Symbol.split, replace: Symbol.replace, replaceAll: Symbol.replace };
  for (const name of ["indexOf", "lastIndexOf", "includes", "split", "replace", "replaceAll"]) {
    const native = String.prototype[name];
    const pattern = patterns[name];
    define(String.prototype, name, { [name](search, argument) {
      if (typeof this === "string" && typeof search === "string") {
        if (this.length * search.length > comparisons) throw new RangeError(`${name}: the texts are too long`);
        return native.call(this, search, argument);
      }
      if (this === undefined || this === null) throw new TypeError(`${name} needs a text`);
      if (pattern !== undefined && typeof search === "object" && search !== null) {
        const method = search[pattern];
        if (name === "replaceAll" && search instanceof RegExp && !search.global) {
          throw new TypeError("replaceAll needs a regular expression with the flag g");
        }
        if (method !== undefined && method !== null) return apply(method, search, [String(this), argument]);
      }
      return String(this)[name](String(search), argument);
    } }[name]);
  }

  // These walk an array, or what calls itself one, without asking the time limit either: `new Array(4294967295).join()`.
  const items = 1e6;
  const { isArray } = Array;
  for (const name of ["copyWithin", "fill", "join", "reverse", "shift", "slice", "sort", "splice", "toLocaleString",
                      "toReversed", "toSorted", "toSpliced", "unshift", "with"]) {
    const native = Array.prototype[name];
    define(Array.prototype, name, { [name](...given) {
      if (!isArray(this)) throw new TypeError(`${name} needs an array`);
      if (this.length > items) throw new RangeError(`${name}: the array is too long`);
      return apply(native, this, given);
    } }[name]);
  }
  const flatten = (list, depth, into) => {
    for (let i = 0; i < list.length; i++) {
      if (isArray(list[i]) && depth > 0) flatten(list[i], depth - 1, into);
      else if (i in list) into.push(list[i]);
    }
    return into;
  };
  // Loops of JavaScript's own do ask the time limit.
  define(Array.prototype, "flat", function flat(depth = 1) { return flatten(this, depth, []); });
  define(Array.prototype, "flatMap", function flatMap(...given) { return flatten(this.map(...given), 1, []); });
  define(Array.prototype, "concat", function concat(...given) { return flatten([this, ...given], 1, []); });
  delete Iterator.prototype.drop;
  delete String.raw;

  const seen = new Set();
  const freeze = (value) => {
    if ((typeof value !== "object" && typeof value !== "function") || value === null || seen.has(value)) return;
    seen.add(value);
    Object.freeze(value);
    freeze(Object.getPrototypeOf(value));
    for (const key of Reflect.ownKeys(value)) {
      const { value: inner, get, set } = Object.getOwnPropertyDescriptor(value, key);
      freeze(inner);
      freeze(get);
      freeze(set);
    }
  };
  // Prototypes that no property of a global leads to: iterators, generators, promises of async functions.
  const hidden = [
    ...dismissed, ...kinds, [][Symbol.iterator](), ""[Symbol.iterator](), new Map().entries(), new Set().values(),
    "".matchAll(/./g), Iterator.from({ next() {} }), [].values().map((item) => item),
  ];
  freeze(globalThis);
  hidden.forEach(freeze);
})();

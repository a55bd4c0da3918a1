// The one loop that calls the expressions. Returns a function: JSON list of users in, JSON list of rows out, one result
// for each expression. A row holds text, numbers and true/false as they are, `null` as null, `[]` for undefined, a list
// for a list of texts, and `{message}` for an expression that failed.
//
// `guards[k]` is the condition of expression k, or null. `state.rows` keeps the finished rows, so that they survive when
// a limit stops the call.
"use strict";
(state, limits, ...functions) => {
  const { parse, stringify } = JSON;
  const { freeze, values } = Object;
  const { isArray } = Array;
  const [maxText, maxItems, onlyReading] = parse(limits);
  const guards = functions.splice(functions.length / 2);
  const total = functions.length;
  const nothing = freeze([]);

  const freezeAll = (object) => {
    freeze(object);
    const inner = values(object);
    for (let i = 0; i < inner.length; i++) {
      if (typeof inner[i] === "object" && inner[i] !== null) freezeAll(inner[i]);
    }
    return object;
  };

  const failed = (message) => ({ message });

  const caught = (thrown) => {
    let message;
    try {
      // With no memory left even for the error, QuickJS throws null instead of it.
      if (thrown === null || (thrown instanceof InternalError && thrown.message === "out of memory")) message = null;
      else message = String(thrown).slice(0, 300).toWellFormed();
    } catch {
      message = "threw a value that cannot be shown";
    }
    if (message === null) throw thrown;
    return failed(message);
  };

  const text = (value) => {
    if (value.length > maxText) return failed(`gave a text of ${value.length} characters; the most is ${maxText}`);
    return value.isWellFormed() ? value : failed("gave a text with half a character (a lone surrogate)");
  };

  const list = (value) => {
    const { length } = value;
    if (length === 0) return null;
    if (length > maxItems) return failed(`gave a list of ${length} items; the most is ${maxItems}`);
    const items = [];
    for (let i = 0; i < length; i++) {
      const item = value[i];
      if (typeof item !== "string") return failed(`gave a list with ${kind(item)} in it; expected texts only`);
      const checked = text(item);
      if (checked !== item) return checked;
      items.push(item);
    }
    return items;
  };

  const kind = (value) => {
    if (value === null) return "null";
    if (value === undefined) return "undefined";
    if (typeof value === "string") return "text";
    if (typeof value === "number") return "a number";
    if (typeof value === "object") return isArray(value) ? "a list" : "an object";
    return `a ${typeof value}`;
  };

  const result = (value) => {
    switch (typeof value) {
      case "string":
        return text(value);
      case "number":
        return value - value === 0 ? value : failed(`gave ${value}; expected a finite number`);
      case "boolean":
        return value;
      case "undefined":
        return nothing;
      case "object":
        if (value === null) return null;
        if (isArray(value)) return list(value);
    }
    return failed(`gave ${kind(value)}; expected text, a number, true or false, null or a list of texts`);
  };

  const applies = (guard, user) => {
    const answer = guard(user);
    if (answer === true) return true;
    if (answer === false || answer === undefined || answer === null) return false;
    throw new TypeError(`the condition gave ${kind(answer)}; expected true or false`);
  };

  return (json, first, last, off) => {
    const users = parse(json);
    const skipped = off === null ? null : parse(off);
    const rows = [];
    state.rows = rows;
    for (let i = 0; i < users.length; i++) {
      const user = onlyReading ? users[i] : freezeAll(users[i]);
      users[i] = null;
      const row = [];
      for (let k = first; k < last; k++) {
        let value = nothing;
        if (skipped === null || !skipped[k]) {
          try {
            const guard = guards[k];
            if (guard === null || applies(guard, user)) {
              value = functions[k](user);
              // The usual result, tested in place: a call for each would cost as much as the expression.
              if (typeof value !== "string" || value.length > 255 || !value.isWellFormed()) value = result(value);
            }
          } catch (thrown) {
            value = caught(thrown);
          }
        }
        row.push(value);
      }
      rows.push(row);
    }
    state.rows = null;
    return stringify(rows);
  };
};

// The Fetch standard's Headers.
const { need, invalid, toByteString, asInterface } = require("idl");

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
const trim = (value) => value.replace(/^[\t\n\r ]+|[\t\n\r ]+$/g, "");

const checkName = (name, what) => {
  if (!token.test(name)) throw new TypeError(`${what}: ${name} is an invalid header name.`);
};
const checkValue = (value, what) => {
  if (/[\0\r\n]/.test(value)) throw new TypeError(`${what}: ${JSON.stringify(value)} is an invalid header value.`);
};

class Headers {
  #list = new Map(); // name in lower case -> { name, values }
  #sorted = null; // what iteration shows
  #isImmutable = false;

  constructor(init) {
    if (init === undefined) return;
    if (init === null || (typeof init !== "object" && typeof init !== "function"))
      throw invalid(`Headers constructor: init was given by ${init === null ? "null" : typeof init} (${String(init)}), it must be a sequence of pairs or a record.`);
    fill(this, init);
  }

  #check(name, value, what) {
    checkName(name, what);
    if (value !== undefined) checkValue(value, what);
    if (this.#isImmutable) throw new TypeError("immutable");
  }

  append(name, value) {
    need(2, arguments.length, "Headers.append");
    const key = toByteString(name, "Headers.append");
    const text = trim(toByteString(value, "Headers.append"));
    this.#check(key, text, "Headers.append");
    this.#add(key, text);
  }
  #add(name, value) {
    const lower = name.toLowerCase();
    const entry = this.#list.get(lower);
    if (entry === undefined) this.#list.set(lower, { name, values: [value] });
    else entry.values.push(value);
    this.#sorted = null;
  }
  delete(name) {
    need(1, arguments.length, "Headers.delete");
    const key = toByteString(name, "Headers.delete");
    this.#check(key, undefined, "Headers.delete");
    this.#list.delete(key.toLowerCase());
    this.#sorted = null;
  }
  get(name) {
    need(1, arguments.length, "Headers.get");
    const key = toByteString(name, "Headers.get");
    checkName(key, "Headers.get");
    return this.#list.get(key.toLowerCase())?.values.join(", ") ?? null;
  }
  has(name) {
    need(1, arguments.length, "Headers.has");
    const key = toByteString(name, "Headers.has");
    checkName(key, "Headers.has");
    return this.#list.has(key.toLowerCase());
  }
  set(name, value) {
    need(2, arguments.length, "Headers.set");
    const key = toByteString(name, "Headers.set");
    const text = trim(toByteString(value, "Headers.set"));
    this.#check(key, text, "Headers.set");
    const lower = key.toLowerCase();
    this.#list.set(lower, { name: this.#list.get(lower)?.name ?? key, values: [text] });
    this.#sorted = null;
  }
  getSetCookie() {
    return [...(this.#list.get("set-cookie")?.values ?? [])];
  }

  #show() {
    if (this.#sorted !== null) return this.#sorted;
    const shown = [];
    for (const name of [...this.#list.keys()].sort(compare)) {
      const { values } = this.#list.get(name);
      if (name === "set-cookie") for (const value of values) shown.push([name, value]);
      else shown.push([name, values.join(", ")]);
    }
    return (this.#sorted = shown);
  }
  forEach(callback, thisArgument) {
    need(1, arguments.length, "Headers.forEach");
    if (typeof callback !== "function") throw invalid("Failed to execute 'forEach' on 'Headers': parameter 1 is not of type 'Function'.");
    for (const [name, value] of this) Reflect.apply(callback, thisArgument, [value, name, this]);
  }
  entries() {
    return iterate(this, ([name, value]) => [name, value]);
  }
  keys() {
    return iterate(this, ([name]) => name);
  }
  values() {
    return iterate(this, ([, value]) => value);
  }

  /* For this library only. */
  static isHeaders(value) {
    return typeof value === "object" && value !== null && #list in value;
  }
  static shownOf(headers) {
    return headers.#show();
  }
  /** Name and value in turn, as written. */
  static flatten(headers) {
    const flat = [];
    for (const { name, values } of headers.#list.values()) for (const value of values) flat.push(name, value);
    return flat;
  }
  static fromFlat(flat) {
    const headers = new Headers();
    for (let i = 0; i < flat.length; i += 2) headers.#add(flat[i], flat[i + 1]);
    return headers;
  }
  static copyInto(headers, other) {
    for (const [lower, { name, values }] of other.#list) {
      if (headers.#list.has(lower)) for (const value of values) headers.#add(name, value);
      else headers.#list.set(lower, { name, values: [...values] });
    }
    headers.#sorted = null;
  }
  static freeze(headers) {
    headers.#isImmutable = true;
    return headers;
  }
}
const { isHeaders, shownOf, flatten, fromFlat, copyInto, freeze } = Headers;
for (const name of ["isHeaders", "shownOf", "flatten", "fromFlat", "copyInto", "freeze"]) delete Headers[name];

/** Goes by position, so that what is added meanwhile is seen (Web IDL, "value pairs to iterate over"). */
const IteratorPrototype = Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]()));
const positions = new WeakMap();
const HeadersIteratorPrototype = Object.create(IteratorPrototype, {
  next: {
    value() {
      const position = positions.get(this);
      if (position === undefined) throw new TypeError("'next' called on an object that does not implement interface Headers Iterator.");
      const shown = shownOf(position.headers);
      if (position.at >= shown.length) return { value: undefined, done: true };
      return { value: position.pick(shown[position.at++]), done: false };
    },
    writable: true,
    enumerable: true,
    configurable: true,
  },
  [Symbol.toStringTag]: { value: "Headers Iterator", configurable: true },
});
const iterate = (headers, pick) => {
  shownOf(headers);
  const iterator = Object.create(HeadersIteratorPrototype);
  positions.set(iterator, { headers, pick, at: 0 });
  return iterator;
};

const fill = (headers, init) => {
  const iterator = init[Symbol.iterator];
  if (isHeaders(init) && iterator === Headers.prototype[Symbol.iterator]) {
    copyInto(headers, init);
    return;
  }
  if (iterator !== undefined && iterator !== null) {
    if (typeof iterator !== "function") throw new TypeError("Headers constructor: init[Symbol.iterator] is not a function.");
    for (const pair of init) {
      if (pair === null || typeof pair !== "object" || typeof pair[Symbol.iterator] !== "function")
        throw new TypeError("Headers constructor: expected name/value pair to be an iterable.");
      const parts = [...pair];
      if (parts.length !== 2) throw new TypeError(`Headers constructor: expected name/value pair to be length 2, found ${parts.length}.`);
      headers.append(parts[0], parts[1]);
    }
    return;
  }
  for (const key of Reflect.ownKeys(init)) {
    const descriptor = Reflect.getOwnPropertyDescriptor(init, key);
    if (descriptor?.enumerable) {
      if (typeof key === "symbol") throw new TypeError("Headers constructor: a header's name can't be a symbol.");
      headers.append(key, init[key]);
    }
  }
};

asInterface(Headers);
Object.defineProperty(Headers.prototype, Symbol.iterator, { value: Headers.prototype.entries, writable: true, configurable: true });
Object.defineProperty(Headers.prototype, Symbol.for("nodejs.util.inspect.custom"), {
  value(depth, options, inspect) {
    const values = {};
    for (const name of this.keys()) values[name] = this.get(name);
    return `Headers ${inspect(values, { ...options, depth: options.depth === null ? null : options.depth - 1 })}`;
  },
  writable: true,
  configurable: true,
});

module.exports = { Headers, isHeaders, flatten, fromFlat, copyInto, freeze };

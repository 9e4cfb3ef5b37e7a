// URL and URLSearchParams (https://url.spec.whatwg.org, section 6). A URL is the text that the parser of the system
// realm gave; its parts are cut from it when they are asked for.
const { invalid, need, toUSVString, asInterface } = require("idl");
const { nodeError } = require("node-errors");
const { parseUrl, setUrl, formEncode, formDecode } = native;

const invalidUrl = (input, base) => {
  const error = nodeError(TypeError, "ERR_INVALID_URL", "Invalid URL");
  const set = (key, value) => Object.defineProperty(error, key, { value, writable: true, enumerable: true, configurable: true });
  set("input", input);
  if (base !== undefined) set("base", base);
  return error;
};

const parse = (input, base) => parseUrl(input, base === undefined ? undefined : toUSVString(base));

// How the two speak to each other, where no user code sees it.
let linkParams, resetParams;

class URL {
  #shown; // the parser's text
  #cut; // its lines, or undefined
  #params; // its URLSearchParams, or undefined

  constructor(input, base = undefined) {
    need(1, arguments.length, "URL constructor");
    const text = toUSVString(input);
    this.#take(parse(text, base) ?? undefined, text, base);
  }
  #take(shown, input, base) {
    if (shown === undefined) throw invalidUrl(input, base);
    this.#shown = shown;
    this.#cut = undefined;
  }
  #part(index) {
    this.#cut ??= this.#shown.split("\n");
    return this.#cut[index];
  }
  #set(name, value) {
    const shown = setUrl(this.#part(0), name, toUSVString(value));
    if (shown === null) return;
    this.#take(shown);
    if (name === "search" && this.#params !== undefined) resetParams(this.#params, this.#part(9));
  }
  static #write(url, query) {
    url.#take(setUrl(url.#part(0), "query", query));
  }
  static canParse(input, base = undefined) {
    need(1, arguments.length, "URL.canParse");
    return parse(toUSVString(input), base) !== null;
  }
  static parse(input, base = undefined) {
    need(1, arguments.length, "URL.parse");
    return this.canParse(input, base) ? new URL(input, base) : null;
  }
  static createObjectURL(object) {
    need(1, arguments.length, "URL.createObjectURL");
    return require("blob-urls").createObjectURL(object);
  }
  static revokeObjectURL(url) {
    need(1, arguments.length, "URL.revokeObjectURL");
    require("blob-urls").revokeObjectURL(url);
  }
  get href() {
    return this.#part(0);
  }
  set href(value) {
    const text = toUSVString(value);
    this.#take(parse(text) ?? undefined, text);
    if (this.#params !== undefined) resetParams(this.#params, this.#part(9));
  }
  get origin() {
    return this.#part(1);
  }
  get protocol() {
    return this.#part(2);
  }
  set protocol(value) {
    this.#set("protocol", value);
  }
  get username() {
    return this.#part(3);
  }
  set username(value) {
    this.#set("username", value);
  }
  get password() {
    return this.#part(4);
  }
  set password(value) {
    this.#set("password", value);
  }
  get host() {
    return this.#part(5);
  }
  set host(value) {
    this.#set("host", value);
  }
  get hostname() {
    return this.#part(6);
  }
  set hostname(value) {
    this.#set("hostname", value);
  }
  get port() {
    return this.#part(7);
  }
  set port(value) {
    this.#set("port", value);
  }
  get pathname() {
    return this.#part(8);
  }
  set pathname(value) {
    this.#set("pathname", value);
  }
  get search() {
    return this.#part(9);
  }
  set search(value) {
    this.#set("search", value);
  }
  get searchParams() {
    if (this.#params === undefined) {
      this.#params = new URLSearchParams(this.#part(9));
      linkParams(this.#params, (query) => URL.#write(this, query));
    }
    return this.#params;
  }
  get hash() {
    return this.#part(10);
  }
  set hash(value) {
    this.#set("hash", value);
  }
  toString() {
    return this.#part(0);
  }
  toJSON() {
    return this.#part(0);
  }
}
asInterface(URL, ["href", "origin", "protocol", "username", "password", "host", "hostname", "port", "pathname", "search", "searchParams", "hash"]);

// --- URLSearchParams ---

const parseForm = (text) => {
  const list = [];
  for (const pair of text.split("&")) {
    if (pair === "") continue;
    const at = pair.indexOf("=");
    list.push(at < 0 ? [formDecode(pair), ""] : [formDecode(pair.slice(0, at)), formDecode(pair.slice(at + 1))]);
  }
  return list;
};

const pairsOf = (init) => {
  const list = [];
  for (const pair of init) {
    const isSequence = (typeof pair === "object" || typeof pair === "function") && pair !== null && typeof pair[Symbol.iterator] === "function";
    const [...both] = isSequence ? pair : [];
    if (both.length !== 2) throw invalid("Each query pair must be an iterable [name, value] tuple", "ERR_INVALID_TUPLE");
    list.push([toUSVString(both[0]), toUSVString(both[1])]);
  }
  return list;
};

const recordOf = (init) => {
  const record = new Map();
  for (const key of Reflect.ownKeys(init)) {
    const descriptor = Reflect.getOwnPropertyDescriptor(init, key);
    if (descriptor?.enumerable) record.set(toUSVString(key), toUSVString(init[key]));
  }
  return [...record];
};

const listOf = (init) => {
  if (init === undefined) return [];
  if (typeof init !== "object" && typeof init !== "function") {
    const text = toUSVString(init);
    return parseForm(text[0] === "?" ? text.slice(1) : text);
  }
  if (init === null) return parseForm("null");
  const iterate = init[Symbol.iterator];
  if (iterate === undefined || iterate === null) return recordOf(init);
  if (typeof iterate !== "function") throw invalid("Query pairs must be iterable", "ERR_ARG_NOT_ITERABLE");
  return pairsOf(init);
};

const iteratorPrototype = Object.create(Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]())), {
  [Symbol.toStringTag]: { value: "URLSearchParams Iterator", configurable: true },
  next: {
    value() {
      return steps.get(this)();
    },
    writable: true,
    enumerable: true,
    configurable: true,
  },
});
const steps = new WeakMap();

class URLSearchParams {
  #list;
  #write; // to its URL, or undefined

  constructor(init = undefined) {
    this.#list = listOf(init);
  }
  static {
    linkParams = (params, write) => (params.#write = write);
    resetParams = (params, search) => (params.#list = parseForm(search.slice(1)));
  }
  #changed() {
    this.#write?.(this.toString());
  }
  /* The list may change while it is walked: each step looks where it is. */
  static #iterate(params, pick) {
    let at = 0;
    const iterator = Object.create(iteratorPrototype);
    steps.set(iterator, () => {
      const pair = params.#list[at++];
      return pair === undefined ? { value: undefined, done: true } : { value: pick(pair), done: false };
    });
    return iterator;
  }
  get size() {
    return this.#list.length;
  }
  append(name, value) {
    need(2, arguments.length, "URLSearchParams.append");
    this.#list.push([toUSVString(name), toUSVString(value)]);
    this.#changed();
  }
  delete(name, value = undefined) {
    need(1, arguments.length, "URLSearchParams.delete");
    const key = toUSVString(name);
    const only = value === undefined ? undefined : toUSVString(value);
    this.#list = this.#list.filter(([n, v]) => n !== key || (only !== undefined && v !== only));
    this.#changed();
  }
  get(name) {
    need(1, arguments.length, "URLSearchParams.get");
    const key = toUSVString(name);
    return this.#list.find(([n]) => n === key)?.[1] ?? null;
  }
  getAll(name) {
    need(1, arguments.length, "URLSearchParams.getAll");
    const key = toUSVString(name);
    return this.#list.filter(([n]) => n === key).map(([, v]) => v);
  }
  has(name, value = undefined) {
    need(1, arguments.length, "URLSearchParams.has");
    const key = toUSVString(name);
    const only = value === undefined ? undefined : toUSVString(value);
    return this.#list.some(([n, v]) => n === key && (only === undefined || v === only));
  }
  set(name, value) {
    need(2, arguments.length, "URLSearchParams.set");
    const key = toUSVString(name);
    const text = toUSVString(value);
    const first = this.#list.find(([n]) => n === key);
    if (first === undefined) this.#list.push([key, text]);
    else {
      first[1] = text;
      this.#list = this.#list.filter((pair) => pair === first || pair[0] !== key);
    }
    this.#changed();
  }
  sort() {
    this.#list.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    this.#changed();
  }
  toString() {
    return this.#list.map(([name, value]) => `${formEncode(name)}=${formEncode(value)}`).join("&");
  }
  forEach(callback, thisArg = undefined) {
    need(1, arguments.length, "URLSearchParams.forEach");
    if (typeof callback !== "function") throw invalid('The "callback" argument must be of type function.');
    for (let i = 0; i < this.#list.length; i++) Reflect.apply(callback, thisArg, [this.#list[i][1], this.#list[i][0], this]);
  }
  keys() {
    return URLSearchParams.#iterate(this, ([name]) => name);
  }
  values() {
    return URLSearchParams.#iterate(this, ([, value]) => value);
  }
  entries() {
    return URLSearchParams.#iterate(this, ([name, value]) => [name, value]);
  }
}
asInterface(URLSearchParams);
Object.defineProperties(URLSearchParams.prototype, {
  [Symbol.iterator]: { value: URLSearchParams.prototype.entries, writable: true, configurable: true },
  [Symbol.for("nodejs.util.inspect.custom")]: {
    value(depth, options, inspect) {
      const shown = [...this].map(([name, value]) => `${inspect(name, options)} => ${inspect(value, options)}`);
      return shown.length === 0 ? "URLSearchParams {}" : `URLSearchParams { ${shown.join(", ")} }`;
    },
    writable: true,
    configurable: true,
  },
});

module.exports = { URL, URLSearchParams };

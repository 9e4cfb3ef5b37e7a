// The Fetch standard's Request and Response.
const { need, invalid, toByteString, toDictionary, toUSVString, asInterface } = require("idl");
const { Headers, copyInto, freeze } = require("headers");
const { Body, extract, mixInto } = require("body");
const { URL } = require("whatwg-url");

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const normalized = ["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"];
const nullBodyStatuses = [101, 103, 204, 205, 304];
const redirectStatuses = [301, 302, 303, 307, 308];

const toMethod = (value) => {
  const method = `${value}`;
  const upper = method.toUpperCase();
  if (!token.test(method)) throw new TypeError(`'${method}' is not a valid HTTP method.`);
  if (["CONNECT", "TRACE", "TRACK"].includes(upper)) throw new TypeError(`'${method}' HTTP method is unsupported.`);
  return normalized.includes(upper) ? upper : method;
};

const toChoice = (value, choices, what) => {
  const text = `${value}`;
  if (!choices.includes(text)) throw invalid(`Request constructor: ${text} is not an accepted type. Expected one of ${choices.join(", ")}.`);
  return text;
};

const choices = {
  mode: ["navigate", "same-origin", "no-cors", "cors"],
  credentials: ["omit", "same-origin", "include"],
  cache: ["default", "no-store", "reload", "no-cache", "force-cache", "only-if-cached"],
  redirect: ["follow", "error", "manual"],
  referrerPolicy: [
    "",
    "no-referrer",
    "no-referrer-when-downgrade",
    "same-origin",
    "origin",
    "strict-origin",
    "origin-when-cross-origin",
    "strict-origin-when-cross-origin",
    "unsafe-url",
  ],
};

const parseUrl = (input) => {
  let url;
  try {
    url = new URL(input);
  } catch (cause) {
    throw new TypeError(`Failed to parse URL from ${input}`, { cause });
  }
  if (url.username !== "" || url.password !== "")
    throw new TypeError(`Request cannot be constructed from a URL that includes credentials: ${url.protocol}//${url.host}${url.pathname}`);
  if (url.protocol === "blob:") require("blob-urls").hold(url);
  return url;
};

class Request {
  #method = "GET";
  #url;
  #headers = new Headers();
  #body = null;
  #options = { mode: "cors", credentials: "same-origin", cache: "default", redirect: "follow", referrerPolicy: "" };
  #referrer = "about:client";
  #integrity = "";
  #keepalive = false;
  #signal;

  constructor(input, options) {
    need(1, arguments.length, "Request constructor");
    const init = toDictionary(options, "Request constructor");
    const from = isRequest(input) ? input : undefined;
    let inputBody = null;
    if (from === undefined) this.#url = parseUrl(toUSVString(input));
    else {
      this.#url = from.#url;
      this.#method = from.#method;
      this.#options = { ...from.#options };
      this.#referrer = from.#referrer;
      this.#integrity = from.#integrity;
      this.#keepalive = from.#keepalive;
      inputBody = from.#body;
    }
    this.#takeOptions(init);
    this.#takeSignal(init, from);
    if (init.headers !== undefined) this.#headers = new Headers(init.headers);
    else if (from !== undefined) copyInto(this.#headers, from.#headers);
    this.#takeBody(init, from, inputBody);
  }

  #takeOptions(init) {
    if (init.window !== undefined && init.window !== null) throw new TypeError("'window' option 'null' must be null");
    for (const [name, values] of Object.entries(choices)) if (init[name] !== undefined) this.#options[name] = toChoice(init[name], values, name);
    if (this.#options.mode === "navigate" && init.mode !== undefined) throw new TypeError("Request constructor: invalid request mode navigate.");
    if (this.#options.cache === "only-if-cached" && this.#options.mode !== "same-origin")
      throw new TypeError("'only-if-cached' can be set only with 'same-origin' mode");
    if (init.method !== undefined) this.#method = toMethod(init.method);
    if (init.integrity !== undefined) this.#integrity = `${init.integrity}`;
    if (init.keepalive !== undefined) this.#keepalive = Boolean(init.keepalive);
    if (init.referrer !== undefined) this.#referrer = `${init.referrer}` === "" ? "" : "about:client";
    if (init.duplex !== undefined && `${init.duplex}` !== "half") throw invalid("Request constructor: duplex must be \"half\".");
  }
  #takeSignal(init, from) {
    const { AbortSignal, isSignal } = require("abort");
    const given = init.signal !== undefined ? init.signal : from?.#signal;
    if (given !== undefined && given !== null && !isSignal(given))
      throw new TypeError("Failed to construct 'Request': member signal is not of type AbortSignal.");
    /* A signal of its own, that follows; made when someone asks. */
    this.#signal = given ?? AbortSignal.any([]);
  }
  #takeBody(init, from, inputBody) {
    const given = init.body;
    const has = given !== undefined && given !== null;
    if ((has || inputBody !== null) && (this.#method === "GET" || this.#method === "HEAD"))
      throw new TypeError("Request with GET/HEAD method cannot have body.");
    if (has) {
      const isStream = typeof given === "object" && typeof given[Symbol.asyncIterator] === "function";
      if (isStream && init.duplex === undefined) throw new TypeError("RequestInit: duplex option is required when sending a body.");
      const { body, type } = extract(given);
      this.#body = body;
      if (type !== null && !this.#headers.has("content-type")) this.#headers.append("content-type", type);
    } else if (inputBody !== null && given !== null) {
      if (unusableRequest(inputBody)) throw new TypeError("Cannot construct a Request with a Request object that has already been used.");
      this.#body = new Body(inputBody);
      inputBody.take();
    }
  }

  get method() {
    return this.#method;
  }
  get url() {
    return this.#url.href;
  }
  get headers() {
    return this.#headers;
  }
  get destination() {
    void this.#url;
    return "";
  }
  get referrer() {
    return this.#referrer;
  }
  get referrerPolicy() {
    return this.#options.referrerPolicy;
  }
  get mode() {
    return this.#options.mode;
  }
  get credentials() {
    return this.#options.credentials;
  }
  get cache() {
    return this.#options.cache;
  }
  get redirect() {
    return this.#options.redirect;
  }
  get integrity() {
    return this.#integrity;
  }
  get keepalive() {
    return this.#keepalive;
  }
  get isReloadNavigation() {
    void this.#url;
    return false;
  }
  get isHistoryNavigation() {
    void this.#url;
    return false;
  }
  get signal() {
    return this.#signal;
  }
  get duplex() {
    void this.#url;
    return "half";
  }
  clone() {
    if (unusableRequest(this.#body)) throw new TypeError("unusable");
    const copy = new Request(this.#url.href, { signal: this.#signal });
    copy.#url = this.#url;
    copy.#method = this.#method;
    copyInto(copy.#headers, this.#headers);
    copy.#options = { ...this.#options };
    copy.#referrer = this.#referrer;
    copy.#integrity = this.#integrity;
    copy.#keepalive = this.#keepalive;
    copy.#body = this.#body?.clone() ?? null;
    return copy;
  }

  /* For this library only. */
  static urlOf(request) {
    return request.#url;
  }
  static isRequest(value) {
    return typeof value === "object" && value !== null && #url in value;
  }
  static bodyOf(request) {
    return request.#body;
  }
  static typeOf(request) {
    return request.#headers.get("content-type");
  }
}
const { urlOf, isRequest, bodyOf: requestBody, typeOf: requestType } = Request;
for (const name of ["isRequest", "urlOf", "bodyOf", "typeOf"]) delete Request[name];
const unusableRequest = mixInto(Request, requestBody, requestType);

const checkStatusText = (text) => {
  if (/[^\t\x20-\x7e\x80-\xff]/.test(text)) throw new TypeError("Invalid statusText");
  return text;
};

class Response {
  #type = "default";
  #url = "";
  #isRedirected = false;
  #status = 200;
  #statusText = "";
  #headers = new Headers();
  #body = null;

  constructor(body = null, options) {
    const init = toDictionary(options, "Response constructor");
    this.#take(body === null ? null : extract(body), init);
  }
  #take(extracted, init) {
    if (init.status !== undefined) {
      const status = Math.trunc(Number(init.status)) & 0xffff;
      if (status < 200 || status > 599) throw new RangeError('init["status"] must be in the range of 200 to 599, inclusive.');
      this.#status = status;
    }
    if (init.statusText !== undefined) this.#statusText = checkStatusText(toByteString(init.statusText, "Response constructor"));
    if (init.headers !== undefined) this.#headers = new Headers(init.headers);
    if (extracted === null) return;
    if (nullBodyStatuses.includes(this.#status)) throw new TypeError(`Response constructor: Invalid response status code ${this.#status}`);
    this.#body = extracted.body;
    if (extracted.type !== null && !this.#headers.has("content-type")) this.#headers.append("content-type", extracted.type);
  }

  static error() {
    const response = new Response();
    response.#type = "error";
    response.#status = 0;
    freeze(response.#headers);
    return response;
  }
  static json(data, options) {
    need(1, arguments.length, "Response.json");
    const text = JSON.stringify(data);
    if (text === undefined) throw new TypeError("The data is not JSON serializable");
    const response = new Response();
    response.#take({ body: new Body({ bytes: native.utf8Encode(text) }), type: "application/json" }, toDictionary(options, "Response.json"));
    return response;
  }
  static redirect(url, status = 302) {
    need(1, arguments.length, "Response.redirect");
    let location;
    try {
      location = new URL(toUSVString(url)).href;
    } catch (cause) {
      throw new TypeError(`Failed to parse URL from ${url}`, { cause });
    }
    if (!redirectStatuses.includes(Number(status))) throw new RangeError(`Invalid status code ${status}`);
    const response = new Response();
    response.#status = Number(status);
    response.#headers.append("location", location);
    freeze(response.#headers);
    return response;
  }

  get type() {
    return this.#type;
  }
  get url() {
    return this.#url;
  }
  get redirected() {
    return this.#isRedirected;
  }
  get status() {
    return this.#status;
  }
  get ok() {
    return this.#status >= 200 && this.#status <= 299;
  }
  get statusText() {
    return this.#statusText;
  }
  get headers() {
    return this.#headers;
  }
  clone() {
    if (unusableResponse(this.#body)) throw new TypeError("Response.clone: Body has already been consumed.");
    const copy = new Response();
    copy.#type = this.#type;
    copy.#url = this.#url;
    copy.#isRedirected = this.#isRedirected;
    copy.#status = this.#status;
    copy.#statusText = this.#statusText;
    copyInto(copy.#headers, this.#headers);
    if (this.#type !== "default") freeze(copy.#headers);
    copy.#body = this.#body?.clone() ?? null;
    return copy;
  }

  /* For this library only. */
  static bodyOf(response) {
    return response.#body;
  }
  static typeOf(response) {
    return response.#headers.get("content-type");
  }
  static fromNetwork({ status, statusText, url, isRedirected, headers, body }) {
    const response = new Response();
    response.#type = "basic";
    response.#status = status;
    response.#statusText = statusText;
    response.#url = url;
    response.#isRedirected = isRedirected;
    response.#headers = freeze(headers);
    response.#body = body;
    return response;
  }
}
const { bodyOf: responseBody, typeOf: responseType, fromNetwork } = Response;
for (const name of ["bodyOf", "typeOf", "fromNetwork"]) delete Response[name];
const unusableResponse = mixInto(Response, responseBody, responseType);

asInterface(Request, ["method", "url", "headers", "redirect", "signal"]);
asInterface(Response, ["status", "statusText", "headers", "body", "bodyUsed", "ok", "redirected", "type", "url"]);

module.exports = { Request, Response, isRequest, urlOf, requestBody, fromNetwork, nullBodyStatuses };

// WebSocket and CloseEvent of the WebSockets standard. The protocol (RFC 6455) is the package ws, over our http and
// https; here is the standard's face: what it takes, and when what is told.
const Client = require("npm:ws");
const { Blob } = require("blob");
const { DOMException } = require("dom-exception");
const { Event, EventTarget, fire, defineHandler } = require("event-target");
const { asInterface, need, toDictionary, toUSVString, viewOf } = require("idl");
const { isToken } = require("http-common");
const { MessageEvent } = require("message-channel");
const { setImmediate } = require("timers");
const { URL } = require("whatwg-url");

/* A message is whole in memory before it is told of. */
const mostMessageBytes = 64 << 20;

class CloseEvent extends Event {
  #wasClean;
  #code;
  #reason;
  constructor(type, options) {
    need(1, arguments.length, "CloseEvent");
    super(type, options);
    const { wasClean = false, code = 0, reason = "" } = toDictionary(options, "CloseEvent");
    this.#wasClean = Boolean(wasClean);
    this.#code = Number(code) & 0xffff;
    this.#reason = toUSVString(reason);
  }
  get wasClean() {
    return this.#wasClean;
  }
  get code() {
    return this.#code;
  }
  get reason() {
    return this.#reason;
  }
}
asInterface(CloseEvent, ["type", "wasClean", "code", "reason"]);

const schemes = { "ws:": "ws:", "wss:": "wss:", "http:": "ws:", "https:": "wss:" };
const readUrl = (given) => {
  let url;
  try {
    url = new URL(toUSVString(given));
  } catch (error) {
    throw new DOMException(error.message, "SyntaxError");
  }
  if (!Object.hasOwn(schemes, url.protocol)) throw new DOMException(`Expected a ws: or wss: protocol, got ${url.protocol}`, "SyntaxError");
  if (url.hash !== "" || url.href.endsWith("#")) throw new DOMException("Got fragment", "SyntaxError");
  url.protocol = schemes[url.protocol];
  return url;
};
const readProtocols = (given) => {
  const protocols = typeof given === "string" ? [given] : Array.from(given ?? [], (one) => `${one}`);
  if (protocols.some((one) => !isToken(one)) || new Set(protocols.map((one) => one.toLowerCase())).size < protocols.length) throw new DOMException("Invalid Sec-WebSocket-Protocol value", "SyntaxError");
  return protocols;
};
const sizeOf = (data) => (typeof data === "string" ? native.utf8Encode(data).length : (data.byteLength ?? data.size));

class WebSocket extends EventTarget {
  #client;
  #url;
  #binaryType = "blob";
  #buffered = 0; // bytes of messages that have not left; those that never will stay counted
  #isFailed = false;
  #events = []; // not told of yet
  constructor(url, protocols = []) {
    need(1, arguments.length, "WebSocket");
    super();
    const isDictionary = protocols !== null && typeof protocols === "object" && typeof protocols[Symbol.iterator] !== "function";
    const { protocols: wanted, headers } = isDictionary ? protocols : { protocols };
    this.#url = readUrl(url);
    const names = readProtocols(wanted);
    const client = new Client(this.#url.href, names, { maxPayload: mostMessageBytes, headers: headers === undefined ? undefined : Object.fromEntries(new (require("headers").Headers)(headers)), skipUTF8Validation: false });
    this.#client = client;
    client.on("open", () => this.#queue(new Event("open")));
    client.on("message", (data, isBinary) => this.#tell(data, isBinary));
    client.on("error", (error) => this.#fail(error));
    client.on("close", (code, reason) => {
      const wasClean = client._closeFrameSent && client._closeFrameReceived;
      this.#queue(new CloseEvent("close", { wasClean, code, reason: reason.toString() }));
    });
  }
  /* Each in a task of its own, in order: code that awaits one message hears the next, also where both came at once. */
  #queue(event) {
    if (this.#events.push(event) === 1) setImmediate(this.#next);
  }
  #next = () => {
    const event = this.#events.shift();
    if (this.#events.length > 0) setImmediate(this.#next);
    fire(this, event);
  };
  #tell(data, isBinary) {
    const value = !isBinary ? data.toString() : this.#binaryType === "blob" ? new Blob([data]) : new Uint8Array(data).buffer;
    this.#queue(new MessageEvent("message", { data: value, origin: this.#url.origin }));
  }
  /* The standard's event says nothing; why a connection was refused is told beside it, as Node does. */
  #fail(error) {
    if (this.#isFailed) return;
    this.#isFailed = true;
    const event = new Event("error");
    for (const [name, value] of [["error", error], ["message", error.message]]) Object.defineProperty(event, name, { value, enumerable: true, configurable: true });
    this.#queue(event);
  }
  get url() {
    return this.#url.href;
  }
  get readyState() {
    return this.#client.readyState;
  }
  get bufferedAmount() {
    return this.#buffered;
  }
  get extensions() {
    return this.#client.extensions;
  }
  get protocol() {
    return this.#client.protocol;
  }
  get binaryType() {
    return this.#binaryType;
  }
  set binaryType(type) {
    if (type === "blob" || type === "arraybuffer") this.#binaryType = type;
  }
  send(data) {
    need(1, arguments.length, "WebSocket.send");
    const view = viewOf(data);
    /* The caller may write over its bytes at once. */
    const message = data instanceof Blob ? data : view !== undefined ? view.slice() : toUSVString(data);
    if (this.readyState === WebSocket.CONNECTING) throw new DOMException("Sent before connected.", "InvalidStateError");
    const size = sizeOf(message);
    this.#buffered += size;
    if (this.readyState === WebSocket.OPEN)
      this.#client.send(message, (error) => {
        if (!error) this.#buffered -= size;
      });
  }
  close(code = undefined, reason = undefined) {
    const text = reason === undefined ? undefined : toUSVString(reason);
    let number;
    if (code !== undefined) {
      number = Math.min(Math.max(Math.round(Number(code)) || 0, 0), 0xffff);
      if (number !== 1000 && (number < 3000 || number > 4999)) throw new DOMException("invalid code", "InvalidAccessError");
    }
    if (text !== undefined && sizeOf(text) > 123) throw new DOMException(`Reason must be less than 123 bytes; received ${sizeOf(text)}`, "SyntaxError");
    if (this.readyState === WebSocket.CONNECTING || this.readyState === WebSocket.OPEN) this.#client.close(number ?? (text === undefined ? undefined : 1000), text);
  }
}
for (const [value, name] of ["CONNECTING", "OPEN", "CLOSING", "CLOSED"].entries()) for (const owner of [WebSocket, WebSocket.prototype]) Object.defineProperty(owner, name, { value, enumerable: true });
for (const type of ["open", "message", "error", "close"]) defineHandler(WebSocket.prototype, type);
asInterface(WebSocket, ["url", "readyState", "bufferedAmount", "extensions", "protocol", "binaryType"]);

module.exports = { WebSocket, CloseEvent };

// IncomingMessage: a response as it is read.
const { Readable } = require("stream");
const { hangUp } = require("net-errors");

/* Of these only the first counts; the others are joined. */
const single = new Set("age authorization content-length content-type etag expires from host if-modified-since if-unmodified-since last-modified location max-forwards proxy-authorization referer retry-after server user-agent".split(" "));

const addHeader = (target, name, value, joins) => {
  const key = name.toLowerCase();
  const has = Object.hasOwn(target, key);
  if (key === "set-cookie") {
    if (has) target[key].push(value);
    else target[key] = [value];
  } else if (!has) Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
  else if (!single.has(key) || joins) target[key] += `${key === "cookie" ? "; " : ", "}${value}`;
};
const collect = (raw, joins) => {
  const target = {};
  for (let i = 0; i < raw.length; i += 2) addHeader(target, raw[i], raw[i + 1], joins);
  return target;
};
const distinct = (raw) => {
  const target = { __proto__: null };
  for (let i = 0; i < raw.length; i += 2) (target[raw[i].toLowerCase()] ??= []).push(raw[i + 1]);
  return target;
};

function IncomingMessage(socket) {
  if (!(this instanceof IncomingMessage)) return new IncomingMessage(socket);
  Readable.call(this, socket ? { highWaterMark: socket.readableHighWaterMark } : undefined);
  this.socket = socket;
  this.httpVersionMajor = null;
  this.httpVersionMinor = null;
  this.httpVersion = null;
  this.complete = false;
  this.rawHeaders = [];
  this.rawTrailers = [];
  this.joinDuplicateHeaders = false;
  this.aborted = false;
  this.upgrade = null;
  this.url = "";
  this.method = null;
  this.statusCode = null;
  this.statusMessage = null;
  this.client = socket;
  this._consuming = false;
  this._dumped = false;
}
Object.setPrototypeOf(IncomingMessage.prototype, Readable.prototype);
Object.setPrototypeOf(IncomingMessage, Readable);

const made = new WeakMap(); // message -> {headers, …} made from the raw ones
const lazy = (name, make) =>
  Object.defineProperty(IncomingMessage.prototype, name, {
    get() {
      const all = made.get(this) ?? made.set(this, {}).get(this);
      return (all[name] ??= make(this));
    },
    set(value) {
      made.set(this, { ...made.get(this), [name]: value });
    },
    configurable: true,
  });
lazy("headers", (message) => collect(message.rawHeaders, message.joinDuplicateHeaders));
lazy("headersDistinct", (message) => distinct(message.rawHeaders));
/* Those that come after the body are there when it has ended. */
for (const [name, make] of [["trailers", (message) => collect(message.rawTrailers, message.joinDuplicateHeaders)], ["trailersDistinct", (message) => distinct(message.rawTrailers)]])
  Object.defineProperty(IncomingMessage.prototype, name, { get() { return make(this); }, set() {}, configurable: true });
Object.defineProperty(IncomingMessage.prototype, "connection", {
  get() {
    return this.socket;
  },
  set(value) {
    this.socket = value;
  },
  configurable: true,
});

IncomingMessage.prototype.setTimeout = function setTimeout(ms, callback) {
  if (callback) this.on("timeout", callback);
  this.socket.setTimeout(ms);
  return this;
};
IncomingMessage.prototype._read = function _read() {
  this._consuming = true;
  if (this.socket?.readable && !this.complete) this.socket.resume();
};
IncomingMessage.prototype._destroy = function _destroy(error, done) {
  if (!this.readableEnded || !this.complete) {
    this.aborted = true;
    this.emit("aborted");
  }
  if (this.aborted && this.socket && !this.socket.destroyed) this.socket.destroy(error);
  /* A response without a listener for errors is not an error that nobody handles: its request told of it. */
  process.nextTick(() => done(this.listenerCount("error") === 0 ? null : error));
};
IncomingMessage.prototype._dump = function _dump() {
  if (this._dumped) return;
  this._dumped = true;
  this.resume();
};
IncomingMessage.prototype._addHeaderLine = function _addHeaderLine(name, value, target) {
  addHeader(target, name, value, this.joinDuplicateHeaders);
};

const abortedError = () => hangUp("aborted");

module.exports = { IncomingMessage, abortedError };

// OutgoingMessage: a message as it is written. Its head is made when it must be: at the first byte of the body, or at
// the end, when the body's length is known.
const { Buffer } = require("buffer");
const { Stream, getDefaultHighWaterMark } = require("stream");
const { isFieldValue, validateHeaderName, validateHeaderValue } = require("http-common");
const { argumentType, nodeError } = require("node-errors");

const out = Symbol("headers"); // Map of lower case -> [name, value]
const corked = Symbol("corked");
const failure = Symbol("error");
const writes = Symbol("writes"); // the head is made because of a body

function OutgoingMessage(options) {
  Stream.call(this, options);
  this.outputData = []; // [{data, encoding, callback}] before there is a socket
  this.outputSize = 0;
  this.writable = true;
  this.destroyed = false;
  this._last = false;
  this.chunkedEncoding = false;
  this.shouldKeepAlive = true;
  this._defaultKeepAlive = true;
  this.useChunkedEncodingByDefault = true;
  this.sendDate = false;
  this._removedConnection = false;
  this._removedContLen = false;
  this._removedTE = false;
  this.strictContentLength = false;
  this._contentLength = null;
  this._hasBody = true;
  this._trailer = "";
  this.finished = false;
  this._headerSent = false;
  this._closed = false;
  this.socket = null;
  this._header = null;
  this[out] = null;
  this[corked] = 0;
  this[failure] = null;
  this[writes] = false;
  this._keepAliveTimeout = 0;
}
Object.setPrototypeOf(OutgoingMessage.prototype, Stream.prototype);
Object.setPrototypeOf(OutgoingMessage, Stream);
const { prototype } = OutgoingMessage;

const getters = {
  headersSent: (message) => message._header !== null,
  errored: (message) => message[failure],
  closed: (message) => message._closed,
  writableEnded: (message) => message.finished,
  writableFinished: (message) => message.finished && message.outputSize === 0 && (!message.socket || message.socket.writableLength === 0),
  writableObjectMode: () => false,
  writableLength: (message) => message.outputSize + (message.socket ? message.socket.writableLength : 0),
  writableHighWaterMark: (message) => (message.socket ? message.socket.writableHighWaterMark : getDefaultHighWaterMark(false)),
  writableCorked: (message) => message[corked],
  writableNeedDrain: (message) => !message.destroyed && !message.finished && Boolean(message.needsDrain),
};
for (const [name, get] of Object.entries(getters))
  Object.defineProperty(prototype, name, {
    get() {
      return get(this);
    },
    configurable: true,
  });
Object.defineProperty(prototype, "connection", {
  get() {
    return this.socket;
  },
  set(value) {
    this.socket = value;
  },
  configurable: true,
});

prototype.cork = function cork() {
  this[corked]++;
  this.socket?.cork();
};
prototype.uncork = function uncork() {
  if (this[corked] > 0) this[corked]--;
  this.socket?.uncork();
};
prototype.setTimeout = function setTimeout(ms, callback) {
  if (callback) this.on("timeout", callback);
  if (this.socket) this.socket.setTimeout(ms);
  else this.once("socket", (socket) => socket.setTimeout(ms));
  return this;
};
prototype.destroy = function destroy(error) {
  if (this.destroyed) return this;
  this.destroyed = true;
  this[failure] = error ?? null;
  if (this.socket) this.socket.destroy(error);
  else this.once("socket", (socket) => socket.destroy(error));
  return this;
};

// --- headers ---

const checkNotSent = (message, verb) => {
  if (message._header !== null) throw nodeError(Error, "ERR_HTTP_HEADERS_SENT", `Cannot ${verb} headers after they are sent to the client`);
};
const checkValue = (name, value) => {
  if (Array.isArray(value)) for (const one of value) validateHeaderValue(name, one);
  else validateHeaderValue(name, value);
};
prototype.setHeader = function setHeader(name, value) {
  checkNotSent(this, "set");
  validateHeaderName(name);
  checkValue(name, value);
  (this[out] ??= new Map()).set(name.toLowerCase(), [name, value]);
  return this;
};
prototype.setHeaders = function setHeaders(headers) {
  checkNotSent(this, "set");
  if (headers === null || typeof headers !== "object" || Array.isArray(headers) || typeof headers.keys !== "function" || typeof headers.get !== "function") throw argumentType("headers", "an instance of Headers or Map", headers);
  for (const [name, value] of headers) this.setHeader(name, value);
  return this;
};
prototype.appendHeader = function appendHeader(name, value) {
  checkNotSent(this, "append");
  validateHeaderName(name);
  checkValue(name, value);
  const entry = this[out]?.get(name.toLowerCase());
  if (entry === undefined) this.setHeader(name, value);
  else entry[1] = [entry[1], value].flat();
  return this;
};
const checkName = (name) => {
  if (typeof name !== "string") throw argumentType("name", "of type string", name);
  return name.toLowerCase();
};
prototype.getHeader = function getHeader(name) {
  return this[out]?.get(checkName(name))?.[1];
};
prototype.getHeaderNames = function getHeaderNames() {
  return [...(this[out]?.keys() ?? [])];
};
prototype.getRawHeaderNames = function getRawHeaderNames() {
  return [...(this[out]?.values() ?? [])].map(([name]) => name);
};
prototype.getHeaders = function getHeaders() {
  const all = { __proto__: null };
  for (const [key, [, value]] of this[out] ?? []) all[key] = value;
  return all;
};
prototype.hasHeader = function hasHeader(name) {
  return this[out]?.has(checkName(name)) ?? false;
};
prototype.removeHeader = function removeHeader(name) {
  const key = checkName(name);
  checkNotSent(this, "remove");
  if (key === "connection") this._removedConnection = true;
  if (key === "content-length") this._removedContLen = true;
  if (key === "transfer-encoding") this._removedTE = true;
  this[out]?.delete(key);
};
prototype._renderHeaders = function _renderHeaders() {
  checkNotSent(this, "render");
  return Object.fromEntries(this[out]?.values() ?? []);
};

/** [[name, value]] of any of the forms that headers are given in. */
const pairsOf = (headers) => {
  if (headers === null || headers === undefined) return [];
  if (headers instanceof Map) return [...headers.values()];
  if (!Array.isArray(headers)) return Object.entries(headers);
  if (headers.length > 0 && Array.isArray(headers[0])) return headers;
  if (headers.length % 2 !== 0) throw nodeError(TypeError, "ERR_INVALID_ARG_VALUE", "The argument 'headers' is invalid");
  return Array.from({ length: headers.length / 2 }, (_, i) => [headers[2 * i], headers[2 * i + 1]]);
};

/** Makes the head's text, with what the message itself has to say about connection and body. */
prototype._storeHeader = function _storeHeader(firstLine, headers) {
  const seen = new Set();
  let text = firstLine;
  const line = (name, value) => {
    validateHeaderValue(name, value);
    text += `${name}: ${value}\r\n`;
    this._notice(name.toLowerCase(), `${value}`);
  };
  for (const [name, value] of pairsOf(headers)) {
    validateHeaderName(name);
    seen.add(name.toLowerCase());
    if (!Array.isArray(value)) line(name, value);
    else if (name.toLowerCase() === "cookie" && value.length > 1) line(name, value.join("; "));
    else for (const one of value) line(name, one);
  }
  if (this._removedConnection) this._last = !this.shouldKeepAlive;
  else if (!seen.has("connection")) {
    const stays = this.shouldKeepAlive && (seen.has("content-length") || this.useChunkedEncodingByDefault || this.agent);
    if (!stays) this._last = true;
    text += `Connection: ${stays ? "keep-alive" : "close"}\r\n`;
  }
  if (!seen.has("content-length") && !seen.has("transfer-encoding")) text += this._bodyHeader(seen.has("trailer"));
  if (!this.chunkedEncoding && seen.has("trailer")) throw nodeError(Error, "ERR_HTTP_TRAILER_INVALID", "Trailers are invalid with this transfer encoding");
  this._header = `${text}\r\n`;
  this._headerSent = false;
  if (seen.has("expect")) this._send("");
};
prototype._notice = function _notice(name, value) {
  if (name === "connection") {
    this._removedConnection = false;
    if (/(?:^|\W)close(?:$|\W)/i.test(value)) this._last = true;
    else this.shouldKeepAlive = true;
  } else if (name === "transfer-encoding") {
    if (/(?:^|\W)chunked(?:$|\W)/i.test(value)) this.chunkedEncoding = true;
  } else if (name === "content-length") this._contentLength = +value;
};
/* Node sends the body of a GET without saying where it ends, which the next request on the connection would be taken
 * for a part of; here its end is said, and where the head has left before the body came, the connection ends with it. */
prototype._bodyHeader = function _bodyHeader(hasTrailer) {
  const isAsked = this.useChunkedEncodingByDefault || this[writes];
  if (!this._hasBody) this.chunkedEncoding = false;
  else if (!isAsked) this._last = true;
  else if (!hasTrailer && !this._removedContLen && typeof this._contentLength === "number") return `Content-Length: ${this._contentLength}\r\n`;
  else if (!this._removedTE) {
    this.chunkedEncoding = true;
    return "Transfer-Encoding: chunked\r\n";
  } else this._last = true;
  return "";
};
prototype._implicitHeader = function _implicitHeader() {
  throw nodeError(Error, "ERR_METHOD_NOT_IMPLEMENTED", "The _implicitHeader() method is not implemented");
};
prototype.flushHeaders = function flushHeaders() {
  if (this._header === null) this._implicitHeader();
  this._send("");
};
prototype.addTrailers = function addTrailers(headers) {
  this._trailer = "";
  for (const [name, value] of pairsOf(headers)) {
    validateHeaderName(name, "Trailer name");
    for (const one of [value].flat()) {
      if (!isFieldValue(`${one}`)) throw nodeError(TypeError, "ERR_INVALID_CHAR", `Invalid character in trailer content ["${name}"]`);
      this._trailer += `${name}: ${one}\r\n`;
    }
  }
};

// --- bytes ---

prototype._send = function _send(data, encoding, callback) {
  if (this._headerSent) return this._writeRaw(data, encoding, callback);
  this._headerSent = true;
  if (data.length === 0) return this._writeRaw(this._header, "latin1", callback);
  this._writeRaw(this._header, "latin1");
  return this._writeRaw(data, encoding, callback);
};
prototype._writeRaw = function _writeRaw(data, encoding, callback) {
  const { socket } = this;
  if (socket?._httpMessage === this && socket.writable) {
    if (this.outputData.length > 0) this._flushOutput(socket);
    return socket.write(data, encoding, callback);
  }
  if (socket?.destroyed) return false;
  const bytes = typeof data === "string" ? Buffer.byteLength(data, encoding) : data.length;
  this.outputData.push({ data, encoding, callback, bytes });
  this.outputSize += bytes;
  return this.outputSize < getDefaultHighWaterMark(false);
};
prototype._flushOutput = function _flushOutput(socket) {
  const pieces = this.outputData;
  this.outputData = [];
  let isBelow = true;
  socket.cork();
  for (const { data, encoding, callback } of pieces) isBelow = socket.write(data, encoding, callback);
  socket.uncork();
  this.outputSize = 0;
  return isBelow;
};
/** There is a socket now. */
prototype._flush = function _flush() {
  const { socket } = this;
  if (!socket?.writable) return;
  const isBelow = this._flushOutput(socket);
  if (this.finished) this._finish();
  else if (isBelow && this.needsDrain) {
    this.needsDrain = false;
    this.emit("drain");
  }
};
prototype._finish = function _finish() {
  this.emit("prefinish");
};

const checkChunk = (chunk) => {
  if (chunk === null) throw nodeError(TypeError, "ERR_STREAM_NULL_VALUES", "May not write null values to stream");
  if (typeof chunk !== "string" && !ArrayBuffer.isView(chunk)) throw argumentType("chunk", "of type string or an instance of Buffer or Uint8Array", chunk);
};
const put = (message, chunk, encoding, callback, isEnd) => {
  const data = typeof chunk === "string" ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  const length = typeof data === "string" ? Buffer.byteLength(data, encoding) : data.length;
  if (message._header === null) {
    if (isEnd) message._contentLength = length;
    message[writes] = length > 0 || !isEnd;
    message._implicitHeader();
  }
  if (!message._hasBody) {
    if (callback) process.nextTick(callback);
    return true;
  }
  if (!message.chunkedEncoding && typeof message._contentLength !== "number") message.shouldKeepAlive = false;
  if (!isEnd && message.socket && !message.socket.writableCorked) {
    message.socket.cork();
    process.nextTick((socket) => socket.uncork(), message.socket);
  }
  let isBelow;
  if (message.chunkedEncoding && length > 0) {
    message._send(`${length.toString(16)}\r\n`, "latin1");
    message._send(data, encoding);
    isBelow = message._send("\r\n", "latin1", callback);
  } else isBelow = message._send(data, encoding, callback);
  if (!isBelow) message.needsDrain = true;
  return isBelow;
};

const fail = (message, error, callback) => {
  if (callback) process.nextTick(callback, error);
  process.nextTick(() => {
    message.emit("error", error);
    message.destroy(error);
  });
  return false;
};
prototype.write = function write(chunk, encoding, callback) {
  if (typeof encoding === "function") [encoding, callback] = [undefined, encoding];
  checkChunk(chunk);
  if (this.finished) return fail(this, nodeError(Error, "ERR_STREAM_WRITE_AFTER_END", "write after end"), callback);
  if (this.destroyed) {
    if (callback) process.nextTick(callback, nodeError(Error, "ERR_STREAM_DESTROYED", "Cannot call write after a stream was destroyed"));
    return false;
  }
  return put(this, chunk, encoding, callback, false);
};
prototype.end = function end(chunk, encoding, callback) {
  if (typeof chunk === "function") [chunk, encoding, callback] = [undefined, undefined, chunk];
  else if (typeof encoding === "function") [encoding, callback] = [undefined, encoding];
  if (chunk !== undefined && chunk !== null) checkChunk(chunk);
  if (this.finished) {
    const error = chunk ? nodeError(Error, "ERR_STREAM_WRITE_AFTER_END", "write after end") : nodeError(Error, "ERR_STREAM_ALREADY_FINISHED", "Cannot call end after a stream was finished");
    if (chunk) fail(this, error, callback);
    else if (callback) this.writableFinished ? process.nextTick(callback, error) : this.once("finish", callback);
    return this;
  }
  if (callback) this.once("finish", callback);
  this.socket?.cork();
  if (chunk !== undefined && chunk !== null) put(this, chunk, encoding, undefined, true);
  else if (this._header === null) {
    this._contentLength = 0;
    this._implicitHeader();
  }
  const finish = (error) => error === undefined || error === null ? this.emit("finish") : undefined;
  if (this._hasBody && this.chunkedEncoding) this._send(`0\r\n${this._trailer}\r\n`, "latin1", finish);
  else if (!this._headerSent || this.writableLength > 0) this._send("", "latin1", finish);
  else process.nextTick(finish);
  this.socket?.uncork();
  this[corked] = 0;
  this.finished = true;
  if (this.outputData.length === 0 && this.socket?._httpMessage === this) this._finish();
  return this;
};
prototype.pipe = function pipe() {
  this.emit("error", nodeError(Error, "ERR_STREAM_CANNOT_PIPE", "Cannot pipe, not readable"));
};
prototype[Symbol.for("nodejs.rejection")] = function onRejection(error) {
  this.destroy(error);
};

module.exports = { OutgoingMessage, out, failure };

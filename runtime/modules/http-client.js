// ClientRequest: one request and its response, over a socket that an agent gives.
const { snapshot } = require("async-context");
const { Buffer } = require("buffer");
const { OutgoingMessage, out, failure } = require("http-outgoing");
const { IncomingMessage, abortedError } = require("http-incoming");
const { ResponseParser } = require("http-parser");
const { isToken, isPath, maxHeaderSize } = require("http-common");
const { argumentType, checkInteger, checkString, nodeError } = require("node-errors");
const { hangUp } = require("net-errors");
const { URL } = require("whatwg-url");

const context = Symbol("context"); // of who asked, not of who opened the connection

const without = new Set(["GET", "HEAD", "DELETE", "OPTIONS", "TRACE", "CONNECT"]);

const optionsOf = (input, options) => {
  if (typeof input === "string") return [require("url").urlToHttpOptions(new URL(input)), options];
  if (input instanceof URL || (input && typeof input === "object" && typeof input.href === "string" && input.searchParams !== undefined)) return [require("url").urlToHttpOptions(input), options];
  return [{}, input];
};
const checkHost = (host, name) => {
  if (host !== null && host !== undefined && typeof host !== "string") throw argumentType(`options.${name}`, "of type string or one of undefined or null", host);
  return host;
};
const checkPath = (path) => {
  if (!isPath(`${path}`)) throw nodeError(TypeError, "ERR_UNESCAPED_CHARACTERS", "Request path contains unescaped characters");
};
const checkMethod = (method) => {
  if (method === null || method === undefined) return "GET";
  checkString("options.method", method);
  if (!isToken(method)) throw nodeError(TypeError, "ERR_INVALID_HTTP_TOKEN", `Method must be a valid HTTP token ["${method}"]`);
  return method.toUpperCase();
};
const chooseAgent = (options, fallback) => {
  const { agent } = options;
  if (agent === false) return new fallback.constructor();
  if (agent === null || agent === undefined) return typeof options.createConnection === "function" ? undefined : fallback;
  if (typeof agent.addRequest !== "function") throw argumentType("options.agent", "one of Agent-like Object, undefined, or false", agent);
  return agent;
};

const hostHeader = (host, port, defaultPort) => {
  const name = host.includes(":") && !host.startsWith("[") && host.indexOf(":") !== host.lastIndexOf(":") ? `[${host}]` : host;
  return port && +port !== defaultPort ? `${name}:${port}` : name;
};

function ClientRequest(input, given, callback) {
  if (!(this instanceof ClientRequest)) return new ClientRequest(input, given, callback);
  OutgoingMessage.call(this);
  if (typeof given === "function") [given, callback] = [undefined, given];
  const [ofUrl, more] = optionsOf(input, given);
  const options = Object.assign({ __proto__: null }, ofUrl, more);
  const fallback = options._defaultAgent || require("http").globalAgent;
  this.agent = chooseAgent(options, fallback);
  const protocol = options.protocol || fallback.protocol;
  const expected = this.agent?.protocol || fallback.protocol;
  if (options.path !== undefined && options.path !== null) checkPath(options.path);
  if (protocol !== expected) throw nodeError(TypeError, "ERR_INVALID_PROTOCOL", `Protocol "${protocol}" not supported. Expected "${expected}"`);

  const defaultPort = options.defaultPort || this.agent?.defaultPort;
  const port = (options.port = options.port || defaultPort || 80);
  const host = (options.host = checkHost(options.hostname, "hostname") || checkHost(options.host, "host") || "localhost");
  this.socketPath = options.socketPath;
  if (options.timeout !== undefined) {
    checkInteger("timeout", Math.ceil(typeof options.timeout === "number" ? options.timeout : Number.NaN), 0);
    this.timeout = options.timeout;
  }
  this.method = checkMethod(options.method);
  if (options.maxHeaderSize !== undefined) checkInteger("maxHeaderSize", options.maxHeaderSize, 0);
  this.maxHeaderSize = options.maxHeaderSize;
  this.joinDuplicateHeaders = options.joinDuplicateHeaders;
  this.path = options.path || "/";
  if (callback) this.once("response", callback);
  this.useChunkedEncodingByDefault = !without.has(this.method);
  this._ended = false;
  this.res = null;
  this.aborted = false;
  this.timeoutCb = null;
  this.upgradeOrConnect = false;
  this.parser = null;
  this.maxHeadersCount = null;
  this.reusedSocket = false;
  this.host = host;
  this.protocol = protocol;
  this[context] = snapshot();
  if (this.agent && !this.agent.keepAlive && !Number.isFinite(this.agent.maxSockets)) this.shouldKeepAlive = false;
  this._takeHeaders(options, hostHeader(host, port, defaultPort));
  if (options.signal !== undefined && options.signal !== null) listenToSignal(this, options.signal);
  this._connect(options);
}
Object.setPrototypeOf(ClientRequest.prototype, OutgoingMessage.prototype);
Object.setPrototypeOf(ClientRequest, OutgoingMessage);
const { prototype } = ClientRequest;

prototype._takeHeaders = function _takeHeaders(options, host) {
  const { headers, auth } = options;
  const setHost = options.setHost === undefined || options.setHost === null || Boolean(options.setHost);
  if (Array.isArray(headers)) {
    this._storeHeader(`${this.method} ${this.path} HTTP/1.1\r\n`, headers);
    return;
  }
  for (const name of Object.keys(headers ?? {})) this.setHeader(name, headers[name]);
  if (host && setHost && !this.hasHeader("host")) this.setHeader("Host", host);
  if (auth && !this.hasHeader("authorization")) this.setHeader("Authorization", `Basic ${Buffer.from(auth).toString("base64")}`);
  if (this.hasHeader("expect")) this._implicitHeader();
};

const abortError = (signal) => {
  const error = new Error("The operation was aborted", { cause: signal.reason });
  error.name = "AbortError";
  error.code = "ABORT_ERR";
  return error;
};
const listenToSignal = (request, signal) => {
  if (typeof signal !== "object" || !("aborted" in signal)) throw argumentType("options.signal", "an instance of AbortSignal", signal);
  const onAbort = () => request.destroy(abortError(signal));
  if (signal.aborted) onAbort();
  else {
    signal.addEventListener("abort", onAbort, { once: true });
    request.once("close", () => signal.removeEventListener("abort", onAbort));
  }
};

prototype._connect = function _connect(options) {
  if (this.agent) {
    const rest = { ...options };
    delete rest.signal;
    this.agent.addRequest(this, rest);
    return;
  }
  this._last = true;
  this.shouldKeepAlive = false;
  const plain = { ...options };
  delete plain.path;
  if (options.socketPath) plain.path = options.socketPath;
  delete plain.signal;
  if (typeof options.createConnection !== "function") {
    this.onSocket(require("net").createConnection(plain));
    return;
  }
  let isCalled = false;
  const onCreate = (error, socket) => {
    if (isCalled) return;
    isCalled = true;
    this.onSocket(socket, error);
  };
  const socket = options.createConnection(plain, onCreate);
  if (socket) onCreate(null, socket);
};

prototype._implicitHeader = function _implicitHeader() {
  if (this._header !== null) throw nodeError(Error, "ERR_HTTP_HEADERS_SENT", "Cannot render headers after they are sent to the client");
  /* They may have been changed since they were looked at. */
  checkPath(this.path);
  checkMethod(this.method);
  this._storeHeader(`${this.method} ${this.path} HTTP/1.1\r\n`, this[out]);
};
prototype._finish = function _finish() {
  this._ended = true;
  OutgoingMessage.prototype._finish.call(this);
};

// --- the socket ---

prototype.onSocket = function onSocket(socket, error) {
  process.nextTick(() => {
    if (this.destroyed || error) giveUp(this, socket, error ?? this[failure]);
    else {
      attach(this, socket);
      this._flush();
    }
  });
};

/** There will be no request: its socket is another's. */
const giveUp = (request, socket, error) => {
  if (socket) {
    if (request.agent && !socket.destroyed && !error) socket.emit("free");
    else socket.destroy(error);
  }
  const reason = error ?? (request.aborted ? undefined : hangUp("socket hang up"));
  request.destroyed = true;
  if (reason !== undefined) {
    request[failure] = reason;
    request.emit("error", reason);
  }
  request._closed = true;
  request.emit("close");
};

const listeners = new WeakMap(); // socket -> {name: listener}: those of the request that has it

const detach = (socket) => {
  const all = listeners.get(socket) ?? {};
  for (const [name, listener] of Object.entries(all)) socket.removeListener(name, listener);
  listeners.delete(socket);
};

const fail = (request, error) => {
  if (request.socket._hadRequestError) return;
  request.socket._hadRequestError = true;
  request[failure] = error;
  request.emit("error", error);
};

const attach = (request, socket) => {
  request.socket = socket;
  socket._httpMessage = request;
  socket._hadRequestError = false;
  const reader = new Reader(request, socket);
  request.parser = reader;
  const all = {
    data: (bytes) => reader.take(bytes),
    end() {
      reader.finish();
      if (request.res === null) fail(request, hangUp("socket hang up"));
      socket.end();
    },
    error(error) {
      fail(request, error);
      reader.finish();
      socket.destroy();
    },
    close: () => onClose(request, socket, reader),
    drain() {
      if (request.needsDrain && !request.finished) {
        request.needsDrain = false;
        request.emit("drain");
      }
    },
    timeout: () => request.res?.emit("timeout"),
  };
  for (const [name, listener] of Object.entries(all)) all[name] = (...args) => request[context](listener, ...args);
  listeners.set(socket, all);
  for (const [name, listener] of Object.entries(all)) socket.on(name, listener);
  if (request.timeout !== undefined) listenToTimeout(request);
  request.emit("socket", socket);
};

const onClose = (request, socket, reader) => {
  reader.finish();
  detach(socket);
  request.destroyed = true;
  const { res } = request;
  if (res !== null) {
    if (!res.complete) res.destroy(abortedError());
    request._closed = true;
    request.emit("close");
    if (!res.aborted && res.readable) res.push(null);
    return;
  }
  if (!request._isUpgraded) fail(request, request[failure] ?? hangUp("socket hang up"));
  request._closed = true;
  request.emit("close");
};

/** The response on a socket. */
class Reader {
  #request;
  #socket;
  #parser;
  #isUpgrade = false;
  #isOver = false;
  constructor(request, socket) {
    this.#request = request;
    this.#socket = socket;
    this.#parser = new ResponseParser({ head: (...args) => this.#head(...args), body: (bytes) => this.#body(bytes), end: (trailers) => this.#end(trailers) }, request.maxHeaderSize || maxHeaderSize);
  }
  take(bytes) {
    if (this.#isOver) {
      if (!this.#isUpgrade) this.#socket.destroy();
      return;
    }
    let rest;
    try {
      rest = this.#parser.execute(bytes);
    } catch (error) {
      if (error.code?.startsWith("HPE_")) this.#fault(error, bytes);
      else throw error;
      return;
    }
    if (rest === undefined) return;
    if (this.#isUpgrade) this.#upgrade(rest);
    /* A connection on which more came than was asked for is not used again. */
    else if (rest.length > 0) this.#request.shouldKeepAlive = false;
  }
  #fault(error, bytes) {
    this.#isOver = true;
    Object.assign(error, { bytesParsed: 0, rawPacket: bytes });
    fail(this.#request, error);
    this.#socket.destroy();
  }
  finish() {
    if (this.#isOver) return;
    this.#parser.finish();
  }
  #head(message, keepsAlive) {
    const request = this.#request;
    const { statusCode } = message;
    if (request.method === "CONNECT" && statusCode >= 200) return this.#startUpgrade(message);
    if (statusCode === 101) return this.#startUpgrade(message);
    if (statusCode < 200) {
      const told = this.#messageOf(message);
      if (statusCode === 100) request.emit("continue");
      request.emit("information", { statusCode, statusMessage: told.statusMessage, httpVersion: told.httpVersion, httpVersionMajor: told.httpVersionMajor, httpVersionMinor: told.httpVersionMinor, headers: told.headers, rawHeaders: told.rawHeaders });
      return undefined;
    }
    const kind = request.method === "HEAD" ? "none" : undefined;
    if (!keepsAlive(kind)) request.shouldKeepAlive = false;
    const res = this.#messageOf(message);
    res.req = request;
    request.res = res;
    res.on("end", () => onResponseEnd(request, this.#socket));
    if (request.timeoutCb) res.once("end", () => this.#socket.removeListener("timeout", request.timeoutCb));
    if (request.aborted || !request.emit("response", res)) res._dump();
    return kind;
  }
  #messageOf({ versionMajor, versionMinor, statusCode, statusMessage, rawHeaders }) {
    const most = typeof this.#request.maxHeadersCount === "number" ? this.#request.maxHeadersCount : 2000;
    const res = new IncomingMessage(this.#socket);
    return Object.assign(res, {
      httpVersionMajor: versionMajor,
      httpVersionMinor: versionMinor,
      httpVersion: `${versionMajor}.${versionMinor}`,
      statusCode,
      statusMessage,
      rawHeaders: most > 0 ? rawHeaders.slice(0, 2 * most) : rawHeaders,
      joinDuplicateHeaders: Boolean(this.#request.joinDuplicateHeaders),
      upgrade: false,
    });
  }
  #body(bytes) {
    const { res } = this.#request;
    if (!res.destroyed && !res._dumped && !res.push(bytes)) this.#socket.pause();
  }
  #end(trailers) {
    const { res } = this.#request;
    this.#isOver = true;
    if (res === null) return;
    /* As in Node, nobody listens any more: node-fetch 2 takes one who does for a response cut short. */
    if (!this.#isUpgrade) this.#socket.removeListener("data", listeners.get(this.#socket)?.data);
    res.complete = true;
    res.rawTrailers = trailers;
    res.push(null);
  }
  #startUpgrade(message) {
    this.#isUpgrade = true;
    this.#isOver = true;
    this.#request.res = this.#messageOf(message);
    this.#request.res.upgrade = true;
    return "upgrade";
  }
  /** The connection is the listener's from now on. */
  #upgrade(head) {
    const request = this.#request;
    const socket = this.#socket;
    const { res } = request;
    const name = request.method === "CONNECT" ? "connect" : "upgrade";
    detach(socket);
    if (request.timeoutCb) socket.removeListener("timeout", request.timeoutCb);
    res.complete = true;
    request._isUpgraded = true;
    request.upgradeOrConnect = true;
    if (request.listenerCount(name) === 0) {
      request.destroyed = true;
      socket.destroy();
      request._closed = true;
      request.emit("close");
      return;
    }
    socket.emit("agentRemove");
    socket._httpMessage = null;
    /* Nothing is read before the listener begins to. */
    socket._readableState.flowing = null;
    request.emit(name, res, socket, Buffer.from(head));
    request.destroyed = true;
    request._closed = true;
    request.emit("close");
  }
}

/** Both are over: the connection may serve another. */
const release = (request, socket) => {
  if (request._isReleased || socket.destroyed) return;
  request._isReleased = true;
  detach(socket);
  if (request.timeoutCb) {
    socket.removeListener("timeout", request.timeoutCb);
    socket.setTimeout(0);
  }
  request.destroyed = true;
  process.nextTick(() => {
    request._closed = true;
    request.emit("close");
    socket.emit("free");
  });
};
const onResponseEnd = (request, socket) => {
  if (!request.shouldKeepAlive) {
    if (socket.writable && !request.writableFinished) request.once("finish", () => socket.destroySoon());
    else if (socket.writable) socket.destroySoon();
    return;
  }
  if (request.writableFinished) release(request, socket);
  else request.once("finish", () => release(request, socket));
};

// --- the caller's ---

prototype.abort = function abort() {
  if (this.aborted) return;
  this.aborted = true;
  process.nextTick(() => this.emit("abort"));
  this.destroy();
};
prototype.destroy = function destroy(error) {
  if (this.destroyed) return this;
  this.destroyed = true;
  if (this.res) this.res._dump();
  this[failure] = error ?? null;
  this.socket?.destroy(error);
  return this;
};

const listenToTimeout = (request) => {
  if (request.timeoutCb) return;
  request.timeoutCb = () => request.emit("timeout");
  if (request.socket) request.socket.once("timeout", request.timeoutCb);
  else request.on("socket", (socket) => socket.once("timeout", request.timeoutCb));
};
const setSocketTimeout = (socket, ms) => {
  if (socket.connecting) socket.once("connect", () => socket.setTimeout(ms));
  else socket.setTimeout(ms);
};
prototype.setTimeout = function setTimeout(ms, callback) {
  if (this._ended && this.res?.complete) return this;
  checkInteger("msecs", Math.ceil(typeof ms === "number" ? ms : Number.NaN), 0);
  listenToTimeout(this);
  if (callback) this.once("timeout", callback);
  if (this.socket) setSocketTimeout(this.socket, ms);
  else this.once("socket", (socket) => setSocketTimeout(socket, ms));
  return this;
};
const whenSocket = (request, name, args) => {
  const call = (socket) => socket[name](...args);
  if (request.socket) request.socket.connecting ? request.socket.once("connect", () => call(request.socket)) : call(request.socket);
  else request.once("socket", (socket) => (socket.connecting ? socket.once("connect", () => call(socket)) : call(socket)));
};
prototype.setNoDelay = function setNoDelay(...args) {
  whenSocket(this, "setNoDelay", args);
};
prototype.setSocketKeepAlive = function setSocketKeepAlive(...args) {
  whenSocket(this, "setKeepAlive", args);
};
prototype.clearTimeout = function clearTimeout(callback) {
  this.setTimeout(0, callback);
};

module.exports = { ClientRequest };

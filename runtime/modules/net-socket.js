// net.Socket over egress, which resolves, applies the policy and connects.
const { snapshot } = require("async-context");
const { Buffer } = require("buffer");
const { Duplex } = require("stream");
const { isIP, isIPv6, BlockList, checkPort } = require("net-address");
const { argumentType, argumentValue, nodeError, checkFunction, checkInteger } = require("node-errors");
const { connectionError } = require("net-errors");
const { refusal } = require("refused");
const timers = require("timers");

/* As in src/egress/egress.h. */
const windowBytes = 256 << 10;
const chunkBytes = 64 << 10;
const highWaterMark = 64 << 10;

const bufferOf = (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** A connection of egress. What a socket is made of, a TLS session (tls.js) is the other: both take write(), shut(),
 * hold(), refer() and close(), and tell `events`. */
class Wire {
  #id;
  #credit = windowBytes;
  #writing; // {bytes, at, unsent: what has not left yet, done}
  constructor(host, port, events) {
    const run = snapshot();
    try {
      this.#id = native.socketConnect(
        host,
        port,
        (...args) => run(events.connected, ...args),
        (bytes) => run(events.data, bufferOf(bytes)),
        () => run(events.eof),
        (count) => run(() => this.#onCredit(count)),
        () => (this.#id = undefined),
        (code, message, place, number) => {
          this.#id = undefined;
          run(events.failed, connectionError(code, message, place, number));
        },
      );
    } catch (error) {
      /* Too many are open. */
      process.nextTick(events.failed, error);
      return;
    }
    if (this.#id === undefined) process.nextTick(events.failed, connectionError("ENETUNREACH", "connect ENETUNREACH: there is no way out of this execution", host, port));
  }
  /** One at a time; `done` runs when the bytes have been given to the system. */
  write(bytes, done) {
    if (bytes.length === 0) done();
    else {
      this.#writing = { bytes, at: 0, unsent: bytes.length, done };
      this.#send();
    }
  }
  #send() {
    const { bytes, at } = this.#writing;
    let end = at;
    while (end < bytes.length && this.#credit > 0) {
      const chunk = bytes.subarray(end, end + Math.min(chunkBytes, this.#credit));
      native.socketWrite(this.#id, chunk);
      end += chunk.length;
      this.#credit -= chunk.length;
    }
    this.#writing.at = end;
  }
  #onCredit(count) {
    const writing = this.#writing;
    this.#credit += count;
    if (writing === undefined) return;
    writing.unsent -= count;
    if (writing.at < writing.bytes.length) this.#send();
    if (writing.unsent > 0) return;
    this.#writing = undefined;
    writing.done();
  }
  shut(done) {
    if (this.#id !== undefined) native.socketShut(this.#id);
    done();
  }
  hold(isHeld) {
    if (this.#id !== undefined) native.socketHold(this.#id, isHeld);
  }
  refer(isReferenced) {
    if (this.#id !== undefined) native.socketRefer(this.#id, isReferenced);
  }
  close(error) {
    if (this.#id !== undefined) native.socketClose(this.#id);
    this.#id = undefined;
    this.#writing?.done(error ?? nodeError(Error, "ERR_STREAM_DESTROYED", "Cannot call write after a stream was destroyed"));
    this.#writing = undefined;
  }
}

const state = Symbol("socket");

/** [options, callback] of connect()'s three forms. */
const normalize = (args) => {
  const callback = typeof args.at(-1) === "function" ? args.at(-1) : undefined;
  const [first, second] = args;
  if (Array.isArray(first)) return normalize(first);
  if (first !== null && typeof first === "object") return [first, callback];
  if (typeof first === "string" && !(Number(first) >= 0)) return [{ path: first }, callback];
  return [{ port: first, ...(typeof second === "string" ? { host: second } : {}) }, callback];
};

function Socket(options) {
  if (!(this instanceof Socket)) return new Socket(options);
  if (options !== undefined && options !== null && typeof options === "object") {
    if (options.objectMode || options.readableObjectMode || options.writableObjectMode) throw argumentValue("options.objectMode", true, "is not supported");
    if (options.fd !== undefined && options.fd !== null) throw refusal("net", "Socket({fd})", "it has no file descriptors");
  }
  const given = typeof options === "number" ? {} : { ...options };
  this[state] = { wire: undefined, given, timer: undefined, isReferenced: true, isHeld: false, bytesRead: 0, bytesWritten: 0, peer: {}, own: {}, attempts: [], next: undefined };
  this.connecting = false;
  this.timeout = undefined;
  this._hadError = false;
  this._parent = null;
  this._host = null;
  this._pendingData = null;
  this._server = null;
  Duplex.call(this, {
    allowHalfOpen: Boolean(given.allowHalfOpen),
    emitClose: false,
    autoDestroy: true,
    decodeStrings: true,
    highWaterMark: given.highWaterMark ?? highWaterMark,
    ...(given.readable === false ? { readable: false } : {}),
    ...(given.writable === false ? { writable: false } : {}),
    signal: given.signal,
  });
}
Object.setPrototypeOf(Socket.prototype, Duplex.prototype);
Object.setPrototypeOf(Socket, Duplex);

const touch = (socket) => socket[state].timer?.refresh();

/** What a wire tells its socket. */
const eventsOf = (socket) => ({
  connected(address, family, port) {
    const inner = socket[state];
    if (socket.destroyed) return;
    inner.peer = { address, port: inner.port, family: family === 6 ? "IPv6" : "IPv4" };
    /* Which of the machine's addresses it leaves from is not told. */
    inner.own = { address: family === 6 ? "::" : "0.0.0.0", port, family: inner.peer.family };
    if (isIP(inner.host) === 0 && !inner.isLookedUp) socket.emit("lookup", null, address, family, inner.host);
    opened(socket);
  },
  data(bytes) {
    const inner = socket[state];
    if (socket.destroyed) return;
    touch(socket);
    inner.bytesRead += bytes.length;
    if (!socket.push(bytes) && !inner.isHeld) inner.wire.hold((inner.isHeld = true));
  },
  eof() {
    if (socket.destroyed) return;
    socket.push(null);
    socket.read(0);
  },
  failed(error) {
    const inner = socket[state];
    if (socket.destroyed) return;
    if (socket.connecting && inner.next?.(error)) return;
    if (socket.connecting && error.syscall === "getaddrinfo") socket.emit("lookup", error, undefined, undefined, inner.host);
    socket._hadError = true;
    socket.destroy(error);
  },
});

const opened = (socket) => {
  const inner = socket[state];
  touch(socket);
  socket.connecting = false;
  if (!inner.isReferenced) inner.wire.refer(false);
  socket.emit("connect");
  socket.emit("ready");
  if (!socket.destroyed && !socket.isPaused()) socket.read(0);
};

/** Connects to the first of the addresses that answers; `name` is what was asked for. */
const connectTo = (socket, addresses, port) => {
  const inner = socket[state];
  const rest = [...addresses];
  const attempt = () => {
    const address = rest.shift();
    inner.attempts.push(`${address}:${port}`);
    inner.wire = new Wire(address, port, eventsOf(socket));
  };
  inner.next = () => {
    if (rest.length === 0) return false;
    attempt();
    return true;
  };
  attempt();
};

const blocked = (socket, address) => {
  const { blockList } = socket[state].options;
  return BlockList.isBlockList(blockList) && blockList.check(address, isIPv6(address) ? "ipv6" : "ipv4");
};

/** By a lookup of the caller's, or where more must be known of the address than that egress may connect to it. */
const lookUp = (socket, lookup, { host, port, family, hints }) => {
  const inner = socket[state];
  const all = family !== 4 && family !== 6;
  inner.isLookedUp = true;
  lookup(host, { family, hints, all }, (error, found, foundFamily) => {
    if (!socket.connecting) return;
    /* Later: `lookup` may have called back at once, before anybody could listen. */
    const fail = (reason) => process.nextTick(() => socket.destroy(reason));
    const list = error ? [] : Array.isArray(found) ? found : [{ address: found, family: foundFamily }];
    if (error) socket.emit("lookup", error, undefined, undefined, host);
    for (const one of list) socket.emit("lookup", null, one.address, one.family, host);
    const bad = list.find((one) => isIP(one?.address) === 0);
    if (error || list.length === 0 || bad !== undefined)
      fail(error || nodeError(TypeError, "ERR_INVALID_IP_ADDRESS", `Invalid IP address: ${bad?.address}`));
    else {
      const open = list.filter((one) => !blocked(socket, one.address));
      if (open.length > 0) connectTo(socket, open.map((one) => one.address), port);
      else fail(nodeError(Error, "ERR_IP_BLOCKED", `IP(${list[0].address}) is blocked by net.BlockList`));
    }
  });
};

const checkConnect = (options) => {
  if (options.path !== undefined && options.path !== null) throw refusal("net", "connect({path})", "it has no file system; connect to a host and port");
  if (options.port === undefined) throw nodeError(TypeError, "ERR_MISSING_ARGS", 'The "options" or "port" or "path" argument must be specified');
  if (options.localAddress || options.localPort) throw refusal("net", "connect({localAddress})", "egress chooses the address that it connects from");
  if (options.lookup !== undefined && options.lookup !== null) checkFunction("options.lookup", options.lookup);
  return checkPort(options.port);
};

Socket.prototype.connect = function connect(...args) {
  const [options, callback] = normalize(args);
  const port = checkConnect(options);
  if (this.destroyed || this[state].wire !== undefined) {
    this[state].wire?.close();
    this._undestroy();
    Object.assign(this[state], { wire: undefined, isHeld: false, peer: {}, own: {}, bytesRead: 0, bytesWritten: 0 });
  }
  const inner = this[state];
  const host = options.host || "localhost";
  if (typeof host !== "string") throw argumentType("options.host", "of type string", host);
  Object.assign(inner, { host, port, options, attempts: [], next: undefined, isLookedUp: false });
  this._host = host;
  this.connecting = true;
  if (callback !== undefined) this.once("connect", callback);
  touch(this);
  const needsLookup = options.lookup || options.family === 4 || options.family === 6 || options.blockList;
  if (isIP(host) !== 0) {
    if (blocked(this, host)) process.nextTick(() => this.destroy(nodeError(Error, "ERR_IP_BLOCKED", `IP(${host}) is blocked by net.BlockList`)));
    else connectTo(this, [host], port);
  } else if (needsLookup) lookUp(this, options.lookup ?? require("dns").lookup, { ...options, host, port });
  else connectTo(this, [host], port);
  return this;
};

/** For tls.js: the socket's bytes go by something else than a connection of its own. */
const adopt = (socket, makeWire) => {
  socket[state].wire = makeWire(eventsOf(socket));
  return socket[state];
};

Socket.prototype._read = function _read() {
  const inner = this[state];
  if (this.connecting) this.once("connect", () => this.read(0));
  else if (inner.isHeld) inner.wire?.hold((inner.isHeld = false));
};

const whenOpen = (socket, run, fail) => {
  const onConnect = () => {
    socket.removeListener("close", onClose);
    run();
  };
  const onClose = () => {
    socket.removeListener("connect", onConnect);
    fail(nodeError(Error, "ERR_SOCKET_CLOSED_BEFORE_CONNECTION", "Socket closed before the connection was established"));
  };
  socket.once("connect", onConnect);
  socket.once("close", onClose);
};

const send = (socket, bytes, done) => {
  const inner = socket[state];
  if (socket.connecting) whenOpen(socket, () => send(socket, bytes, done), done);
  else if (inner.wire === undefined) done(nodeError(Error, "ERR_SOCKET_CLOSED", "Socket is closed"));
  else {
    touch(socket);
    inner.bytesWritten += bytes.length;
    inner.wire.write(bytes, (error) => {
      touch(socket);
      done(error);
    });
  }
};
const bytesOf = (chunk, encoding) => (typeof chunk === "string" ? Buffer.from(chunk, encoding) : chunk);
Socket.prototype._write = function _write(chunk, encoding, done) {
  send(this, bytesOf(chunk, encoding), done);
};
Socket.prototype._writev = function _writev(chunks, done) {
  send(this, Buffer.concat(chunks.map(({ chunk, encoding }) => bytesOf(chunk, encoding))), done);
};
Socket.prototype._final = function _final(done) {
  const inner = this[state];
  if (this.connecting) whenOpen(this, () => this._final(done), done);
  else if (inner.wire === undefined) done();
  else inner.wire.shut(done);
};
Socket.prototype._destroy = function _destroy(error, done) {
  const inner = this[state];
  this.connecting = false;
  inner.timer?.close();
  inner.timer = undefined;
  inner.wire?.close(error);
  inner.wire = undefined;
  done(error);
  process.nextTick(() => this.emit("close", Boolean(error)));
};
Socket.prototype.destroySoon = function destroySoon() {
  if (this.writable) this.end();
  if (this.writableFinished) this.destroy();
  else this.once("finish", this.destroy);
};
Socket.prototype.resetAndDestroy = function resetAndDestroy() {
  return this.destroy();
};

Socket.prototype.setTimeout = function setTimeout(ms, callback) {
  const inner = this[state];
  if (this.destroyed) return this;
  checkInteger("msecs", typeof ms === "number" && ms > 2 ** 31 - 1 ? 2 ** 31 - 1 : Math.ceil(typeof ms === "number" ? ms : Number.NaN), 0);
  this.timeout = ms;
  inner.timer?.close();
  inner.timer = undefined;
  if (callback !== undefined) checkFunction("callback", callback);
  if (ms === 0) {
    if (callback !== undefined) this.removeListener("timeout", callback);
    return this;
  }
  inner.timer = timers.setTimeout(() => this._onTimeout(), ms).unref();
  if (callback !== undefined) this.once("timeout", callback);
  return this;
};
Socket.prototype._onTimeout = function _onTimeout() {
  this.emit("timeout");
};
/* Egress sends at once, and looks after its connections itself. */
Socket.prototype.setNoDelay = function setNoDelay() {
  return this;
};
Socket.prototype.setKeepAlive = function setKeepAlive() {
  return this;
};
const refer = (isReferenced) =>
  function () {
    this[state].isReferenced = isReferenced;
    this[state].wire?.refer(isReferenced);
    return this;
  };
Socket.prototype.ref = refer(true);
Socket.prototype.unref = refer(false);
Socket.prototype.address = function address() {
  return { ...this[state].own };
};

const getters = {
  bytesRead: (inner) => inner.bytesRead,
  bytesWritten: (inner, socket) => inner.bytesWritten + socket.writableLength,
  bufferSize: (inner, socket) => socket.writableLength,
  remoteAddress: (inner) => inner.peer.address,
  remotePort: (inner) => inner.peer.port,
  remoteFamily: (inner) => inner.peer.family,
  localAddress: (inner) => inner.own.address,
  localPort: (inner) => inner.own.port,
  localFamily: (inner) => inner.own.family,
  autoSelectFamilyAttemptedAddresses: (inner) => inner.attempts,
  pending: (inner, socket) => inner.wire === undefined || socket.connecting,
  readyState(inner, socket) {
    if (socket.connecting) return "opening";
    if (socket.readable && socket.writable) return "open";
    return socket.readable ? "readOnly" : socket.writable ? "writeOnly" : "closed";
  },
};
for (const [name, get] of Object.entries(getters))
  Object.defineProperty(Socket.prototype, name, {
    get() {
      return this[state] === undefined ? undefined : get(this[state], this);
    },
    configurable: true,
  });

module.exports = { Socket, adopt, opened, state, normalize };

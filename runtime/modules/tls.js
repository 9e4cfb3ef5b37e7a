// Node's tls, the client's half: sessions of OpenSSL (src/runtime/tls.c) over any of Node's streams.
const { Buffer } = require("buffer");
const { Socket, adopt, opened, state, normalize } = require("net-socket");
const { isIP } = require("net-address");
const { argumentType, argumentValue, checkFunction, nodeError } = require("node-errors");
const { hangUp } = require("net-errors");
const { refuse, refusal } = require("refused");

const bufferOf = (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const toPem = (der) => `-----BEGIN CERTIFICATE-----\n${bufferOf(der).toString("base64").replace(/(.{64})(?=.)/g, "$1\n")}\n-----END CERTIFICATE-----\n`;

// --- contexts ---

const versions = ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"];
const byMethod = { TLSv1_method: "TLSv1", TLSv1_client_method: "TLSv1", TLSv1_1_method: "TLSv1.1", TLSv1_1_client_method: "TLSv1.1", TLSv1_2_method: "TLSv1.2", TLSv1_2_client_method: "TLSv1.2" };

const defaults = {
  DEFAULT_CIPHERS: "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES256-GCM-SHA384:DHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-SHA256:DHE-RSA-AES128-SHA256:ECDHE-RSA-AES256-SHA384:DHE-RSA-AES256-SHA384:ECDHE-RSA-AES256-SHA256:DHE-RSA-AES256-SHA256:HIGH:!aNULL:!eNULL:!EXPORT:!DES:!RC4:!MD5:!PSK:!SRP:!CAMELLIA",
  DEFAULT_ECDH_CURVE: "auto",
  DEFAULT_MIN_VERSION: "TLSv1.2",
  DEFAULT_MAX_VERSION: "TLSv1.3",
  CLIENT_RENEG_LIMIT: 3,
  CLIENT_RENEG_WINDOW: 600,
};

const pemOf = (value, name) => {
  if (value === undefined || value === null || value === false) return undefined;
  return [value].flat().map((one) => {
    if (typeof one !== "string" && !ArrayBuffer.isView(one)) throw argumentType(`options.${name}`, "of type string or an instance of Buffer, TypedArray, or DataView", one);
    return typeof one === "string" ? one : bufferOf(one).toString("latin1");
  }).join("\n");
};
const keyOf = ({ key, passphrase }) => {
  const first = Array.isArray(key) ? key[0] : key;
  if (first === undefined || first === null || first === false) return undefined;
  const { handleOf } = require("crypto-keys");
  if (typeof first === "object" && first.pem !== undefined) return handleOf({ key: first.pem, passphrase: first.passphrase ?? passphrase }, true);
  return handleOf(passphrase === undefined || require("crypto-keys").isKeyObject(first) ? first : { key: first, passphrase }, true);
};
const pfxOf = ({ pfx, passphrase }) => {
  const first = Array.isArray(pfx) ? pfx[0] : pfx;
  if (first === undefined || first === null) return {};
  const bytes = first.buf ?? first;
  const { chain, key } = native.tlsPfx(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes, `${first.passphrase ?? passphrase ?? ""}`);
  return { cert: chain.map(toPem).join(""), key };
};
const checkVersion = (value, name) => {
  if (value !== undefined && value !== null && !versions.includes(value)) throw nodeError(TypeError, "ERR_TLS_INVALID_PROTOCOL_VERSION", `"${value}" is not a valid ${name} TLS protocol version`);
  return value ?? undefined;
};

let defaultAuthorities; // in PEM, in place of the system's

class SecureContext {
  #options;
  constructor(options) {
    this.#options = options;
    this.context = {};
  }
  static optionsOf(context) {
    return typeof context === "object" && context !== null && #options in context ? context.#options : undefined;
  }
}
const { optionsOf } = SecureContext;
delete SecureContext.optionsOf;
Object.defineProperty(SecureContext, "name", { value: "SecureContext", configurable: true });

const createSecureContext = (options = {}) => {
  const { minVersion, maxVersion, secureProtocol, ciphers } = options;
  if (secureProtocol !== undefined && (minVersion || maxVersion)) throw nodeError(TypeError, "ERR_TLS_PROTOCOL_VERSION_CONFLICT", `TLS protocol version ${JSON.stringify(minVersion ?? maxVersion)} conflicts with secureProtocol ${JSON.stringify(secureProtocol)}`);
  const only = byMethod[secureProtocol];
  const bundle = pfxOf(options);
  /* Those of TLS 1.3 are not chosen: OpenSSL has all of them on. */
  const old = ciphers?.split(":").filter((name) => !name.startsWith("TLS_")).join(":");
  const made = {
    ca: pemOf(options.ca, "ca") ?? defaultAuthorities,
    cert: pemOf(options.cert, "cert") ?? bundle.cert,
    key: keyOf(options) ?? bundle.key,
    minVersion: only ?? checkVersion(minVersion, "minimum") ?? module.exports.DEFAULT_MIN_VERSION,
    maxVersion: only ?? checkVersion(maxVersion, "maximum") ?? module.exports.DEFAULT_MAX_VERSION,
    ciphers: old || undefined,
  };
  /* What is wrong with it is said now. */
  if (made.ca !== undefined || made.cert !== undefined || made.key !== undefined || made.ciphers !== undefined) native.tlsNew(made);
  return new SecureContext(made);
};

/** RFC 7301's list: a byte of length before each name. */
const protocolList = (protocols) => {
  if (protocols === undefined || protocols === null) return undefined;
  if (!Array.isArray(protocols)) return protocols;
  return Buffer.concat(protocols.flatMap((one) => {
    const name = Buffer.from(one);
    if (name.length === 0 || name.length > 255) throw nodeError(RangeError, "ERR_OUT_OF_RANGE", `The byte length of the protocol at index ${protocols.indexOf(one)} exceeds the maximum length. It must be <= 255. Received ${name.length}`);
    return [Buffer.from([name.length]), name];
  }));
};
const convertALPNProtocols = (protocols, out) => {
  out.ALPNProtocols = protocolList(protocols);
};

// --- identity ---

const altNames = (text = "") =>
  (text.match(/(?:[^,"]|"(?:[^"\\]|\\.)*")+/g) ?? []).map((part) => {
    const [, kind, value] = /^\s*([^:]+):([\s\S]*)$/.exec(part) ?? [];
    return { kind, value: value?.startsWith('"') ? JSON.parse(value) : value };
  });
const isLikeName = (host, pattern) => {
  const parts = pattern.toLowerCase().replace(/\.$/, "").split(".");
  const of = host.toLowerCase().split(".");
  if (parts.length !== of.length || parts.includes("") || /[^\x21-\x7e]/.test(pattern)) return false;
  if (parts.slice(1).some((part, i) => part !== of[i + 1])) return false;
  const pieces = parts[0].split("*");
  if (pieces.length === 1) return parts[0] === of[0];
  if (pieces.length > 2 || parts.length <= 2 || parts[0].includes("xn--")) return false;
  return of[0].length >= parts[0].length && of[0].startsWith(pieces[0]) && of[0].endsWith(pieces[1]);
};
const namesOf = (cert) => {
  const names = altNames(cert.subjectaltname);
  return {
    dns: names.filter(({ kind }) => kind === "DNS").map(({ value }) => value),
    ips: names.filter(({ kind }) => kind === "IP Address").map(({ value }) => value.trim()),
    common: [cert.subject?.CN].flat().filter((name) => typeof name === "string"),
  };
};
const canonical = (ip) => (isIP(ip) === 6 ? new (require("net-address").SocketAddress)({ address: ip, family: "ipv6" }).address : ip);
const reasonAgainst = (hostname, cert) => {
  const { dns, ips, common } = namesOf(cert);
  const host = hostname.replace(/\.$/, "");
  /* OpenSSL says, where it can be asked. */
  const certificate = ArrayBuffer.isView(cert.raw) ? new (require("crypto-x509").X509Certificate)(cert.raw) : undefined;
  if (isIP(host) !== 0) {
    const isGood = certificate === undefined ? ips.map(canonical).includes(canonical(host)) : certificate.checkIP(host) !== undefined;
    return isGood ? undefined : `IP: ${host} is not in the cert's list: ${ips.join(", ")}`;
  }
  if (certificate !== undefined ? certificate.checkHost(host) !== undefined : (dns.length > 0 ? dns : common).some((name) => isLikeName(host, name))) return undefined;
  if (dns.length > 0) return `Host: ${host}. is not in the cert's altnames: ${cert.subjectaltname}`;
  return common.length > 0 ? `Host: ${host}. is not cert's CN: ${common.join()}` : "Cert does not contain a DNS name";
};
const checkServerIdentity = (hostname, cert) => {
  const reason = reasonAgainst(`${hostname}`, cert);
  if (reason === undefined) return undefined;
  return Object.assign(nodeError(Error, "ERR_TLS_CERT_ALTNAME_INVALID", `Hostname/IP does not match certificate's altnames: ${reason}`), { reason, host: hostname, cert });
};

// --- sessions ---

/** A session over a stream: what a TLSSocket's bytes go by (see Wire of net-socket.js). */
class Session {
  #stream;
  #events;
  #tls;
  #isDone = false; // the handshake
  #isHeld = false;
  #isOver = false;
  #waiting; // {bytes, done} to be written
  #ending; // done of shut()
  constructor(stream, events) {
    this.#stream = stream;
    this.#events = events;
  }
  get info() {
    return this.#tls === undefined || !this.#isDone ? undefined : native.tlsInfo(this.#tls);
  }
  start(tls) {
    if (this.#isOver) return;
    this.#tls = tls;
    this.#stream.on("data", (bytes) => {
      native.tlsFeed(tls, bytes);
      this.#run();
    });
    this.#stream.on("end", () => this.#onEnd());
    this.#run();
  }
  #onEnd() {
    if (this.#isOver) return;
    if (!this.#isDone) this.#fail(hangUp("Client network socket disconnected before secure TLS connection was established"));
    else this.#events.eof();
  }
  #fail(error) {
    this.#flush();
    this.#events.failed(error);
  }
  #flush(done) {
    const bytes = native.tlsDrain(this.#tls);
    if (bytes === undefined || this.#stream.destroyed) done?.();
    else this.#stream.write(bufferOf(bytes), done);
  }
  #run() {
    try {
      if (!this.#isDone && !this.#isOver) {
        const isDone = native.tlsHandshake(this.#tls);
        this.#flush();
        if (!isDone) return;
        this.#isDone = true;
        this.#events.secure();
      }
      this.#write();
      this.#read();
      if (!this.#isOver) this.#flush();
    } catch (error) {
      if (!this.#isOver) this.#fail(error);
    }
  }
  #read() {
    while (!this.#isHeld && !this.#isOver) {
      const bytes = native.tlsRead(this.#tls);
      if (bytes === undefined) return;
      if (bytes === null) {
        this.#events.eof();
        return;
      }
      this.#events.data(bufferOf(bytes));
    }
  }
  #write() {
    if (this.#isOver) return;
    if (this.#waiting !== undefined) {
      const { bytes, done } = this.#waiting;
      if (!(native.tlsWrite(this.#tls, bytes) > 0)) return;
      this.#waiting = undefined;
      this.#flush(done);
    }
    if (this.#ending === undefined) return;
    native.tlsShut(this.#tls);
    this.#flush();
    this.#stream.end(this.#ending);
    this.#ending = undefined;
  }
  write(bytes, done) {
    if (bytes.length === 0) {
      done();
      return;
    }
    this.#waiting = { bytes, done };
    if (this.#isDone) this.#run();
  }
  shut(done) {
    this.#ending = () => done();
    if (this.#isDone) this.#run();
  }
  hold(isHeld) {
    this.#isHeld = isHeld;
    if (isHeld) this.#stream.pause();
    else {
      if (this.#isDone) this.#run();
      if (!this.#isHeld && !this.#isOver) this.#stream.resume();
    }
  }
  refer(isReferenced) {
    if (isReferenced) this.#stream.ref?.();
    else this.#stream.unref?.();
  }
  close(error) {
    this.#isOver = true;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    this.#stream.destroy();
    waiting?.done(error ?? nodeError(Error, "ERR_STREAM_DESTROYED", "Cannot call write after a stream was destroyed"));
  }
}

// --- sockets ---

const session = Symbol("session");
const verifies = Symbol("verifies");
const silent = Symbol("silent");

function TLSSocket(stream, options) {
  if (!(this instanceof TLSSocket)) return new TLSSocket(stream, options);
  const given = { ...options };
  if (given.isServer) throw refusal("tls", "TLSSocket({isServer: true})", "a code block receives by its trigger");
  Socket.call(this, { allowHalfOpen: stream ? stream.allowHalfOpen : given.allowHalfOpen, highWaterMark: given.highWaterMark, signal: given.signal });
  this._tlsOptions = given;
  this.encrypted = true;
  this.authorized = false;
  this.authorizationError = null;
  this.alpnProtocol = null;
  this.servername = null;
  this.secureConnecting = true;
  this._secureEstablished = false;
  this.ssl = null;
  if (given.secureContext !== undefined && given.secureContext !== null && optionsOf(given.secureContext) === undefined) throw argumentType("options.secureContext", "an instance of SecureContext", given.secureContext);
  given.secureContext ??= createSecureContext(given);
  if (stream !== undefined && stream !== null) wrap(this, stream);
}
Object.setPrototypeOf(TLSSocket.prototype, Socket.prototype);
Object.setPrototypeOf(TLSSocket, Socket);
const { prototype } = TLSSocket;

const wrap = (socket, stream) => {
  const inner = adopt(socket, (events) => (socket[session] = new Session(stream, { ...events, secure: () => onSecure(socket) })));
  socket._parent = stream;
  /* http2-wrapper, which got loads, looks there when it is loaded. */
  if (!(stream instanceof Socket)) socket._handle = { _parentWrap: stream };
  socket._host = stream._host ?? null;
  inner.isLookedUp = true;
  const places = () => {
    if (stream[state] !== undefined) Object.assign(inner, { peer: stream[state].peer, own: stream[state].own });
  };
  stream.on("error", (error) => {
    if (socket.destroyed) return;
    socket._hadError = true;
    socket.destroy(error);
  });
  stream.on("close", () => {
    if (socket.destroyed) return;
    if (socket.secureConnecting) socket.destroy(hangUp("Client network socket disconnected before secure TLS connection was established"));
    else socket.destroy();
  });
  if (stream.connecting) {
    socket.connecting = true;
    for (const name of ["lookup", "connectionAttempt"]) stream.on(name, (...args) => socket.emit(name, ...args));
    stream.once("connect", () => {
      places();
      opened(socket);
      start(socket);
    });
  } else {
    places();
    /* By itself a TLSSocket over a stream is silent until it is written to, as in Node. */
    if (socket._tlsOptions[verifies]) process.nextTick(start, socket);
    else socket[silent] = true;
  }
};

prototype._start = function _start() {
  if (!this[silent]) return;
  this[silent] = false;
  start(this);
};
for (const name of ["_write", "_writev"])
  prototype[name] = function (...args) {
    this._start();
    Socket.prototype[name].apply(this, args);
  };

/** Begins the handshake, once the authorities are known. */
const start = (socket) => {
  if (socket.destroyed) return;
  const options = socket._tlsOptions;
  const context = optionsOf(options.secureContext);
  const begin = () => {
    if (socket.destroyed) return;
    const servername = options.servername ?? (options.host && isIP(options.host) === 0 ? options.host : "");
    socket.servername = servername || false;
    let tls;
    try {
      tls = native.tlsNew({ ...context, servername, alpn: protocolList(options.ALPNProtocols) });
    } catch (error) {
      socket.destroy(error);
      return;
    }
    socket[session].start(tls);
  };
  if (context.ca !== undefined || native.tlsReady(begin)) begin();
};

const failureOf = (socket, info) => {
  if (info.verifyCode !== undefined) return nodeError(Error, info.verifyCode, info.verifyMessage);
  if (info.chain.length === 0) return nodeError(Error, "UNABLE_TO_GET_ISSUER_CERT", "the server shows no certificate");
  const options = socket._tlsOptions;
  if (!options[verifies]) return undefined;
  const host = options.servername || options.host || options.socket?._host || "localhost";
  return options.checkServerIdentity(host, socket.getPeerCertificate(true));
};

const onSecure = (socket) => {
  const info = socket[session].info;
  const options = socket._tlsOptions;
  socket.alpnProtocol = info.alpn;
  socket.secureConnecting = false;
  socket._secureEstablished = true;
  socket.ssl = {};
  const failed = failureOf(socket, info);
  socket.authorized = !failed;
  if (failed) socket.authorizationError = failed.code || failed.message;
  if (failed && options[verifies] && options.rejectUnauthorized !== false) {
    socket.destroy(failed);
    return;
  }
  socket.emit("secure");
  if (options[verifies]) socket.emit("secureConnect");
};

prototype.connect = function connect(...args) {
  const [options, callback] = normalize(args);
  const stream = new Socket({ allowHalfOpen: this.allowHalfOpen });
  this._tlsOptions.host ??= options.host;
  if (callback !== undefined) this.once("connect", callback);
  /* First, so that a wrong option is thrown before anything is there. */
  stream.connect({ ...options, signal: undefined });
  wrap(this, stream);
  if (!this[state].isReferenced) stream.unref();
  return this;
};

const certificateOf = (der) => new (require("crypto-x509").X509Certificate)(der);
prototype.getPeerCertificate = function getPeerCertificate(isDetailed) {
  const chain = this[session]?.info?.chain ?? [];
  if (chain.length === 0) return this[session]?.info === undefined ? null : {};
  const all = (isDetailed ? chain : chain.slice(0, 1)).map((der) => certificateOf(der).toLegacyObject());
  if (isDetailed) all.forEach((one, i) => (one.issuerCertificate = all[i + 1] ?? one));
  return all[0];
};
prototype.getPeerX509Certificate = function getPeerX509Certificate() {
  const der = this[session]?.info?.chain[0];
  return der === undefined ? undefined : certificateOf(der);
};
const ownOf = (socket) => optionsOf(socket._tlsOptions.secureContext).cert;
prototype.getCertificate = function getCertificate() {
  return ownOf(this) === undefined ? {} : certificateOf(Buffer.from(ownOf(this))).toLegacyObject();
};
prototype.getX509Certificate = function getX509Certificate() {
  return ownOf(this) === undefined ? undefined : certificateOf(Buffer.from(ownOf(this)));
};
prototype.getProtocol = function getProtocol() {
  return this[session]?.info?.protocol ?? null;
};
prototype.getCipher = function getCipher() {
  const info = this[session]?.info;
  return info === undefined ? undefined : { name: info.cipher, standardName: info.standardCipher ?? info.cipher, version: info.cipherVersion };
};
/* Sessions are not taken up again. */
const fixed = { isSessionReused: false, getSession: undefined, getTLSTicket: undefined, getFinished: undefined, getPeerFinished: undefined, getEphemeralKeyInfo: {}, getSharedSigalgs: [], setMaxSendFragment: true, disableRenegotiation: undefined, enableTrace: undefined, setSession: undefined };
for (const [name, value] of Object.entries(fixed)) prototype[name] = { [name]: () => value }[name];
prototype.setServername = function setServername(name) {
  if (typeof name !== "string") throw argumentType("name", "of type string", name);
  this._tlsOptions.servername = name;
};
prototype.renegotiate = function renegotiate(options, callback) {
  checkFunction("callback", callback);
  process.nextTick(callback, nodeError(Error, "ERR_TLS_RENEGOTIATION_DISABLED", "TLS session renegotiation disabled for this socket"));
  return false;
};
prototype.exportKeyingMaterial = function exportKeyingMaterial() {
  throw refusal("tls", "TLSSocket.exportKeyingMaterial", "it has no access to the session's secrets");
};

const connect = (...args) => {
  const callback = typeof args.at(-1) === "function" ? args.at(-1) : undefined;
  const objects = args.filter((one) => one !== null && typeof one === "object");
  const [place] = normalize(args);
  const given = Object.assign({}, place, ...objects);
  const options = { rejectUnauthorized: process.env.NODE_TLS_REJECT_UNAUTHORIZED !== "0", checkServerIdentity, ...given, [verifies]: true };
  checkFunction("options.checkServerIdentity", options.checkServerIdentity);
  const socket = new TLSSocket(options.socket, options);
  if (callback !== undefined) socket.once("secureConnect", callback);
  if (!options.socket) {
    if (options.timeout) socket.setTimeout(options.timeout);
    socket.connect(options);
  }
  return socket;
};

module.exports = {
  ...defaults,
  ...refuse("tls", "a code block receives by its trigger, and listens to nothing itself", { functions: ["createServer", "createSecurePair"], classes: ["Server"] }),
  connect,
  TLSSocket,
  SecureContext,
  createSecureContext,
  checkServerIdentity,
  convertALPNProtocols,
  getCiphers: () => defaults.DEFAULT_CIPHERS.split(":").filter((name) => !/^[!H]/.test(name)).map((name) => name.toLowerCase()),
};

/* They come from egress at the first use; until then the list is empty. */
native.tlsReady(() => {});
let roots;
const systemRoots = () => {
  if (!(roots?.length > 0)) roots = Object.freeze(native.tlsRoots().map((der) => toPem(der).trimEnd()));
  return roots;
};
Object.defineProperty(module.exports, "rootCertificates", { get: systemRoots, enumerable: true, configurable: true });

module.exports.getCACertificates = (type = "default") => {
  if (!["default", "system", "bundled", "extra"].includes(type)) throw argumentValue("type", type, "must be one of: 'default', 'system', 'bundled', 'extra'");
  if (type === "extra") return [];
  return type === "default" && defaultAuthorities !== undefined ? defaultAuthorities.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [] : [...systemRoots()];
};
module.exports.setDefaultCACertificates = (certificates) => {
  if (!Array.isArray(certificates)) throw argumentType("certs", "an instance of Array", certificates);
  const text = pemOf(certificates, "certs");
  native.tlsNew({ ca: text });
  defaultAuthorities = text;
};

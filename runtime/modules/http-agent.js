// Agent: which connection a request goes out on, and which are kept for later ones.
const EventEmitter = require("events");
const { argumentValue, nodeError, argumentType } = require("node-errors");

const place = Symbol("options"); // of a socket: what it was made for

function Agent(options) {
  if (!(this instanceof Agent)) return new Agent(options);
  EventEmitter.call(this);
  this.defaultPort = 80;
  this.protocol = "http:";
  this.options = { __proto__: null, noDelay: true, ...options, path: null };
  this.requests = { __proto__: null };
  this.sockets = { __proto__: null };
  this.freeSockets = { __proto__: null };
  this.keepAliveMsecs = this.options.keepAliveMsecs || 1000;
  this.keepAlive = this.options.keepAlive || false;
  this.maxSockets = this.options.maxSockets || Agent.defaultMaxSockets;
  this.maxFreeSockets = this.options.maxFreeSockets || 256;
  this.scheduling = this.options.scheduling || "lifo";
  this.maxTotalSockets = this.options.maxTotalSockets;
  this.totalSocketCount = 0;
  if (this.scheduling !== "lifo" && this.scheduling !== "fifo") throw argumentValue("scheduling", this.scheduling, "must be one of: 'fifo', 'lifo'");
  if (this.maxTotalSockets === undefined) this.maxTotalSockets = Infinity;
  else if (typeof this.maxTotalSockets !== "number") throw argumentType("maxTotalSockets", "of type number", this.maxTotalSockets);
  else if (!(this.maxTotalSockets >= 1)) throw nodeError(RangeError, "ERR_OUT_OF_RANGE", `The value of "maxTotalSockets" is out of range. It must be > 0. Received ${this.maxTotalSockets}`);
  this.on("free", (socket, opts) => onFree(this, socket, opts));
}
Object.setPrototypeOf(Agent.prototype, EventEmitter.prototype);
Object.setPrototypeOf(Agent, EventEmitter);
Agent.defaultMaxSockets = Infinity;
const { prototype } = Agent;

prototype.createConnection = function createConnection(...args) {
  return require("net").createConnection(...args);
};

prototype.getName = function getName(options = {}) {
  let name = `${options.host || "localhost"}:${options.port || ""}:${options.localAddress || ""}`;
  if (options.family === 4 || options.family === 6) name += `:${options.family}`;
  if (options.socketPath) name += `:${options.socketPath}`;
  return name;
};

const give = (agent, request, socket) => {
  request.onSocket(socket);
  const agentTimeout = agent.options.timeout || 0;
  if (request.timeout === undefined || request.timeout === agentTimeout) return;
  socket.setTimeout(request.timeout);
};

const freeError = function () {
  this.destroy();
};
/* What a server sends unasked would be taken for the answer to the next request. */
const freeData = function () {
  this.destroy();
};

const guardIdle = (socket) => {
  if (!socket.listeners("data").includes(freeData)) socket.on("data", freeData);
};

/** A request has left its socket. */
const onFree = (agent, socket, options) => {
  const name = agent.getName(options);
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const waiting = agent.requests[name];
  if (waiting?.length > 0) {
    const request = waiting.shift();
    if (waiting.length === 0) delete agent.requests[name];
    give(agent, request, socket);
    return;
  }
  const request = socket._httpMessage;
  const free = agent.freeSockets[name] ?? [];
  const count = free.length + (agent.sockets[name]?.length ?? 0);
  if (!request?.shouldKeepAlive || !agent.keepAlive || agent.totalSocketCount > agent.maxTotalSockets || count > agent.maxSockets || free.length >= agent.maxFreeSockets || !agent.keepSocketAlive(socket)) {
    socket.destroy();
    return;
  }
  agent.freeSockets[name] = free;
  socket._httpMessage = null;
  agent.removeSocket(socket, options);
  socket.once("error", freeError);
  /* Whoever hears the response close must not see a listener: node-fetch 2 takes it for a response cut short. */
  if (request.res?.closed === false) request.res.once("close", () => free.includes(socket) && guardIdle(socket));
  else guardIdle(socket);
  socket.resume();
  free.push(socket);
};

const normalOptions = (agent, options, port, localAddress) => {
  const given = typeof options === "string" ? { host: options, port, localAddress } : options;
  const opts = { __proto__: null, ...given, ...agent.options };
  if (opts.socketPath) opts.path = opts.socketPath;
  opts.encoding = null;
  return opts;
};
const servernameOf = (options, request) => {
  const host = request.getHeader("host");
  if (host === undefined || host === null) return options.host;
  if (typeof host !== "string") throw argumentType("options.headers.host", "of type string", host);
  if (host.startsWith("[")) return host.includes("]") ? host.slice(1, host.indexOf("]")) : host;
  return host.split(":", 1)[0];
};
const isName = (name) => require("net-address").isIP(name) === 0;

prototype.addRequest = function addRequest(request, given, port, localAddress) {
  const options = normalOptions(this, given, port, localAddress);
  if (options.servername === undefined || options.servername === null) {
    const servername = servernameOf(options, request);
    options.servername = servername && isName(servername) ? servername : "";
  }
  const name = this.getName(options);
  this.sockets[name] ??= [];
  const free = this.freeSockets[name];
  let socket;
  while (free?.length > 0 && (free[0].destroyed || !free[0].writable)) free.shift();
  if (free?.length > 0) socket = this.scheduling === "fifo" ? free.shift() : free.pop();
  if (free?.length === 0) delete this.freeSockets[name];
  const count = (free?.length ?? 0) + this.sockets[name].length;
  if (socket !== undefined) {
    socket.removeListener("data", freeData);
    this.reuseSocket(socket, request);
    this.sockets[name].push(socket);
    this.totalSocketCount++;
    give(this, request, socket);
  } else if (count < this.maxSockets && this.totalSocketCount < this.maxTotalSockets)
    this.createSocket(request, options, (error, made) => (error ? request.onSocket(undefined, error) : give(this, request, made)));
  else {
    (this.requests[name] ??= []).push(request);
    request[place] = options;
  }
};

prototype.createSocket = function createSocket(request, given, callback) {
  const options = { __proto__: null, ...given, ...this.options };
  if (options.socketPath) options.path = options.socketPath;
  if (options.servername === undefined || options.servername === null) {
    const servername = servernameOf(options, request);
    options.servername = servername && isName(servername) ? servername : "";
  }
  const timeout = request.timeout || this.options.timeout;
  if (timeout) options.timeout = timeout;
  const name = this.getName(options);
  options._agentKey = name;
  options.encoding = null;
  let isCalled = false;
  const onCreate = (error, socket) => {
    if (isCalled) return;
    isCalled = true;
    if (error) {
      callback(error);
      return;
    }
    (this.sockets[name] ??= []).push(socket);
    this.totalSocketCount++;
    watch(this, socket, options);
    callback(null, socket);
  };
  if (this.keepAlive) {
    options.keepAlive = this.keepAlive;
    options.keepAliveInitialDelay = this.keepAliveMsecs;
  }
  const socket = this.createConnection(options, onCreate);
  if (socket) onCreate(null, socket);
};

/** What happens to a socket while it is the agent's. */
const watch = (agent, socket, options) => {
  const onSocketFree = () => agent.emit("free", socket, options);
  const onClose = () => agent.removeSocket(socket, options);
  const onTimeout = () => {
    for (const list of Object.values(agent.freeSockets)) if (list.includes(socket)) socket.destroy();
  };
  const onRemove = () => {
    agent.removeSocket(socket, options);
    socket.removeListener("close", onClose);
    socket.removeListener("free", onSocketFree);
    socket.removeListener("timeout", onTimeout);
    socket.removeListener("agentRemove", onRemove);
  };
  socket.on("free", onSocketFree);
  socket.on("close", onClose);
  socket.on("timeout", onTimeout);
  socket.on("agentRemove", onRemove);
};

prototype.removeSocket = function removeSocket(socket, options) {
  const name = this.getName(options);
  const take = (sockets) => {
    const at = sockets[name]?.indexOf(socket) ?? -1;
    if (at < 0) return false;
    sockets[name].splice(at, 1);
    if (sockets[name].length === 0) delete sockets[name];
    return true;
  };
  if (take(this.sockets)) this.totalSocketCount--;
  if (!socket.writable) take(this.freeSockets);
  /* A socket less is room for a request that waits, of the same place first. */
  const other = this.requests[name]?.length > 0 ? name : Object.keys(this.requests).find((one) => this.requests[one].length > 0 && (this.sockets[one]?.length ?? 0) < this.maxSockets);
  const request = other === undefined ? undefined : this.requests[other][0];
  if (request === undefined || this.totalSocketCount >= this.maxTotalSockets || (this.sockets[other]?.length ?? 0) >= this.maxSockets) return;
  this.requests[other].shift();
  if (this.requests[other].length === 0) delete this.requests[other];
  this.createSocket(request, request[place] ?? options, (error, made) => (error ? request.onSocket(undefined, error) : give(this, request, made)));
};

prototype.keepSocketAlive = function keepSocketAlive(socket) {
  socket.setKeepAlive(true, this.keepAliveMsecs);
  socket.unref();
  let timeout = this.options.timeout || 0;
  const hint = /(?:^|[,\s])timeout=(\d+)/.exec(socket._httpMessage?.res?.headers["keep-alive"] ?? "");
  if (hint !== null) {
    const ms = Number(hint[1]) * 1000;
    if (ms === 0) return false;
    if (timeout === 0 || ms < timeout) timeout = ms;
  }
  if (socket.timeout !== timeout) socket.setTimeout(timeout);
  return true;
};
prototype.reuseSocket = function reuseSocket(socket, request) {
  socket.removeListener("error", freeError);
  request.reusedSocket = true;
  socket.ref();
};
prototype.destroy = function destroy() {
  for (const sockets of [this.freeSockets, this.sockets]) for (const list of Object.values(sockets)) for (const socket of [...list]) socket.destroy();
};

module.exports = { Agent, globalAgent: new Agent({ keepAlive: true, scheduling: "lifo", timeout: 5000 }) };

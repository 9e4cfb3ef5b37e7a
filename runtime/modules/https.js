// Node's https, the client's half: http over tls. Servers are refused.
const http = require("http");
const { refuse } = require("refused");
const { URL } = require("whatwg-url");

const sessionMembers = ["ca", "cert", "clientCertEngine", "ciphers", "key", "pfx", "rejectUnauthorized", "servername", "minVersion", "maxVersion", "secureProtocol", "crl", "honorCipherOrder", "ecdhCurve", "dhparam", "secureOptions", "sessionIdContext"];

function Agent(options) {
  if (!(this instanceof Agent)) return new Agent(options);
  http.Agent.call(this, options);
  this.defaultPort = 443;
  this.protocol = "https:";
  this.maxCachedSessions = this.options.maxCachedSessions ?? 100;
}
Object.setPrototypeOf(Agent.prototype, http.Agent.prototype);
Object.setPrototypeOf(Agent, http.Agent);

Agent.prototype.createConnection = function createConnection(port, host, options) {
  const given = port !== null && typeof port === "object" ? { ...port } : host !== null && typeof host === "object" ? { ...host, port } : { ...options, port, host };
  return require("tls").connect(given);
};
const text = (value) => (Array.isArray(value) ? value.map(text).join() : value !== null && typeof value === "object" && !ArrayBuffer.isView(value) ? JSON.stringify(value) : `${value}`);
/* Sessions that trust differently must not share a connection. */
Agent.prototype.getName = function getName(options = {}) {
  let name = http.Agent.prototype.getName.call(this, options);
  for (const member of sessionMembers) {
    const value = options[member];
    const isShown = member === "servername" ? value && value !== options.host : member === "rejectUnauthorized" ? value !== undefined : value;
    name += isShown ? `:${text(value)}` : ":";
  }
  return name;
};

let globalAgent = new Agent({ keepAlive: true, scheduling: "lifo", timeout: 5000 });

const request = (input, options, callback) => {
  const args = [];
  if (typeof input === "string") args.push(require("url").urlToHttpOptions(new URL(input)));
  else if (input instanceof URL || (typeof input?.href === "string" && input.searchParams !== undefined)) args.push(require("url").urlToHttpOptions(input));
  else [options, callback] = [input, options];
  if (typeof options === "function") [options, callback] = [undefined, options];
  /* Agents of packages look for the protocol, or else for Node's file names in a stack. */
  const whole = Object.assign({ protocol: "https:" }, ...args, options, { _defaultAgent: globalAgent });
  return new http.ClientRequest(whole, callback);
};
const get = (...args) => {
  const made = request(...args);
  made.end();
  return made;
};

module.exports = { Agent, request, get, ...refuse("https", "a code block receives requests by its trigger", { functions: ["createServer"], classes: ["Server"] }) };
Object.defineProperty(module.exports, "globalAgent", {
  get: () => globalAgent,
  set(agent) {
    globalAgent = agent;
  },
  enumerable: true,
  configurable: true,
});

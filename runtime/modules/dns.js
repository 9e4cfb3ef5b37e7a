// Node's dns: egress asks, by the operator's resolver, and keeps to itself the addresses that the policy refuses.
const { snapshot } = require("async-context");
const { isIP, isIPv4 } = require("net-address");
const { argumentType, argumentValue, checkFunction, checkString } = require("node-errors");
const { questionError } = require("net-errors");
const { refusal } = require("refused");

/* As EgressQueryKind of src/egress/egress.h. */
const kinds = { address: 0, ipv4: 1, ipv6: 2, mx: 3, txt: 4, srv: 5, ns: 6, soa: 7, name: 8 };

const hints = { ADDRCONFIG: 32, V4MAPPED: 8, ALL: 16 };
const codes = {
  NODATA: "ENODATA", FORMERR: "EFORMERR", SERVFAIL: "ESERVFAIL", NOTFOUND: "ENOTFOUND", NOTIMP: "ENOTIMP", REFUSED: "EREFUSED",
  BADQUERY: "EBADQUERY", BADNAME: "EBADNAME", BADFAMILY: "EBADFAMILY", BADRESP: "EBADRESP", CONNREFUSED: "ECONNREFUSED",
  TIMEOUT: "ETIMEOUT", EOF: "EOF", FILE: "EFILE", NOMEM: "ENOMEM", DESTRUCTION: "EDESTRUCTION", BADSTR: "EBADSTR",
  BADFLAGS: "EBADFLAGS", NONAME: "ENONAME", BADHINTS: "EBADHINTS", NOTINITIALIZED: "ENOTINITIALIZED",
  LOADIPHLPAPI: "ELOADIPHLPAPI", ADDRGETNETWORKPARAMS: "EADDRGETNETWORKPARAMS", CANCELLED: "ECANCELLED",
};

let order = "verbatim";
const orders = ["ipv4first", "ipv6first", "verbatim"];
const setDefaultResultOrder = (value) => {
  if (!orders.includes(value)) throw argumentValue("dnsOrder", value, `must be one of: ${orders.map((one) => `'${one}'`).join(", ")}`);
  order = value;
};

/** Asks egress: (failure {code, message} or null, records). Returns what cancels it. */
const ask = (name, kind, done) => {
  if (name.length > 253 || name.includes("\0")) {
    process.nextTick(done, { code: "ENOTFOUND", message: "" });
    return () => {};
  }
  const run = snapshot();
  let id;
  try {
    id = native.dnsResolve(
      name,
      kinds[kind],
      (json) => run(done, null, JSON.parse(json)),
      (code, message) => run(done, { code, message }),
    );
  } catch (error) {
    process.nextTick(done, error);
    return () => {};
  }
  if (id === undefined) process.nextTick(done, { code: "ECONNREFUSED", message: "" });
  return () => id !== undefined && native.socketClose(id);
};

// --- lookup ---

const familyOf = (family) => {
  if (family === undefined || family === null || family === 0) return 0;
  if (family === 4 || family === "IPv4") return 4;
  if (family === 6 || family === "IPv6") return 6;
  throw argumentValue(typeof family === "object" ? "options.family" : "family", family, "must be one of: 0, 4, 6");
};

const lookupOptions = (given) => {
  if (typeof given === "number" || typeof given === "string") return { family: familyOf(given), all: false, order };
  if (given !== undefined && (given === null || typeof given !== "object")) throw argumentType("options", "one of type number or object", given);
  const { family, all = false, hints: flags = 0, verbatim, order: wanted } = given ?? {};
  if (typeof all !== "boolean") throw argumentType("options.all", "of type boolean", all);
  if (typeof flags !== "number" || (flags & ~(hints.ADDRCONFIG | hints.V4MAPPED | hints.ALL)) !== 0) throw argumentValue("hints", flags);
  if (wanted !== undefined && !orders.includes(wanted)) throw argumentValue("options.order", wanted);
  return { family: familyOf(family), all, order: wanted ?? (verbatim === undefined ? order : verbatim ? "verbatim" : "ipv4first") };
};

const sorted = (addresses, by) => {
  if (by === "verbatim") return addresses;
  const first = by === "ipv4first" ? 4 : 6;
  return [...addresses.filter((one) => one.family === first), ...addresses.filter((one) => one.family !== first)];
};

/** (error or null, [{address, family}]) */
const find = (hostname, { family, order: by }, done) => {
  const known = isIP(hostname);
  if (known !== 0) {
    process.nextTick(done, null, [{ address: hostname, family: known }]);
    return;
  }
  ask(hostname, family === 4 ? "ipv4" : family === 6 ? "ipv6" : "address", (failure, addresses) => {
    if (failure !== null) done(questionError("getaddrinfo", failure.code, hostname, failure.message));
    else done(null, sorted(addresses.map((address) => ({ address, family: isIP(address) })), by));
  });
};

const nothing = (all, family) => (all ? [[]] : [null, family === 6 ? 6 : 4]);

function lookup(hostname, options, callback) {
  if (typeof options === "function") [options, callback] = [undefined, options];
  checkFunction("callback", callback);
  if (hostname) checkString("hostname", hostname);
  const wanted = lookupOptions(options);
  if (!hostname) {
    process.nextTick(callback, null, ...nothing(wanted.all, wanted.family));
    return {};
  }
  find(hostname, wanted, (error, addresses) => {
    if (error !== null) callback(error);
    else if (wanted.all) callback(null, addresses);
    else callback(null, addresses[0].address, addresses[0].family);
  });
  return {};
}

const lookupPromise = async (hostname, options) => {
  if (hostname) checkString("hostname", hostname);
  const wanted = lookupOptions(options);
  if (!hostname) return wanted.all ? [] : { address: null, family: wanted.family === 6 ? 6 : 4 };
  const addresses = await new Promise((resolve, reject) => find(hostname, wanted, (error, found) => (error === null ? resolve(found) : reject(error))));
  return wanted.all ? addresses : addresses[0];
};

/* Those that integrations speak to; for others the number stands for the name, as getnameinfo() has it. */
const services = { 21: "ftp", 22: "ssh", 25: "smtp", 53: "domain", 80: "http", 110: "pop3", 143: "imap2", 389: "ldap", 443: "https", 465: "submissions", 587: "submission", 636: "ldaps", 993: "imaps", 995: "pop3s", 1433: "ms-sql-s", 3306: "mysql", 5432: "postgresql", 6379: "redis" };

function lookupService(address, port, callback) {
  if (isIP(address) === 0) throw argumentValue("address", address);
  require("net-address").checkPort(port, "port");
  checkFunction("callback", callback);
  ask(address, "name", (failure, names) => {
    if (failure !== null) callback(questionError("getnameinfo", failure.code, address, failure.message));
    else callback(null, names[0], services[+port] ?? `${+port}`);
  });
}

// --- resolve ---

/** The address in a name of in-addr.arpa or ip6.arpa, or undefined. */
const addressOf = (name) => {
  const four = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\.in-addr\.arpa\.?$/i.exec(name);
  if (four !== null) return isIPv4(four.slice(1).reverse().join(".")) ? four.slice(1).reverse().join(".") : undefined;
  const six = /^((?:[0-9a-f]\.){32})ip6\.arpa\.?$/i.exec(name);
  return six === null ? undefined : six[1].split(".").reverse().join("").replace(/(....)(?=.)/g, "$1:");
};

const withTtl = (addresses, options) => (options?.ttl ? addresses.map((address) => ({ address, ttl: 0 })) : addresses);

/** rrtype -> [query's name, kind, what is made of the records] */
const questions = {
  A: ["queryA", "ipv4", withTtl],
  AAAA: ["queryAaaa", "ipv6", withTtl],
  MX: ["queryMx", "mx", (list) => list.map(({ exchange, priority }) => ({ exchange, priority }))],
  TXT: ["queryTxt", "txt"],
  SRV: ["querySrv", "srv", (list) => list.map(({ name, port, priority, weight }) => ({ name, port, priority, weight }))],
  NS: ["queryNs", "ns"],
  SOA: ["querySoa", "soa", ([first]) => first],
  PTR: ["queryPtr", "name"],
  /* Egress asks by the system's resolver, which can't be asked for these. */
  CNAME: ["queryCname"],
  CAA: ["queryCaa"],
  NAPTR: ["queryNaptr"],
  TLSA: ["queryTlsa"],
  ANY: ["queryAny"],
};

const question = (resolver, name, type, options, callback) => {
  const [syscall, kind, make = (records) => records] = questions[type];
  const fail = (code, message) => callback(questionError(syscall, code, name, message));
  const asked = type === "PTR" ? addressOf(name) : name;
  if (kind === undefined) process.nextTick(fail, "ENOTIMP");
  else if (asked === undefined || asked === "") process.nextTick(fail, "ENOTFOUND");
  else {
    const entry = { fail };
    entry.stop = ask(asked, kind, (failure, records) => {
      resolver.pending.delete(entry);
      if (failure !== null) fail(failure.code, failure.message);
      else callback(null, make(records, options));
    });
    resolver.pending.add(entry);
  }
};

const reverseOf = (resolver, ip, callback) => {
  if (isIP(ip) === 0) throw questionError("getHostByAddr", "EINVAL", ip);
  const entry = { fail: (code, message) => callback(questionError("getHostByAddr", code, ip, message)) };
  entry.stop = ask(ip, "name", (failure, names) => {
    resolver.pending.delete(entry);
    if (failure !== null) entry.fail(failure.code, failure.message);
    else callback(null, names);
  });
  resolver.pending.add(entry);
};

const capital = (type) => (type === "A" ? "4" : type === "AAAA" ? "6" : type[0] + type.slice(1).toLowerCase());
const serverRefusal = (what) => refusal("dns", what, "names are asked about by egress, at the operator's name servers");

/** What Resolver and promises.Resolver have in common. */
class Base {
  #state = { pending: new Set() };
  constructor(options = {}) {
    const { timeout = -1, tries = 4 } = options;
    if (typeof timeout !== "number") throw argumentType("options.timeout", "of type number", timeout);
    if (typeof tries !== "number") throw argumentType("options.tries", "of type number", tries);
  }
  cancel() {
    for (const { stop, fail } of this.#state.pending) {
      stop();
      process.nextTick(fail, "ECANCELLED");
    }
    this.#state.pending.clear();
  }
  getServers() {
    void this.#state;
    return [];
  }
  setServers() {
    throw serverRefusal("setServers");
  }
  setLocalAddress() {
    throw serverRefusal("setLocalAddress");
  }
  static stateOf(resolver) {
    return resolver.#state;
  }
}
const { stateOf } = Base;
delete Base.stateOf;

const define = (prototype, name, value) => Object.defineProperty(prototype, name, { value, writable: true, configurable: true });

class Resolver extends Base {}
class PromiseResolver extends Base {}
for (const type of Object.keys(questions)) {
  const name = `resolve${capital(type)}`;
  define(Resolver.prototype, name, {
    [name](hostname, options, callback) {
      if (typeof options === "function") [options, callback] = [undefined, options];
      checkString("name", hostname);
      checkFunction("callback", callback);
      question(stateOf(this), hostname, type, options, callback);
      return {};
    },
  }[name]);
  define(PromiseResolver.prototype, name, {
    [name](hostname, options) {
      checkString("name", hostname);
      return new Promise((resolve, reject) => question(stateOf(this), hostname, type, options, (error, records) => (error === null ? resolve(records) : reject(error))));
    },
  }[name]);
}
const checkType = (type) => {
  if (typeof type !== "string") throw argumentType("rrtype", "of type string", type);
  if (!Object.hasOwn(questions, type)) throw argumentValue("rrtype", type);
  return `resolve${capital(type)}`;
};
define(Resolver.prototype, "resolve", function resolve(hostname, type, callback) {
  if (typeof type === "function") [type, callback] = ["A", type];
  return this[checkType(type)](hostname, callback);
});
define(PromiseResolver.prototype, "resolve", function resolve(hostname, type = "A") {
  return this[checkType(type)](hostname);
});
define(Resolver.prototype, "reverse", function reverse(ip, callback) {
  checkString("name", ip);
  checkFunction("callback", callback);
  reverseOf(stateOf(this), ip, callback);
  return {};
});
define(PromiseResolver.prototype, "reverse", function reverse(ip) {
  checkString("name", ip);
  return new Promise((resolve, reject) => reverseOf(stateOf(this), ip, (error, names) => (error === null ? resolve(names) : reject(error))));
});
Object.defineProperty(PromiseResolver, "name", { value: "Resolver", configurable: true });

/** All methods of a resolver as functions of their own. */
const free = (Type) => {
  const resolver = new Type();
  const names = ["resolve", "reverse", "getServers", "setServers", ...Object.keys(questions).map((type) => `resolve${capital(type)}`)];
  return Object.fromEntries(names.map((name) => [name, resolver[name].bind(resolver)]));
};

const shared = { setDefaultResultOrder, getDefaultResultOrder: () => order, ...codes };

const promises = {
  lookup: lookupPromise,
  lookupService: (address, port) => new Promise((resolve, reject) => lookupService(address, port, (error, hostname, service) => (error ? reject(error) : resolve({ hostname, service })))),
  Resolver: PromiseResolver,
  ...free(PromiseResolver),
  ...shared,
};

const promisified = Symbol.for("nodejs.util.promisify.custom");
Object.defineProperty(lookup, promisified, { value: lookupPromise, configurable: true });
Object.defineProperty(lookupService, promisified, { value: promises.lookupService, configurable: true });

module.exports = { lookup, lookupService, Resolver, ...free(Resolver), ...hints, ...shared };
Object.defineProperty(module.exports, "promises", { value: promises, enumerable: true, configurable: true });

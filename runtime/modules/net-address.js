// Internet addresses in text: what net.isIP, BlockList and SocketAddress are made of.
const { argumentType, argumentValue, nodeError, checkString, checkInteger } = require("node-errors");

const parseIPv4 = (text) => {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  let value = 0n;
  for (const part of parts) {
    if (!/^(0|[1-9][0-9]{0,2})$/.test(part) || Number(part) > 255) return undefined;
    value = (value << 8n) | BigInt(part);
  }
  return value;
};

const parseGroups = (text) => {
  if (text === "") return [];
  const groups = [];
  const parts = text.split(":");
  for (const [i, part] of parts.entries()) {
    if (i === parts.length - 1 && part.includes(".")) {
      const low = parseIPv4(part);
      if (low === undefined) return undefined;
      groups.push(low >> 16n, low & 0xffffn);
    } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) groups.push(BigInt(`0x${part}`));
    else return undefined;
  }
  return groups;
};

/** Its 128 bits, or undefined. A zone (fe80::1%eth0) is allowed, as in Node. */
const parseIPv6 = (text) => {
  const [address, zone, ...rest] = text.split("%");
  if (rest.length > 0 || (zone !== undefined && !/^[0-9a-zA-Z._-]+$/.test(zone))) return undefined;
  const halves = address.split("::");
  if (halves.length > 2) return undefined;
  const head = parseGroups(halves[0]);
  const tail = halves.length === 2 ? parseGroups(halves[1]) : [];
  if (head === undefined || tail === undefined || (halves.length === 2 && halves[0].includes("."))) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  return [...head, ...Array(missing).fill(0n), ...tail].reduce((value, group) => (value << 16n) | group, 0n);
};

const isIPv4 = (text) => parseIPv4(`${text}`) !== undefined;
const isIPv6 = (text) => parseIPv6(`${text}`) !== undefined;
const isIP = (text) => (isIPv4(text) ? 4 : isIPv6(text) ? 6 : 0);

/** RFC 5952. */
const formatIPv6 = (value) => {
  const groups = Array.from({ length: 8 }, (_, i) => Number((value >> BigInt(112 - 16 * i)) & 0xffffn));
  if (value >> 32n === 0xffffn) return `::ffff:${groups[6] >> 8}.${groups[6] & 255}.${groups[7] >> 8}.${groups[7] & 255}`;
  let best = { start: -1, length: 1 };
  for (let i = 0; i < 8; i++) {
    let length = 0;
    while (i + length < 8 && groups[i + length] === 0) length++;
    if (length > best.length) best = { start: i, length };
  }
  const text = (list) => list.map((group) => group.toString(16)).join(":");
  return best.start < 0 ? text(groups) : `${text(groups.slice(0, best.start))}::${text(groups.slice(best.start + best.length))}`;
};

const checkFamily = (family) => {
  const name = typeof family === "string" ? family.toLowerCase() : family;
  if (name !== "ipv4" && name !== "ipv6") throw argumentValue("family", family);
  return name;
};
const parse = (address, family) => {
  const value = family === "ipv4" ? parseIPv4(address) : parseIPv6(address);
  if (value === undefined) throw nodeError(Error, "ERR_INVALID_ADDRESS", "Invalid address");
  return value;
};

class SocketAddress {
  #address;
  #family;
  #port;
  #flowlabel;
  constructor(options = {}) {
    if (options === null || typeof options !== "object") throw argumentType("options", "of type object", options);
    this.#family = checkFamily(options.family ?? "ipv4");
    const { address = this.#family === "ipv4" ? "127.0.0.1" : "::", port = 0, flowlabel = 0 } = options;
    checkString("options.address", address);
    checkPort(port, "options.port");
    checkInteger("options.flowlabel", flowlabel, 0, 2 ** 20 - 1);
    const value = parse(address, this.#family);
    this.#address = this.#family === "ipv4" ? address : formatIPv6(value);
    this.#port = Number(port);
    this.#flowlabel = flowlabel;
  }
  get address() {
    return this.#address;
  }
  get port() {
    return this.#port;
  }
  get family() {
    return this.#family;
  }
  get flowlabel() {
    return this.#flowlabel;
  }
  toJSON() {
    return { address: this.#address, port: this.#port, family: this.#family, flowlabel: this.#flowlabel };
  }
  static parse(input) {
    checkString("input", input);
    const match = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(input);
    if (match === null || Number(match[3] ?? 0) > 65535) return undefined;
    const address = match[1] ?? match[2];
    if (match[1] !== undefined ? !isIPv6(address) : !isIPv4(address)) return undefined;
    return new SocketAddress({ address, family: match[1] !== undefined ? "ipv6" : "ipv4", port: Number(match[3] ?? 0) });
  }
  static isSocketAddress(value) {
    return typeof value === "object" && value !== null && #address in value;
  }
}

const checkPort = (port, name = "options.port") => {
  const isNumeric = typeof port === "number" || (typeof port === "string" && port.trim() !== "");
  if (!isNumeric || +port !== +port >>> 0 || +port > 65535)
    throw nodeError(RangeError, "ERR_SOCKET_BAD_PORT", `${name} should be >= 0 and < 65536. Received ${typeof port === "number" ? `type number (${port})` : `type ${typeof port} ('${port}')`}.`);
  return +port;
};

const title = (family) => (family === "ipv4" ? "IPv4" : "IPv6");
const mappedPrefix = 0xffffn << 32n;

class BlockList {
  #rules = []; // {family, low, high, text}, as numbers
  #take(address, family) {
    if (SocketAddress.isSocketAddress(address)) return { text: address.address, family: address.family, value: parse(address.address, address.family) };
    checkString("address", address);
    const name = checkFamily(family);
    return { text: address, family: name, value: parse(address, name) };
  }
  addAddress(address, family = "ipv4") {
    const one = this.#take(address, family);
    this.#rules.unshift({ family: one.family, low: one.value, high: one.value, text: `Address: ${title(one.family)} ${one.text}` });
  }
  addRange(start, end, family = "ipv4") {
    const low = this.#take(start, family), high = this.#take(end, family);
    if (low.family !== high.family || low.value > high.value) throw argumentValue("start", start, "must come before end");
    this.#rules.unshift({ family: low.family, low: low.value, high: high.value, text: `Range: ${title(low.family)} ${low.text}-${high.text}` });
  }
  addSubnet(net, prefix, family = "ipv4") {
    const one = this.#take(net, family);
    const bits = one.family === "ipv4" ? 32 : 128;
    checkInteger("prefix", prefix, 0, bits);
    const rest = (1n << BigInt(bits - prefix)) - 1n;
    this.#rules.unshift({ family: one.family, low: one.value & ~rest, high: one.value | rest, text: `Subnet: ${title(one.family)} ${one.text}/${prefix}` });
  }
  check(address, family = "ipv4") {
    let one;
    try {
      one = this.#take(address, family);
    } catch (error) {
      if (error.code === "ERR_INVALID_ADDRESS") return false;
      throw error;
    }
    const has = (kind, value) => this.#rules.some((rule) => rule.family === kind && rule.low <= value && value <= rule.high);
    if (has(one.family, one.value)) return true;
    /* An IPv4 address and its IPv6 form are one. */
    if (one.family === "ipv4") return has("ipv6", mappedPrefix | one.value);
    return one.value >> 32n === 0xffffn && has("ipv4", one.value & 0xffffffffn);
  }
  get rules() {
    return this.#rules.map((rule) => rule.text);
  }
  toJSON() {
    return this.rules;
  }
  fromJSON(rules) {
    for (const rule of typeof rules === "string" ? JSON.parse(rules) : rules) {
      const [, kind, family, text] = /^(Address|Range|Subnet): (IPv[46]) (.+)$/.exec(rule) ?? [];
      const parts = text?.split(kind === "Range" ? "-" : "/");
      if (kind === "Address") this.addAddress(text, family);
      else if (kind === "Range") this.addRange(parts[0], parts[1], family);
      else if (kind === "Subnet") this.addSubnet(parts[0], Number(parts[1]), family);
      else throw argumentValue("rules", rule);
    }
  }
  static isBlockList(value) {
    return typeof value === "object" && value !== null && #rules in value;
  }
}
for (const type of [SocketAddress, BlockList]) Object.defineProperty(type, "name", { value: type.name.replace(/^_/, ""), configurable: true });

module.exports = { isIP, isIPv4, isIPv6, parseIPv6, SocketAddress, BlockList, checkPort };

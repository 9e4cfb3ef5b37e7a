// MIMEType of Node's util, after the MIME Sniffing standard ("parsing a MIME type").
const { asInterface } = require("idl");
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const trim = (text) => text.replace(/^[\t\n\r ]+|[\t\n\r ]+$/g, "");

const invalid = (what, text, at) => {
  const error = new TypeError(`The MIME syntax for a ${what} in ${JSON.stringify(text)} is invalid${at === undefined ? "" : ` at ${at}`}`);
  error.code = "ERR_INVALID_MIME_SYNTAX";
  return error;
};

class MIMEParams {
  #data = new Map();
  get(name) {
    return this.#data.get(`${name}`) ?? null;
  }
  has(name) {
    return this.#data.has(`${name}`);
  }
  set(name, value) {
    const [key, text] = [`${name}`, `${value}`];
    if (!token.test(key)) throw invalid("parameter name", key, 0);
    if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(text)) throw invalid("parameter value", text, 0);
    this.#data.set(key, text);
  }
  delete(name) {
    this.#data.delete(`${name}`);
  }
  *entries() {
    yield* this.#data.entries();
  }
  *keys() {
    yield* this.#data.keys();
  }
  *values() {
    yield* this.#data.values();
  }
  [Symbol.iterator]() {
    return this.entries();
  }
  toString() {
    return [...this.#data].map(([name, value]) => `${name}=${token.test(value) ? value : `"${value.replace(/["\\]/g, "\\$&")}"`}`).join(";");
  }
  toJSON() {
    return this.toString();
  }
}

const readParameters = (text, params) => {
  for (const [, name, quoted, plain] of text.matchAll(/;[\t\n\r ]*([^;=]*)(?:=(?:"((?:[^"\\]|\\.)*)"?[^;]*|([^;]*)))?/g)) {
    const key = name.toLowerCase();
    const value = quoted !== undefined ? quoted.replace(/\\(.)/g, "$1") : plain === undefined ? undefined : plain.replace(/[\t\n\r ]+$/, "");
    if (value === undefined || (quoted === undefined && value === "") || !token.test(key) || params.has(key)) continue;
    if (/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) params.set(key, value);
  }
};

class MIMEType {
  #type;
  #subtype;
  #params = new MIMEParams();
  constructor(input) {
    const text = trim(`${input}`);
    const slash = text.indexOf("/");
    const semicolon = text.indexOf(";", slash);
    const type = slash < 0 ? text : text.slice(0, slash);
    if (slash < 0 || !token.test(type)) throw invalid("type", text, slash < 0 ? undefined : 0);
    const subtype = trim(text.slice(slash + 1, semicolon < 0 ? undefined : semicolon));
    if (!token.test(subtype)) throw invalid("subtype", text, slash + 1);
    this.#type = type.toLowerCase();
    this.#subtype = subtype.toLowerCase();
    if (semicolon >= 0) readParameters(text.slice(semicolon), this.#params);
  }
  get type() {
    return this.#type;
  }
  set type(value) {
    if (!token.test(`${value}`)) throw invalid("type", `${value}`, 0);
    this.#type = `${value}`.toLowerCase();
  }
  get subtype() {
    return this.#subtype;
  }
  set subtype(value) {
    if (!token.test(`${value}`)) throw invalid("subtype", `${value}`, 0);
    this.#subtype = `${value}`.toLowerCase();
  }
  get essence() {
    return `${this.#type}/${this.#subtype}`;
  }
  get params() {
    return this.#params;
  }
  toString() {
    const params = this.#params.toString();
    return `${this.essence}${params === "" ? "" : `;${params}`}`;
  }
  toJSON() {
    return this.toString();
  }
}
asInterface(MIMEParams);
asInterface(MIMEType, ["type", "subtype", "essence", "params"]);

module.exports = { MIMEType, MIMEParams };

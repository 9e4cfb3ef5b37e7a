// Node's querystring.
const { nodeError } = require("node-errors");
const { Buffer } = require("buffer");

/** As decodeURIComponent(), but what is no UTF-8 or no escape is kept, as well as it can be. */
const unescapeBuffer = (text, decodesSpaces = false) => {
  const source = Buffer.from(`${text}`);
  const bytes = Buffer.allocUnsafe(source.length);
  let at = 0;
  for (let i = 0; i < source.length; i++) {
    let byte = source[i];
    if (byte === 0x2b && decodesSpaces) byte = 0x20;
    else if (byte === 0x25) {
      const hex = source.latin1Slice(Math.min(i + 1, source.length), Math.min(i + 3, source.length));
      if (/^[0-9a-fA-F]{2}$/.test(hex)) {
        byte = parseInt(hex, 16);
        i += 2;
      }
    }
    bytes[at++] = byte;
  }
  return bytes.subarray(0, at);
};

const unescape = (text, decodesSpaces) => {
  try {
    return decodeURIComponent(text);
  } catch {
    return querystring.unescapeBuffer(text, decodesSpaces).toString();
  }
};

/** Percent-encodes what a query may not hold. A half of a surrogate pair takes the next unit along, whatever that is. */
const escape = (value) => {
  let text = value;
  if (typeof text !== "string") text = typeof text === "object" ? String(text) : `${text}`;
  if (/^[\w\-.!~*'()]*$/.test(text)) return text;
  let out = "";
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0xd800 || unit > 0xdfff) {
      out += encodeURIComponent(text[i]);
      continue;
    }
    if (++i >= text.length) throw nodeError(URIError, "ERR_INVALID_URI", "URI malformed");
    out += encodeURIComponent(String.fromCodePoint(0x10000 + (((unit & 0x3ff) << 10) | (text.charCodeAt(i) & 0x3ff))));
  }
  return out;
};

const primitive = (value) => {
  if (typeof value === "string") return value;
  if (typeof value === "number") return Number.isFinite(value) ? `${value}` : "";
  return typeof value === "bigint" || typeof value === "boolean" ? `${value}` : "";
};

const stringify = (fields, separator, equals, options) => {
  const [between, is] = [separator || "&", equals || "="];
  const encode = typeof options?.encodeURIComponent === "function" ? options.encodeURIComponent : querystring.escape;
  if (fields === null || typeof fields !== "object") return "";
  const encoded = (value) => encode(primitive(value));
  const parts = [];
  for (const [name, value] of Object.entries(fields)) {
    const start = encoded(name) + is;
    if (Array.isArray(value)) for (const one of value) parts.push(start + encoded(one));
    else parts.push(start + encoded(value));
  }
  return parts.join(between);
};

const parse = (text, separator, equals, options) => {
  const fields = { __proto__: null };
  if (typeof text !== "string" || text.length === 0) return fields;
  const [between, is] = [separator ? `${separator}` : "&", equals ? `${equals}` : "="];
  const decode = typeof options?.decodeURIComponent === "function" ? options.decodeURIComponent : querystring.unescape;
  const decoded = (part) => {
    const spaced = part.replaceAll("+", decode === unescape ? " " : "%20");
    if (decode === unescape && !spaced.includes("%")) return spaced;
    try {
      return decode(spaced);
    } catch {
      return unescape(spaced, true);
    }
  };
  const most = typeof options?.maxKeys === "number" ? (options.maxKeys > 0 ? options.maxKeys : Infinity) : 1000;
  let count = 0;
  for (const part of text.split(between)) {
    if (part === "") continue;
    if (++count > most) break;
    const at = part.indexOf(is);
    const name = decoded(at < 0 ? part : part.slice(0, at));
    const value = at < 0 ? "" : decoded(part.slice(at + is.length));
    if (!(name in fields)) fields[name] = value;
    else if (Array.isArray(fields[name])) fields[name].push(value);
    else fields[name] = [fields[name], value];
  }
  return fields;
};

const querystring = { unescapeBuffer, unescape, escape, stringify, encode: stringify, parse, decode: parse };
module.exports = querystring;

// The HTML standard's structuredClone.
const errors = { Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError };
const tagOf = (value) => Object.prototype.toString.call(value).slice(8, -1);

const refuse = (value) => {
  const { DOMException } = require("dom-exception");
  const what = typeof value === "symbol" ? value.toString() : typeof value === "function" ? value.toString().slice(0, 80) : `#<${tagOf(value)}>`;
  return new DOMException(`${what} could not be cloned.`, "DataCloneError");
};

const cloneBuffer = (buffer, transferred) => (transferred.has(buffer) ? buffer.transfer() : buffer.slice(0));

const clone = (value, seen, transferred) => {
  if (typeof value === "symbol" || typeof value === "function") throw refuse(value);
  if (typeof value !== "object" || value === null) return value;
  if (seen.has(value)) return seen.get(value);
  const keep = (copy) => (seen.set(value, copy), copy);
  const go = (inner) => clone(inner, seen, transferred);

  if (Array.isArray(value)) {
    const copy = keep(new Array(value.length));
    for (const key of Object.keys(value)) copy[key] = go(value[key]);
    return copy;
  }
  if (ArrayBuffer.isView(value)) {
    const buffer = go(value.buffer);
    if (value instanceof DataView) return keep(new DataView(buffer, value.byteOffset, value.byteLength));
    const name = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag).get.call(value);
    return keep(new globalThis[name](buffer, value.byteOffset, value.length));
  }
  if (value instanceof Error) {
    const Kind = Object.hasOwn(errors, value.name) ? errors[value.name] : Error;
    const copy = keep(Object.create(Kind.prototype));
    const error = new Kind(value.message);
    Object.defineProperties(error, { stack: { value: `${value.stack}`, writable: true, configurable: true } });
    if (Object.hasOwn(value, "cause")) Object.defineProperty(error, "cause", { value: go(value.cause), writable: true, configurable: true });
    seen.set(value, error);
    void copy;
    return error;
  }
  switch (tagOf(value)) {
    case "Date":
      return keep(new Date(value.getTime()));
    case "RegExp":
      return keep(new RegExp(value.source, value.flags));
    case "Boolean":
    case "Number":
    case "String":
    case "BigInt":
      return keep(Object(value.valueOf()));
    case "ArrayBuffer":
      return keep(cloneBuffer(value, transferred));
    case "SharedArrayBuffer":
      return keep(value);
    case "Map": {
      const copy = keep(new Map());
      for (const [key, inner] of [...value]) copy.set(go(key), go(inner));
      return copy;
    }
    case "Set": {
      const copy = keep(new Set());
      for (const inner of [...value]) copy.add(go(inner));
      return copy;
    }
    case "Promise":
    case "WeakMap":
    case "WeakSet":
    case "WeakRef":
    case "Symbol":
      throw refuse(value);
  }
  const copy = keep({});
  for (const key of Object.keys(value)) copy[key] = go(value[key]);
  return copy;
};

module.exports = {
  structuredClone(value, { transfer = [] } = {}) {
    if (arguments.length === 0) throw new TypeError("The \"value\" argument must be specified");
    return clone(value, new Map(), new Set(transfer));
  },
};

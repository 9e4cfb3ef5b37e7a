// The HTML standard's structuredClone, and what messages use of it. What a value is, is asked of the engine's own getters,
// which no name or prototype of user code can bend.
const { invalid, isPlatformObject, sequenceOf, toDictionary } = require("idl");
const { apply, getOwnPropertyDescriptor: propertyOf, getPrototypeOf } = Reflect;

const getter = (type, name) => propertyOf(type.prototype, name).get;
const typedName = propertyOf(getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag).get;
const bufferLength = getter(ArrayBuffer, "byteLength");
const kinds = [Uint8Array, Uint8ClampedArray, Int8Array, Uint16Array, Int16Array, Uint32Array, Int32Array, globalThis.Float16Array, Float32Array, Float64Array, BigInt64Array, BigUint64Array].filter(Boolean);
const errors = { __proto__: null, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError };
const isError = Error.isError ?? ((value) => value instanceof Error);

const dataError = (message) => {
  const { DOMException } = require("dom-exception");
  return new DOMException(message, "DataCloneError");
};
const refuse = (value) => {
  const what = typeof value === "symbol" ? value.toString() : typeof value === "function" ? `${value}`.slice(0, 80) : `#<${Object.prototype.toString.call(value).slice(8, -1)}>`;
  return dataError(`${what} could not be cloned.`);
};

const throwUnless = (isSo) => {
  if (!isSo) throw new TypeError("of another kind");
};
/* In the order in which they are likely. Each throws for what is of another kind. */
const brands = [
  ["Date", (value) => Date.prototype.getTime.call(value)],
  ["Map", getter(Map, "size")],
  ["Set", getter(Set, "size")],
  ["ArrayBuffer", bufferLength],
  ["RegExp", getter(RegExp, "source")],
  ["Boolean", Boolean.prototype.valueOf],
  ["Number", Number.prototype.valueOf],
  ["String", String.prototype.valueOf],
  ["BigInt", BigInt.prototype.valueOf],
  ["Symbol", Symbol.prototype.valueOf],
  ["Promise", (value) => throwUnless(value instanceof Promise)],
  ["WeakMap", (value) => WeakMap.prototype.has.call(value, brands)],
  ["WeakSet", (value) => WeakSet.prototype.has.call(value, brands)],
  ["WeakRef", (value) => WeakRef.prototype.deref.call(value)],
  ...(typeof SharedArrayBuffer === "function" ? [["SharedArrayBuffer", getter(SharedArrayBuffer, "byteLength")]] : []),
];
/** "Object" for one without internal slots. */
const kindOf = (value) => {
  if (!(Symbol.toStringTag in value) && Object.prototype.toString.call(value) === "[object Object]") return "Object";
  for (const [name, probe] of brands)
    try {
      apply(probe, value, [value]);
      return name;
    } catch {
      // of another kind
    }
  return "Object";
};

const cloneError = (value, go) => {
  const name = `${value.name}`;
  const Kind = errors[name] ?? Error;
  const message = propertyOf(value, "message");
  const copy = new Kind(...(message !== undefined && "value" in message ? [`${message.value}`] : []));
  Object.defineProperty(copy, "stack", { value: `${value.stack}`, writable: true, configurable: true });
  return [copy, () => {
    if (Object.hasOwn(value, "cause")) Object.defineProperty(copy, "cause", { value: go(value.cause), writable: true, configurable: true });
  }];
};

/** Objects of the platform that can be cloned; undefined for the others. */
const clonePlatformObject = (value) => {
  const { isBlob, isFile, Blob, File } = require("blob");
  if (isFile(value)) return new File([value], value.name, { type: value.type, lastModified: value.lastModified });
  if (isBlob(value)) return new Blob([value], { type: value.type });
  const { DOMException, isDOMException } = require("dom-exception");
  if (isDOMException(value)) {
    const copy = new DOMException(value.message, value.name);
    Object.defineProperty(copy, "stack", { value: `${value.stack}`, writable: true, configurable: true });
    return copy;
  }
  if (Object.prototype.toString.call(value) !== "[object CryptoKey]") return undefined;
  const { isKey, copyOfKey } = require("webcrypto-subtle");
  return isKey(value) ? copyOfKey(value) : undefined;
};

const put = (copy, key, value) => {
  if (key === "__proto__") Object.defineProperty(copy, key, { value, writable: true, enumerable: true, configurable: true });
  else copy[key] = value;
};

class Cloner {
  #seen; // what has been met -> its copy; transferred objects are there from the beginning
  constructor(transferred) {
    this.#seen = new Map(transferred);
  }

  clone = (value) => {
    if (typeof value === "symbol" || typeof value === "function") throw refuse(value);
    if (typeof value !== "object" || value === null) return value;
    if (this.#seen.has(value)) return this.#seen.get(value);
    const keep = (copy) => {
      this.#seen.set(value, copy);
      return copy;
    };
    const members = (copy) => {
      for (const key of Object.keys(value)) if (Object.hasOwn(value, key)) put(copy, key, this.clone(value[key]));
      return copy;
    };
    if (Array.isArray(value)) return members(keep(new Array(value.length)));
    if (ArrayBuffer.isView(value)) return keep(this.#view(value));
    if (isPlatformObject(value)) {
      const copy = clonePlatformObject(value);
      if (copy === undefined) throw refuse(value);
      return keep(copy);
    }
    if (isError(value)) {
      const [copy, finish] = cloneError(value, this.clone);
      keep(copy);
      finish();
      return copy;
    }
    return this.#byKind(value, kindOf(value), keep, members);
  };

  #byKind(value, kind, keep, members) {
    switch (kind) {
      case "Object":
        return members(keep({}));
      case "Date":
        return keep(new Date(Date.prototype.getTime.call(value)));
      case "RegExp":
        return keep(new RegExp(value.source, value.flags));
      case "Boolean":
        return keep(Object(Boolean.prototype.valueOf.call(value)));
      case "Number":
        return keep(Object(Number.prototype.valueOf.call(value)));
      case "String":
        return keep(Object(String.prototype.valueOf.call(value)));
      case "BigInt":
        return keep(Object(BigInt.prototype.valueOf.call(value)));
      case "ArrayBuffer":
        return keep(copyBuffer(value));
      case "SharedArrayBuffer":
        return keep(value);
      case "Map": {
        const copy = keep(new Map());
        for (const [key, inner] of [...Map.prototype.entries.call(value)]) copy.set(this.clone(key), this.clone(inner));
        return copy;
      }
      case "Set": {
        const copy = keep(new Set());
        for (const inner of [...Set.prototype.values.call(value)]) copy.add(this.clone(inner));
        return copy;
      }
      default:
        throw refuse(value);
    }
  }

  #view(value) {
    const name = apply(typedName, value, []);
    const buffer = this.clone(value.buffer);
    if (name === undefined) return new DataView(buffer, value.byteOffset, value.byteLength);
    return new (kinds.find((kind) => kind.name === name))(buffer, value.byteOffset, value.length);
  }
}

const copyBuffer = (buffer) => {
  if (buffer.detached) throw dataError("An ArrayBuffer is detached and could not be cloned.");
  if (!buffer.resizable) return buffer.slice(0);
  const copy = new ArrayBuffer(buffer.byteLength, { maxByteLength: buffer.maxByteLength });
  new Uint8Array(copy).set(new Uint8Array(buffer));
  return copy;
};

const isBuffer = (value) => {
  try {
    apply(bufferLength, value, []);
    return true;
  } catch {
    return false;
  }
};

/** {value, ports}: the copy, and the ports among what was transferred. Nothing is given up where cloning fails. */
const cloneWith = (value, transfer, source = undefined) => {
  const transferred = new Map();
  const ends = [];
  const ports = [];
  for (const one of transfer) {
    if (transferred.has(one)) throw dataError("The transfer list has an object twice.");
    if (one !== null && typeof one === "object" && isBuffer(one)) {
      const copy = copyBuffer(one);
      transferred.set(one, copy);
      ends.push(() => void one.transfer());
      continue;
    }
    const { isPort, movePort } = one !== null && typeof one === "object" && isPlatformObject(one) ? require("message-channel") : {};
    if (!isPort?.(one)) throw dataError("An object of the transfer list can't be transferred.");
    if (one === source) throw dataError("A port can't be sent through itself.");
    const [moved, finish] = movePort(one, dataError);
    transferred.set(one, moved);
    ports.push(moved);
    ends.push(finish);
  }
  const copy = new Cloner(transferred).clone(value);
  for (const one of transferred.keys()) if (one.detached) throw dataError("An ArrayBuffer of the transfer list is detached.");
  for (const end of ends) end();
  return { value: copy, ports };
};

const transferOf = (options, what) => {
  const { transfer } = toDictionary(options, what);
  return transfer === undefined ? [] : sequenceOf(transfer, `${what}: the "transfer" option`);
};

function structuredClone(value, options = undefined) {
  if (arguments.length === 0) throw invalid('The "value" argument must be specified', "ERR_MISSING_ARGS");
  return cloneWith(value, transferOf(options, "structuredClone")).value;
}

module.exports = { structuredClone, cloneWith, transferOf };

// What Web IDL asks of every interface, for the modules that have one.
const { fromCharCode } = String;
const define = Object.defineProperty;
const inspectSymbol = Symbol.for("nodejs.util.inspect.custom");

const invalid = (message, code = "ERR_INVALID_ARG_TYPE") => {
  const error = new TypeError(message);
  define(error, "code", { value: code, enumerable: true, configurable: true, writable: true });
  return error;
};

const need = (count, given, what) => {
  if (given >= count) return;
  throw invalid(`${what}: ${count} argument${count === 1 ? "" : "s"} required, but ${given === 0 ? "only 0" : `only ${given}`} found.`, "ERR_MISSING_ARGS");
};

/** Each character is one byte. */
const toByteString = (value, what) => {
  const text = `${value}`;
  for (let i = 0; i < text.length; i++)
    if (text.charCodeAt(i) > 255)
      throw new TypeError(
        `Cannot convert argument to a ByteString because the character at index ${i} has a value of ${text.charCodeAt(i)} which is greater than 255.`,
        { cause: what },
      );
  return text;
};

const toUSVString = (value) => `${value}`.toWellFormed();

/** A dictionary argument: undefined and null are an empty one. */
const toDictionary = (value, what) => {
  if (value === undefined || value === null) return {};
  if (typeof value !== "object" && typeof value !== "function") throw invalid(`${what}: Expected ${typeof value} ("${String(value)}") to be an object.`);
  return value;
};

/** A sequence argument: what its iterator gives, which is asked for once, each converted before the next. */
const sequenceOf = (value, what, convert = (item) => item) => {
  const isObject = (typeof value === "object" && value !== null) || typeof value === "function";
  const iterate = isObject ? value[Symbol.iterator] : undefined;
  if (typeof iterate !== "function") throw invalid(`${what} must be a sequence. Received ${value === null ? "null" : `type ${typeof value}`}`);
  const list = [];
  for (const item of { [Symbol.iterator]: () => Reflect.apply(iterate, value, []) }) list.push(convert(item));
  return list;
};

const interfaces = new WeakSet(); // their prototypes
const addInterface = (prototype) => void interfaces.add(prototype);
/** An object of an interface, or of a class that extends one: it can't be cloned like an object of the language. */
const isPlatformObject = (value) => {
  for (let at = Object.getPrototypeOf(value); at !== null && at !== Object.prototype; at = Object.getPrototypeOf(at)) if (interfaces.has(at)) return true;
  return false;
};

/** The members of an interface are enumerable, and it names itself; what Node's inspect shows of it are `shown`. */
const asInterface = (type, shown = []) => {
  const { prototype } = type;
  addInterface(prototype);
  /* The bundler calls a class that mentions itself _Name. */
  const name = type.name.replace(/^_/, "");
  define(type, "name", { value: name, configurable: true });
  for (const key of Object.getOwnPropertyNames(prototype)) {
    if (key === "constructor") continue;
    const descriptor = Object.getOwnPropertyDescriptor(prototype, key);
    define(prototype, key, { ...descriptor, enumerable: true });
  }
  for (const key of Object.getOwnPropertyNames(type)) {
    const descriptor = Object.getOwnPropertyDescriptor(type, key);
    if (typeof descriptor.value === "function" && key !== "prototype") define(type, key, { ...descriptor, enumerable: true });
  }
  define(prototype, Symbol.toStringTag, { value: name, configurable: true });
  if (shown.length > 0)
    define(prototype, inspectSymbol, {
      value(depth, options, inspect) {
        const title = this?.constructor?.name ?? name;
        if (depth < 0) return `[${title}]`;
        const values = {};
        try {
          for (const key of shown) values[key] = this[key];
        } catch {
          return `${title} {}`;
        }
        return `${title} ${inspect(values, { ...options, depth: options.depth === null ? null : options.depth - 1 })}`;
      },
      writable: true,
      configurable: true,
    });
};

/** A view of the caller's bytes, or undefined where it has none. */
const viewOf = (value) => {
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  if (isBuffer(value)) return new Uint8Array(value);
  return undefined;
};
const bufferLength = Object.getOwnPropertyDescriptor(ArrayBuffer.prototype, "byteLength").get;
const sharedLength =
  typeof SharedArrayBuffer === "function" ? Object.getOwnPropertyDescriptor(SharedArrayBuffer.prototype, "byteLength").get : undefined;
const answers = (get, value) => {
  try {
    Reflect.apply(get, value, []);
    return true;
  } catch {
    return false;
  }
};
const isBuffer = (value) =>
  typeof value === "object" && value !== null && (answers(bufferLength, value) || (sharedLength !== undefined && answers(sharedLength, value)));

/** UTF-8 decode of the Encoding standard: without the mark. */
const decodeText = (bytes) => {
  const text = native.utf8Decode(bytes, false);
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
};

const concat = (chunks) => {
  if (chunks.length === 1) return chunks[0];
  let length = 0;
  for (const chunk of chunks) length += chunk.byteLength;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.byteLength;
  }
  return whole;
};

const latin1 = (bytes) => {
  let text = "";
  for (let i = 0; i < bytes.length; i += 8192) text += fromCharCode(...bytes.subarray(i, i + 8192));
  return text;
};

module.exports = { invalid, need, toByteString, toUSVString, toDictionary, sequenceOf, asInterface, addInterface, isPlatformObject, viewOf, isBuffer, decodeText, concat, latin1 };

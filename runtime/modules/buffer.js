// Node's buffer, by the package that browsers use for it.
const { Buffer, kMaxLength, INSPECT_MAX_BYTES, SlowBuffer } = require("npm:buffer");

const inspect = Symbol.for("nodejs.util.inspect.custom");
Object.defineProperty(Buffer.prototype, inspect, {
  value() {
    const shown = [...this.subarray(0, INSPECT_MAX_BYTES)].map((n) => n.toString(16).padStart(2, "0")).join(" ");
    const left = this.length - INSPECT_MAX_BYTES;
    return `<Buffer${shown === "" ? "" : ` ${shown}`}${left > 0 ? ` ... ${left} more byte${left > 1 ? "s" : ""}` : ""}>`;
  },
  writable: true,
  configurable: true,
});

// Bytes that are passed on stay bytes: src/runtime/plain.c is told that there are some.
const { toJSON } = Buffer.prototype;
Object.defineProperty(Buffer.prototype, "toJSON", {
  value: {
    toJSON() {
      return native.isPassedOn() ? null : toJSON.call(this);
    },
  }.toJSON,
  writable: true,
  configurable: true,
});

const addMethod = (target, name, value) => Object.defineProperty(target, name, { value, writable: true, configurable: true, enumerable: true });

// The package reads base64url as it reads base64, but does not know its name.
const isBase64url = (encoding) => typeof encoding === "string" && encoding.length === 9 && encoding.toLowerCase() === "base64url";
const plain = (encoding) => (isBase64url(encoding) ? "base64" : encoding);
const { from, alloc, byteLength, isEncoding } = Buffer;
const { toString, write, fill, indexOf, lastIndexOf, includes } = Buffer.prototype;
const statics = {
  from: (value, encodingOrOffset, length) => from(value, plain(encodingOrOffset), length),
  alloc: (size, value, encoding) => alloc(size, value, plain(encoding)),
  byteLength: (value, encoding) => byteLength(value, plain(encoding)),
  isEncoding: (encoding) => isEncoding(plain(encoding)),
};
const methods = {
  toString(encoding, start, end) {
    if (!isBase64url(encoding)) return arguments.length === 0 ? toString.call(this) : toString.call(this, encoding, start, end);
    return toString.call(this, "base64", start, end).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
  },
  write(text, offset, length, encoding) {
    return write.call(this, text, plain(offset), plain(length), plain(encoding));
  },
  fill(value, start, end, encoding) {
    return fill.call(this, value, plain(start), plain(end), plain(encoding));
  },
  indexOf(value, start, encoding) {
    return indexOf.call(this, value, plain(start), plain(encoding));
  },
  lastIndexOf(value, start, encoding) {
    return lastIndexOf.call(this, value, plain(start), plain(encoding));
  },
  includes(value, start, encoding) {
    return includes.call(this, value, plain(start), plain(encoding));
  },
};
for (const [name, value] of Object.entries(statics)) addMethod(Buffer, name, value);
for (const [name, value] of Object.entries(methods)) addMethod(Buffer.prototype, name, value);
addMethod(Buffer.prototype, "toLocaleString", methods.toString);

// One method for each encoding: parsers of libraries call these rather than toString and write.
for (const encoding of ["ascii", "base64", "base64url", "hex", "latin1", "ucs2", "utf8"]) {
  const ofEncoding = {
    [`${encoding}Slice`](start, end) {
      return this.toString(encoding, start, end);
    },
    [`${encoding}Write`](text, offset = 0, length = this.length - offset) {
      return this.write(text, offset, length, encoding);
    },
  };
  for (const [name, method] of Object.entries(ofEncoding)) addMethod(Buffer.prototype, name, method);
}
for (const end of ["BE", "LE"])
  for (const verb of ["read", "write"])
    addMethod(Buffer.prototype, `${verb}BigUint64${end}`, Buffer.prototype[`${verb}BigUInt64${end}`]);

const copyBytesFrom = (view, offset = 0, length = undefined) => {
  const errors = require("node-errors");
  if (!ArrayBuffer.isView(view) || view instanceof DataView) throw errors.argumentType("view", "an instance of TypedArray", view);
  for (const [name, value] of Object.entries({ offset, length }))
    if (value !== undefined && !(Number.isInteger(value) && value >= 0)) throw errors.outOfRange(name, "an integer >= 0", value);
  const part = view.subarray(offset, length === undefined ? undefined : offset + length);
  return Buffer.from(new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
};
addMethod(Buffer, "copyBytesFrom", copyBytesFrom);

const bytesOf = (input) => {
  const { viewOf } = require("idl");
  const view = viewOf(input);
  if (view === undefined) throw require("node-errors").argumentType("input", "an instance of ArrayBuffer, Buffer, or TypedArray", input);
  return view;
};

/** Between the encodings that Node's own knows; what has no place in the new one is a question mark. */
const transcode = (source, from, to) => {
  const known = { utf8: "utf8", "utf-8": "utf8", ucs2: "utf16le", "ucs-2": "utf16le", utf16le: "utf16le", "utf-16le": "utf16le", latin1: "latin1", binary: "latin1", ascii: "ascii" };
  const [decoder, encoder] = [known[`${from}`.toLowerCase()], known[`${to}`.toLowerCase()]];
  if (decoder === undefined || encoder === undefined) {
    const error = new Error("Unable to transcode Buffer [U_ILLEGAL_ARGUMENT_ERROR]");
    error.code = "U_ILLEGAL_ARGUMENT_ERROR";
    error.errno = 1;
    throw error;
  }
  const text = Buffer.from(bytesOf(source)).toString(decoder);
  const most = { latin1: 0xff, ascii: 0x7f }[encoder];
  if (most === undefined) return Buffer.from(text, encoder);
  return Buffer.from([...text].map((c) => (c.codePointAt(0) > most ? 0x3f : c.codePointAt(0))));
};

module.exports = {
  Buffer,
  transcode,
  isUtf8: (input) => native.utf8Decode(bytesOf(input), true) !== undefined,
  isAscii: (input) => bytesOf(input).every((byte) => byte < 128),
  kStringMaxLength: 2 ** 29 - 24,
  resolveObjectURL: (url) => require("blob-urls").resolveObjectURL(url),
  get Blob() {
    return require("blob").Blob;
  },
  get File() {
    return require("blob").File;
  },
  SlowBuffer,
  kMaxLength,
  INSPECT_MAX_BYTES,
  constants: { MAX_LENGTH: kMaxLength, MAX_STRING_LENGTH: 2 ** 29 - 24 },
  get atob() {
    return require("base64").atob;
  },
  get btoa() {
    return require("base64").btoa;
  },
};

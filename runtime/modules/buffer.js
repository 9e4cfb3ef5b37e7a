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
  resolveObjectURL: () => undefined,
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

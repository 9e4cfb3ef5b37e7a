// What the parts of crypto have in common.
const { Buffer } = require("buffer");
const { viewOf, isBuffer } = require("idl");
const { argumentType } = require("node-errors");

const bufferOf = (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** A string or bytes as what the native side takes: a string that is UTF-8, or a view. */
const toInput = (name, value, encoding) => {
  if (typeof value === "string") return encoding === undefined || encoding === "utf8" || encoding === "utf-8" || encoding === "buffer" ? value : Buffer.from(value, encoding);
  const view = viewOf(value);
  if (view === undefined) throw argumentType(name, "of type string or an instance of Buffer, TypedArray, or DataView", value);
  return view;
};
const toBytes = (name, value, encoding) => {
  const input = toInput(name, value, encoding);
  return typeof input === "string" ? Buffer.from(input) : input;
};
/** Bytes in the encoding asked for. */
const toOutput = (bytes, encoding) => {
  const buffer = bufferOf(bytes);
  return encoding === undefined || encoding === null || encoding === "buffer" ? buffer : buffer.toString(encoding);
};

/** Node's asynchronous form of what is computed at once here: the callback comes in a later turn. */
const later = (compute, callback) => {
  const { setImmediate } = require("timers");
  setImmediate(() => {
    let result;
    try {
      result = compute();
    } catch (error) {
      callback(error);
      return;
    }
    callback(null, result);
  });
};

/** The bytes of a secret: given so, or in a KeyObject or CryptoKey. */
const secretOf = (name, value, encoding) => {
  if (value !== null && typeof value === "object" && !isBuffer(value) && !ArrayBuffer.isView(value)) {
    const bytes = require("crypto-keys").secretBytes(value);
    if (bytes !== undefined) return bytes;
    throw argumentType(name, "of type string or an instance of ArrayBuffer, Buffer, TypedArray, DataView, KeyObject, or CryptoKey", value);
  }
  if (typeof value !== "string" && viewOf(value) === undefined)
    throw argumentType(name, "of type string or an instance of ArrayBuffer, Buffer, TypedArray, DataView, KeyObject, or CryptoKey", value);
  return toInput(name, value, encoding);
};

module.exports = { bufferOf, toInput, toBytes, toOutput, later, secretOf };

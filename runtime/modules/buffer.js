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

module.exports = {
  Buffer,
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

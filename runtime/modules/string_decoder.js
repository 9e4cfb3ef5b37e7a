// Node's StringDecoder: what a piece of text ends with that is no whole character waits for the next piece.
const { Buffer } = require("buffer");
const { argumentType, unknownEncoding } = require("node-errors");

const names = {
  __proto__: null,
  utf8: "utf8", "utf-8": "utf8", ucs2: "utf16le", "ucs-2": "utf16le", utf16le: "utf16le", "utf-16le": "utf16le",
  latin1: "latin1", binary: "latin1", ascii: "ascii", base64: "base64", base64url: "base64url", hex: "hex",
};
const nameOf = (encoding) => {
  if (encoding === undefined || encoding === null || encoding === "") return "utf8";
  const name = names[`${encoding}`.toLowerCase()];
  if (name === undefined) throw unknownEncoding(encoding);
  return name;
};

/** How many bytes at the end begin a character of UTF-8 that is not all there: [held, size of the character]. */
const heldOfUtf8 = (bytes) => {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back];
    if ((byte & 0xc0) === 0x80) continue;
    const size = byte >= 0xc2 && byte < 0xe0 ? 2 : byte >= 0xe0 && byte < 0xf0 ? 3 : byte >= 0xf0 && byte < 0xf5 ? 4 : 1;
    if (back >= size) return [0, 0];
    // A second byte that can't follow makes the first one broken already.
    const second = back > 1 ? bytes[bytes.length - back + 1] : undefined;
    const [least, most] = byte === 0xe0 ? [0xa0, 0xbf] : byte === 0xed ? [0x80, 0x9f] : byte === 0xf0 ? [0x90, 0xbf] : byte === 0xf4 ? [0x80, 0x8f] : [0x80, 0xbf];
    return second !== undefined && (second < least || second > most) ? [0, 0] : [back, size];
  }
  return [0, 0];
};
const heldOf = (encoding, bytes) => {
  if (encoding === "utf8") return heldOfUtf8(bytes);
  if (encoding === "utf16le") {
    const odd = bytes.length % 2;
    const last = bytes.length - odd;
    const isHigh = last >= 2 && (bytes[last - 1] & 0xfc) === 0xd8;
    return odd === 0 && isHigh ? [2, 4] : [odd, odd === 0 ? 0 : 2];
  }
  if (encoding === "base64" || encoding === "base64url") return [bytes.length % 3, bytes.length % 3 === 0 ? 0 : 3];
  return [0, 0];
};

const states = new WeakMap();
const stateOf = (decoder) => states.get(decoder);

function StringDecoder(encoding) {
  this.encoding = nameOf(encoding);
  states.set(this, { held: Buffer.alloc(0), size: 0 });
}

StringDecoder.prototype.write = function write(chunk) {
  if (typeof chunk === "string") return chunk;
  if (!ArrayBuffer.isView(chunk)) throw argumentType("buf", "an instance of Buffer, TypedArray, or DataView", chunk);
  const state = stateOf(this);
  if (state === undefined) throw require("node-errors").invalidThis("StringDecoder");
  const fresh = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  const bytes = state.held.length === 0 ? fresh : Buffer.concat([state.held, fresh]);
  const [held, size] = heldOf(this.encoding, bytes);
  state.held = Buffer.from(bytes.subarray(bytes.length - held));
  state.size = size;
  return bytes.toString(this.encoding, 0, bytes.length - held);
};
StringDecoder.prototype.end = function end(chunk) {
  const text = chunk === undefined ? "" : this.write(chunk);
  const state = stateOf(this);
  const rest = this.encoding === "utf16le" && state.held.length % 2 === 1 ? state.held.subarray(0, state.held.length - 1) : state.held;
  state.held = Buffer.alloc(0);
  state.size = 0;
  return text + rest.toString(this.encoding);
};
StringDecoder.prototype.text = function text(chunk, offset) {
  const state = stateOf(this);
  state.held = Buffer.alloc(0);
  state.size = 0;
  return this.write(chunk.subarray(offset));
};
Object.defineProperties(StringDecoder.prototype, {
  lastChar: {
    configurable: true,
    enumerable: true,
    get() {
      return Buffer.concat([stateOf(this).held], 4);
    },
  },
  lastNeed: {
    configurable: true,
    enumerable: true,
    get() {
      const { held, size } = stateOf(this);
      return size - held.length;
    },
  },
  lastTotal: {
    configurable: true,
    enumerable: true,
    get() {
      return stateOf(this).size;
    },
  },
});

module.exports = { StringDecoder };

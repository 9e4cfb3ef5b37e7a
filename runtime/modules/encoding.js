// The Encoding standard's TextEncoder and TextDecoder. The decoders are src/runtime/decode.c's.
const { asInterface, isBuffer } = require("idl");
const { encodingOf, encodingName, decode, utf8Encode, utf8Decode, decoderStateBytes } = native;
const Bytes = Uint8Array;
const STATE_BYTES = decoderStateBytes();
const UTF_8 = encodingOf("utf-8");
const REPLACEMENT = encodingOf("iso-2022-kr");
const isView = ArrayBuffer.isView;
const typeOf = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Bytes.prototype), Symbol.toStringTag).get;
const apply = Reflect.apply;

const withCode = (error, code) => Object.assign(error, { code });

class TextEncoder {
  #isEncoder = true;
  get encoding() {
    return this.#isEncoder && "utf-8";
  }
  encode(text = "") {
    void this.#isEncoder;
    return utf8Encode(`${text}`);
  }
  encodeInto(text, target) {
    void this.#isEncoder;
    if (apply(typeOf, target, []) !== "Uint8Array") throw withCode(new TypeError('The "dest" argument must be an instance of Uint8Array.'), "ERR_INVALID_ARG_TYPE");
    if (target.length === 0) return { read: 0, written: 0 };
    /* A unit is a byte at least: no more units than there are bytes can go in. */
    const bytes = utf8Encode(`${text}`.slice(0, target.length));
    let written = bytes.length < target.length ? bytes.length : target.length;
    while (written < bytes.length && written > 0 && (bytes[written] & 0xc0) === 0x80) written--;
    target.set(bytes.subarray(0, written));
    return { read: utf8Decode(bytes.subarray(0, written), false).length, written };
  }
}

const none = new Bytes(0);

/** The bytes of a BufferSource; none where it is detached. */
const bytesOf = (input) => {
  if (isView(input)) return input.byteLength === 0 ? none : new Bytes(input.buffer, input.byteOffset, input.byteLength);
  if (isBuffer(input)) return input.byteLength === 0 ? none : new Bytes(input);
  throw withCode(new TypeError('The "input" argument must be an instance of ArrayBuffer, SharedArrayBuffer, or ArrayBufferView.'), "ERR_INVALID_ARG_TYPE");
};

const dictionary = (options) => {
  if (options === undefined || options === null) return {};
  if (typeof options !== "object" && typeof options !== "function") throw withCode(new TypeError('The "options" argument must be of type object.'), "ERR_INVALID_ARG_TYPE");
  return options;
};

class TextDecoder {
  #encoding;
  #isFatal;
  #ignoreBOM;
  #state; // undefined = the beginning

  constructor(label = "utf-8", options = undefined) {
    const text = `${label}`;
    const { fatal, ignoreBOM } = dictionary(options);
    this.#encoding = encodingOf(text);
    if (this.#encoding === undefined || this.#encoding === REPLACEMENT)
      throw withCode(new RangeError(`The "${text}" encoding is not supported`), "ERR_ENCODING_NOT_SUPPORTED");
    this.#isFatal = Boolean(fatal);
    this.#ignoreBOM = Boolean(ignoreBOM);
  }
  get encoding() {
    return encodingName(this.#encoding);
  }
  get fatal() {
    return this.#isFatal;
  }
  get ignoreBOM() {
    return this.#ignoreBOM;
  }

  /** UTF-8 that came in one piece: by far the most of all. */
  #decodeWhole(bytes) {
    const text = utf8Decode(bytes, this.#isFatal);
    return text !== undefined && !this.#ignoreBOM && text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  }
  #decodePiece(bytes, isLast) {
    const state = (this.#state ??= new Bytes(STATE_BYTES));
    if (isLast) this.#state = undefined;
    return decode(this.#encoding, bytes, state, this.#isFatal, this.#ignoreBOM, isLast);
  }

  decode(input = undefined, options = undefined) {
    void this.#isFatal;
    const isLast = !dictionary(options).stream;
    const bytes = input === undefined ? none : bytesOf(input);
    const text = isLast && this.#encoding === UTF_8 && this.#state === undefined ? this.#decodeWhole(bytes) : this.#decodePiece(bytes, isLast);
    if (text === undefined) throw withCode(new TypeError(`The encoded data was not valid for encoding ${this.encoding}`), "ERR_ENCODING_INVALID_ENCODED_DATA");
    return text;
  }
}
asInterface(TextEncoder);
asInterface(TextDecoder);

module.exports = { TextEncoder, TextDecoder };

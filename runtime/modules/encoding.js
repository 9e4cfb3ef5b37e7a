// The Encoding standard's TextEncoder and TextDecoder: UTF-8, UTF-16 and Latin-1.
const labels = new Map([
  ...["utf-8", "utf8", "unicode-1-1-utf-8", "unicode11utf8", "unicode20utf8", "x-unicode20utf8"].map((label) => [label, "utf-8"]),
  ...["utf-16le", "utf-16", "ucs-2", "unicode", "iso-10646-ucs-2", "csunicode", "unicodefeff"].map((label) => [label, "utf-16le"]),
  ...["utf-16be", "unicodefffe"].map((label) => [label, "utf-16be"]),
  ...["latin1", "iso-8859-1", "iso8859-1", "ascii", "us-ascii", "windows-1252", "cp1252", "x-cp1252", "l1"].map((label) => [label, "windows-1252"]),
]);

class TextEncoder {
  get encoding() {
    return "utf-8";
  }
  encode(text = "") {
    return native.utf8Encode(`${text}`);
  }
  encodeInto(text, target) {
    const bytes = native.utf8Encode(`${text}`);
    let written = Math.min(bytes.length, target.length);
    while (written < bytes.length && written > 0 && (bytes[written] & 0xc0) === 0x80) written--;
    target.set(bytes.subarray(0, written));
    return { read: native.utf8Decode(bytes.subarray(0, written), false).length, written };
  }
}

const high = "\u20AC\x81\u201A\u0192\u201E\u2026\u2020\u2021\u02C6\u2030\u0160\u2039\u0152\x8D\u017D\x8F\x90\u2018\u2019\u201C\u201D\u2022\u2013\u2014\u02DC\u2122\u0161\u203A\u0153\x9D\u017E\u0178";

const decode16 = (bytes, isBig) => {
  const units = new Uint16Array(bytes.length >> 1);
  for (let i = 0; i < units.length; i++)
    units[i] = isBig ? (bytes[2 * i] << 8) | bytes[2 * i + 1] : bytes[2 * i] | (bytes[2 * i + 1] << 8);
  let text = "";
  for (let i = 0; i < units.length; i += 8192) text += String.fromCharCode(...units.subarray(i, i + 8192));
  return text.toWellFormed();
};

/** How many bytes at the end begin a character that is not complete. */
const openBytes = (bytes) => {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back];
    if ((byte & 0xc0) === 0x80) continue;
    const needs = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return needs > back ? back : 0;
  }
  return 0;
};

class TextDecoder {
  #encoding;
  #fatal;
  #ignoreBOM;
  #kept = new Uint8Array(0);
  #hasBegun = false;

  constructor(label = "utf-8", { fatal = false, ignoreBOM = false } = {}) {
    this.#encoding = labels.get(`${label}`.trim().toLowerCase());
    if (this.#encoding === undefined) {
      const error = new RangeError(`The "${label}" encoding is not supported`);
      error.code = "ERR_ENCODING_NOT_SUPPORTED";
      throw error;
    }
    this.#fatal = Boolean(fatal);
    this.#ignoreBOM = Boolean(ignoreBOM);
  }
  get encoding() {
    return this.#encoding;
  }
  get fatal() {
    return this.#fatal;
  }
  get ignoreBOM() {
    return this.#ignoreBOM;
  }

  #text(bytes) {
    if (this.#encoding === "utf-8") {
      const text = native.utf8Decode(bytes, this.#fatal);
      if (text !== undefined) return text;
      const error = new TypeError("The encoded data was not valid for encoding utf-8");
      error.code = "ERR_ENCODING_INVALID_ENCODED_DATA";
      throw error;
    }
    if (this.#encoding !== "windows-1252") return decode16(bytes, this.#encoding === "utf-16be");
    let text = "";
    for (const byte of bytes) text += byte >= 0x80 && byte < 0xa0 ? high[byte - 0x80] : String.fromCharCode(byte);
    return text;
  }

  decode(input = new Uint8Array(0), { stream = false } = {}) {
    let bytes = ArrayBuffer.isView(input)
      ? new Uint8Array(input.buffer, input.byteOffset, input.byteLength)
      : new Uint8Array(input);
    if (this.#kept.length > 0) {
      const whole = new Uint8Array(this.#kept.length + bytes.length);
      whole.set(this.#kept);
      whole.set(bytes, this.#kept.length);
      bytes = whole;
    }
    const open = !stream ? 0 : this.#encoding === "utf-8" ? openBytes(bytes) : this.#encoding === "windows-1252" ? 0 : bytes.length % 2;
    this.#kept = bytes.slice(bytes.length - open);
    let text = this.#text(bytes.subarray(0, bytes.length - open));
    if (!this.#hasBegun && text !== "") {
      this.#hasBegun = true;
      if (!this.#ignoreBOM && text[0] === "\ufeff") text = text.slice(1);
    }
    if (!stream) this.#hasBegun = false;
    return text;
  }
}

module.exports = { TextEncoder, TextDecoder };

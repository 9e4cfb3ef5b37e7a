// Node's Buffer: a Uint8Array with Node's methods. What touches many bytes at once is native (src/runtime/bytes.c).
const {
  argumentType, argumentValue, outOfRange, nodeError, unknownEncoding, withCode,
  checkString, checkNumber, checkInteger,
} = require("node-errors");

const { bytesToText, textToBytes, compareBytes, findBytes } = native;
const define = Object.defineProperty;
const setPrototypeOf = Object.setPrototypeOf;
const custom = Symbol.for("nodejs.util.inspect.custom");
const MAX_LENGTH = 2 ** 32;
const MAX_STRING_LENGTH = 2 ** 29 - 24;
const [UTF8, UTF16LE, LATIN1, ASCII, BASE64, BASE64URL, HEX] = [0, 1, 2, 3, 4, 5, 6];
let inspectMaxBytes = 50;

const encodings = {
  __proto__: null,
  utf8: UTF8, "utf-8": UTF8, ucs2: UTF16LE, "ucs-2": UTF16LE, utf16le: UTF16LE, "utf-16le": UTF16LE,
  latin1: LATIN1, binary: LATIN1, ascii: ASCII, base64: BASE64, base64url: BASE64URL, hex: HEX,
};
/** An encoding's number; undefined where there is none of that name. */
const encodingOf = (name) => encodings[name] ?? encodings[`${name}`.toLowerCase()];

// --- brands ---

const getterOf = (prototype, name) => Object.getOwnPropertyDescriptor(prototype, name).get;
const apply = Reflect.apply;
const arrayBufferLength = getterOf(ArrayBuffer.prototype, "byteLength");
const sharedBufferLength = typeof SharedArrayBuffer === "function" ? getterOf(SharedArrayBuffer.prototype, "byteLength") : undefined;
const typeTag = getterOf(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag);
const { isView } = ArrayBuffer;

const isAnyArrayBuffer = (value) => {
  if (value === null || typeof value !== "object") return false;
  for (const get of [arrayBufferLength, sharedBufferLength])
    try {
      if (get !== undefined) {
        apply(get, value, []);
        return true;
      }
    } catch {
      // not of this kind
    }
  return false;
};
const isUint8Array = (value) => value instanceof Uint8Array || (isView(value) && apply(typeTag, value, []) === "Uint8Array");
const bufferOrBytes = "an instance of Buffer or Uint8Array";

// --- making ---

class FastBuffer extends Uint8Array {
  constructor(bytesOrLength, byteOffset, length) {
    super(bytesOrLength, byteOffset, length);
  }
}

const asBuffer = (bytes) => setPrototypeOf(bytes, FastBuffer.prototype);

const checkSize = (size) => checkNumber("size", size, 0, MAX_LENGTH);

/* Functions, not arrows: form-data writes `new Buffer.alloc(0)`. */
const alloc = function alloc(size, fill, encoding) {
  checkSize(size);
  const buffer = new FastBuffer(size);
  return fill !== undefined && fill !== 0 && size > 0 ? fillBytes(buffer, fill, encoding) : buffer;
};
const allocUnsafe = function allocUnsafe(size) {
  checkSize(size);
  return new FastBuffer(size);
};

const fromString = (text, encoding) => {
  let number = UTF8;
  if (typeof encoding === "string" && encoding.length > 0) {
    number = encodingOf(encoding);
    if (number === undefined) throw unknownEncoding(encoding);
  }
  return asBuffer(textToBytes(text, number));
};

const outside = (name) => nodeError(RangeError, "ERR_BUFFER_OUT_OF_BOUNDS", name === undefined ? "Attempt to access memory outside buffer bounds" : `"${name}" is outside of buffer bounds`);

const fromArrayBuffer = (bytes, byteOffset, length) => {
  const offset = byteOffset === undefined ? 0 : +byteOffset || 0;
  const most = bytes.byteLength - offset;
  if (most < 0) throw outside("offset");
  if (length === undefined) return new FastBuffer(bytes, offset);
  const size = +length;
  if (!(size > 0)) return new FastBuffer(bytes, offset, 0);
  if (size > most) throw outside("length");
  return new FastBuffer(bytes, offset, size);
};

const fromArrayLike = (list) => {
  if (!(list.length > 0)) return new FastBuffer(0);
  checkSize(list.length);
  const buffer = new FastBuffer(list.length);
  buffer.set(list);
  return buffer;
};

const fromObject = (value) => {
  if (value.length !== undefined || isAnyArrayBuffer(value.buffer)) return typeof value.length === "number" ? fromArrayLike(value) : new FastBuffer(0);
  return value.type === "Buffer" && Array.isArray(value.data) ? fromArrayLike(value.data) : undefined;
};

const from = (value, encodingOrOffset, length) => {
  if (typeof value === "string") return fromString(value, encodingOrOffset);
  if (typeof value === "object" && value !== null) {
    if (isAnyArrayBuffer(value)) return fromArrayBuffer(value, encodingOrOffset, length);
    const primitive = value.valueOf && value.valueOf();
    if (primitive !== null && primitive !== undefined && primitive !== value && (typeof primitive === "string" || typeof primitive === "object")) return from(primitive, encodingOrOffset, length);
    const made = fromObject(value);
    if (made !== undefined) return made;
    if (typeof value[Symbol.toPrimitive] === "function") {
      const text = value[Symbol.toPrimitive]("string");
      if (typeof text === "string") return fromString(text, encodingOrOffset);
    }
  }
  throw argumentType("first argument", "of type string or an instance of Buffer, ArrayBuffer, or Array or an Array-like Object", value);
};

function Buffer(value, encodingOrOffset, length) {
  if (typeof value === "number") {
    if (typeof encodingOrOffset === "string") throw argumentType("string", "of type string", value);
    return alloc(value);
  }
  return from(value, encodingOrOffset, length);
}
setPrototypeOf(Buffer, Uint8Array);
Buffer.prototype = FastBuffer.prototype;
define(Buffer.prototype, "constructor", { value: Buffer, writable: true, configurable: true });
define(Buffer, Symbol.species, { get: () => FastBuffer, configurable: true });

const toIndex = (value, fallback) => {
  const number = +value;
  return number >= Number.MIN_SAFE_INTEGER && number <= Number.MAX_SAFE_INTEGER ? Math.trunc(number) : fallback;
};

const copyInto = (source, target, targetStart, sourceStart, sourceEnd) => {
  if (!isUint8Array(source)) throw argumentType("source", bufferOrBytes, source);
  if (!isUint8Array(target)) throw argumentType("target", bufferOrBytes, target);
  if (targetStart === undefined) targetStart = 0;
  else {
    targetStart = toIndex(targetStart, 0);
    if (targetStart < 0) throw outOfRange("targetStart", ">= 0", targetStart);
  }
  if (sourceStart === undefined) sourceStart = 0;
  else {
    sourceStart = toIndex(sourceStart, 0);
    if (sourceStart < 0 || sourceStart > source.length) throw outOfRange("sourceStart", `>= 0 && <= ${source.length}`, sourceStart);
  }
  if (sourceEnd === undefined) sourceEnd = source.length;
  else {
    sourceEnd = toIndex(sourceEnd, 0);
    if (sourceEnd < 0) throw outOfRange("sourceEnd", ">= 0", sourceEnd);
  }
  if (targetStart >= target.length || sourceStart >= sourceEnd) return 0;
  const size = Math.min(sourceEnd - sourceStart, target.length - targetStart, source.length - sourceStart);
  Uint8Array.prototype.set.call(target, sourceStart === 0 && size === source.length ? source : Uint8Array.prototype.subarray.call(new Uint8Array(source.buffer, source.byteOffset, source.length), sourceStart, sourceStart + size), targetStart);
  return size;
};

const byteLength = (value, encoding) => {
  if (typeof value !== "string") {
    if (isView(value) || isAnyArrayBuffer(value)) return value.byteLength;
    throw argumentType("string", "of type string or an instance of Buffer or ArrayBuffer", value);
  }
  const size = value.length;
  if (size === 0) return 0;
  switch (encoding ? encodingOf(encoding) : UTF8) {
    case UTF16LE:
      return size * 2;
    case LATIN1:
    case ASCII:
      return size;
    case HEX:
      return size >>> 1;
    case BASE64:
    case BASE64URL: {
      const padding = value.endsWith("==") ? 2 : value.endsWith("=") ? 1 : 0;
      return ((size - padding) * 3) >>> 2;
    }
    default:
      return textToBytes(value, UTF8).length;
  }
};

Object.assign(Buffer, {
  poolSize: 8 * 1024,
  from: function from_(value, encodingOrOffset, length) {
    return from(value, encodingOrOffset, length);
  },
  alloc,
  allocUnsafe,
  allocUnsafeSlow: allocUnsafe,
  of: (...values) => {
    const buffer = new FastBuffer(values.length);
    values.forEach((value, i) => (buffer[i] = value));
    return buffer;
  },
  isBuffer: (value) => value instanceof Buffer,
  isEncoding: (encoding) => typeof encoding === "string" && encoding.length !== 0 && encodingOf(encoding) !== undefined,
  byteLength,
  compare(buf1, buf2) {
    if (!isUint8Array(buf1)) throw argumentType("buf1", bufferOrBytes, buf1);
    if (!isUint8Array(buf2)) throw argumentType("buf2", bufferOrBytes, buf2);
    return buf1 === buf2 ? 0 : compareBytes(buf1, buf2);
  },
  concat(list, length) {
    if (!Array.isArray(list)) throw argumentType("list", "an instance of Array", list);
    if (list.length === 0) return new FastBuffer(0);
    if (length === undefined) {
      length = 0;
      for (const one of list) if (one?.length) length += one.length;
    } else checkInteger("length", length, 0);
    const buffer = allocUnsafe(length);
    let at = 0;
    for (let i = 0; i < list.length; i++) {
      if (!isUint8Array(list[i])) throw argumentType(`list[${i}]`, bufferOrBytes, list[i]);
      at += copyInto(list[i], buffer, at, 0, list[i].length);
    }
    return buffer;
  },
  copyBytesFrom(view, offset, length) {
    if (!isView(view) || view instanceof DataView) throw argumentType("view", "an instance of TypedArray", view);
    if (view.length === 0) return alloc(0);
    if (offset === undefined && length === undefined) return from(new Uint8Array(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength)));
    if (offset !== undefined) {
      checkInteger("offset", offset, 0);
      if (offset >= view.length) return alloc(0);
    } else offset = 0;
    if (length !== undefined) checkInteger("length", length, 0);
    const part = view.subarray(offset, length === undefined ? view.length : offset + length);
    return new FastBuffer(part.buffer.slice(part.byteOffset, part.byteOffset + part.byteLength));
  },
});
define(Buffer.from, "name", { value: "from" });

// --- text ---

const checkedText = (make) => {
  const text = make();
  if (text.length > MAX_STRING_LENGTH) throw nodeError(Error, "ERR_STRING_TOO_LONG", `Cannot create a string longer than 0x${MAX_STRING_LENGTH.toString(16)} characters`);
  return text;
};

const writeBytes = (buffer, text, encoding, offset, length) => {
  const bytes = textToBytes(text, encoding);
  let size = Math.min(bytes.length, length, buffer.length - offset);
  if (encoding === UTF16LE) size -= size % 2;
  // A character of which only a part has room is left out.
  else if (encoding === UTF8 && size < bytes.length) while (size > 0 && (bytes[size] & 0xc0) === 0x80) size--;
  if (size <= 0) return 0;
  Uint8Array.prototype.set.call(buffer, size === bytes.length ? bytes : bytes.subarray(0, size), offset);
  return size;
};

const methods = {
  toString(encoding, start, end) {
    if (arguments.length === 0) return checkedText(() => bytesToText(this, UTF8, 0, this.length));
    const size = this.length;
    if (start === undefined || start <= 0) start = 0;
    else if (start >= size) return "";
    else start = Math.trunc(start) || 0;
    end = end === undefined || end > size ? size : Math.trunc(end) || 0;
    if (end <= start) return "";
    const number = encoding === undefined ? UTF8 : encodingOf(encoding);
    if (number === undefined) throw unknownEncoding(encoding);
    return checkedText(() => bytesToText(this, number, start, end));
  },
  write(string, offset, length, encoding) {
    if (offset === undefined) {
      offset = 0;
      length = this.length;
    } else if (length === undefined && typeof offset === "string") {
      encoding = offset;
      length = this.length;
      offset = 0;
    } else {
      checkInteger("offset", offset, 0, this.length);
      const left = this.length - offset;
      if (length === undefined) length = left;
      else if (typeof length === "string") {
        encoding = length;
        length = left;
      } else {
        checkInteger("length", length, 0, this.length);
        length = Math.min(length, left);
      }
    }
    if (typeof string !== "string") throw withCode(new TypeError("argument must be a string"), "ERR_INVALID_ARG_TYPE");
    const number = encoding ? encodingOf(encoding) : UTF8;
    if (number === undefined) throw unknownEncoding(encoding);
    return writeBytes(this, string, number, offset, length);
  },
  toJSON() {
    // Bytes that are passed on stay bytes: src/runtime/plain.c is told that there are some.
    return native.isPassedOn() ? null : { type: "Buffer", data: Array.from(this) };
  },
  equals(otherBuffer) {
    if (!isUint8Array(otherBuffer)) throw argumentType("otherBuffer", bufferOrBytes, otherBuffer);
    return this === otherBuffer || (this.byteLength === otherBuffer.byteLength && compareBytes(this, otherBuffer) === 0);
  },
  compare(target, targetStart, targetEnd, sourceStart, sourceEnd) {
    if (!isUint8Array(target)) throw argumentType("target", bufferOrBytes, target);
    if (arguments.length === 1) return compareBytes(this, target);
    const bound = (name, value, fallback, most) => {
      if (value === undefined) return fallback;
      checkInteger(name, value, 0, most);
      return value;
    };
    targetStart = bound("targetStart", targetStart, 0);
    targetEnd = bound("targetEnd", targetEnd, target.length, target.length);
    sourceStart = bound("sourceStart", sourceStart, 0);
    sourceEnd = bound("sourceEnd", sourceEnd, this.length, this.length);
    if (sourceStart >= sourceEnd) return targetStart >= targetEnd ? 0 : -1;
    if (targetStart >= targetEnd) return 1;
    return compareBytes(this.subarray(sourceStart, sourceEnd), new Uint8Array(target.buffer, target.byteOffset, target.length).subarray(targetStart, targetEnd));
  },
  copy(target, targetStart, sourceStart, sourceEnd) {
    return copyInto(this, target, targetStart, sourceStart, sourceEnd);
  },
  indexOf(value, byteOffset, encoding) {
    return search(this, value, byteOffset, encoding, true);
  },
  lastIndexOf: function lastIndexOf(value, byteOffset, encoding) {
    return search(this, value, byteOffset, encoding, false);
  },
  includes(value, byteOffset, encoding) {
    return search(this, value, byteOffset, encoding, true) !== -1;
  },
  fill(value, offset, end, encoding) {
    return fillBytes(this, value, offset, end, encoding);
  },
  subarray(start, end) {
    const size = this.length;
    const from_ = clamp(start, size);
    const to = end === undefined ? size : clamp(end, size);
    return new FastBuffer(this.buffer, this.byteOffset + from_, Math.max(0, to - from_));
  },
  slice(start, end) {
    return this.subarray(start, end);
  },
  swap16() {
    return swap(this, 2);
  },
  swap32() {
    return swap(this, 4);
  },
  swap64() {
    return swap(this, 8);
  },
};

const clamp = (offset, length) => {
  const at = Math.trunc(offset);
  if (at === 0 || Number.isNaN(at)) return 0;
  return at < 0 ? Math.max(0, at + length) : Math.min(at, length);
};

const swap = (buffer, size) => {
  if (buffer.length % size !== 0) throw nodeError(RangeError, "ERR_INVALID_BUFFER_SIZE", `Buffer size must be a multiple of ${size * 8}-bits`);
  for (let i = 0; i < buffer.length; i += size)
    for (let a = i, b = i + size - 1; a < b; a++, b--) {
      const byte = buffer[a];
      buffer[a] = buffer[b];
      buffer[b] = byte;
    }
  return buffer;
};

function search(buffer, value, byteOffset, encoding, isForward) {
  if (!isView(buffer)) throw argumentType("buffer", "an instance of Buffer, TypedArray, or DataView", buffer);
  if (typeof byteOffset === "string") {
    encoding = byteOffset;
    byteOffset = undefined;
  } else if (byteOffset > 0x7fffffff) byteOffset = 0x7fffffff;
  else if (byteOffset < -0x80000000) byteOffset = -0x80000000;
  byteOffset = +byteOffset;
  const size = buffer.byteLength;
  if (Number.isNaN(byteOffset)) byteOffset = isForward ? 0 : size;
  byteOffset = Math.trunc(byteOffset);

  let needle;
  let step = 1;
  if (typeof value === "number") needle = Uint8Array.of(value >>> 0);
  else if (typeof value === "string" || isUint8Array(value)) {
    const number = encoding === undefined || encoding === null || encoding === "" ? UTF8 : encodingOf(encoding);
    if (number === undefined && typeof value === "string") throw unknownEncoding(encoding);
    if (number === UTF16LE) step = 2;
    needle = typeof value === "string" ? textToBytes(value, number) : value;
  } else throw argumentType("value", `one of type number or string or ${bufferOrBytes}`, value);

  let at;
  if (byteOffset < 0) {
    if (byteOffset + size >= 0) at = byteOffset + size;
    else if (isForward || needle.length === 0) at = 0;
    else return -1;
  } else if (byteOffset + needle.length <= size) at = byteOffset;
  else if (needle.length === 0) at = size;
  else if (isForward) return -1;
  else at = size - 1;
  if (needle.length === 0) return at;
  if (size === 0 || at < 0 || (step === 2 && (size < 2 || needle.length < 2))) return -1;
  if (step === 2 && isForward) at -= at % 2;
  return findBytes(buffer, needle, at, isForward, step);
}

function fillBytes(buffer, value, offset, end, encoding) {
  if (typeof value === "string") {
    if (offset === undefined || typeof offset === "string") {
      encoding = offset;
      offset = undefined;
    } else if (typeof end === "string") {
      encoding = end;
      end = buffer.length;
    }
    const number = encoding === undefined || encoding === null || encoding === "" ? UTF8 : encodingOf(encoding);
    if (number === undefined) {
      checkString("encoding", encoding);
      throw unknownEncoding(encoding);
    }
    if (value.length === 0) value = 0;
    else {
      const bytes = textToBytes(value, number);
      if (bytes.length === 0) throw argumentValue("value", value);
      value = bytes;
    }
  } else if (isUint8Array(value)) {
    if (value.length === 0) throw argumentValue("value", value);
  } else if (isView(value)) value = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  else value = +value & 255;
  if (offset === undefined) {
    offset = 0;
    end = buffer.length;
  } else {
    checkNumber("offset", offset, 0);
    if (end === undefined) end = buffer.length;
    else checkNumber("end", end, 0, buffer.length);
    if (offset >= end) return buffer;
  }
  offset = Math.trunc(offset);
  end = Math.trunc(end);
  const size = end - offset;
  if (offset + size > getterOf(Object.getPrototypeOf(Uint8Array.prototype), "byteLength").call(buffer)) throw outside();
  if (typeof value === "number") return Uint8Array.prototype.fill.call(buffer, value, offset, end);
  if (value.length === 1) return Uint8Array.prototype.fill.call(buffer, value[0], offset, end);
  const source = value.slice(0, Math.min(value.length, size));
  Uint8Array.prototype.set.call(buffer, source, offset);
  for (let done = source.length; done < size; done *= 2) buffer.copyWithin(offset + done, offset, offset + Math.min(done, size - done));
  return buffer;
}

// --- one encoding's own slice and write ---

for (const [name, number] of [["utf8", UTF8], ["ucs2", UTF16LE], ["utf16le", UTF16LE], ["latin1", LATIN1], ["ascii", ASCII], ["base64", BASE64], ["base64url", BASE64URL], ["hex", HEX]]) {
  methods[`${name}Slice`] = function (start = 0, end = this.length) {
    if (start < 0 || end > this.length || start > end) throw withCode(new RangeError("Index out of range"), "ERR_OUT_OF_RANGE");
    return bytesToText(this, number, start, end);
  };
  methods[`${name}Write`] = function (string, offset = 0, length = this.length - offset) {
    if (typeof string !== "string") throw withCode(new TypeError("argument must be a string"), "ERR_INVALID_ARG_TYPE");
    if (offset < 0 || offset > this.length) throw nodeError(RangeError, "ERR_BUFFER_OUT_OF_BOUNDS", '"offset" is outside of buffer bounds');
    if (length < 0) throw nodeError(RangeError, "ERR_BUFFER_OUT_OF_BOUNDS", '"length" is outside of buffer bounds');
    return writeBytes(this, string, number, offset, length);
  };
}

// --- numbers ---

const refuseBounds = (value, length, name = "offset") => {
  if (Math.floor(value) !== value) {
    checkNumber(name, value);
    throw outOfRange(name, "an integer", value);
  }
  if (length < 0) throw outside();
  throw outOfRange(name, `>= ${name === "offset" ? 0 : 1} and <= ${length}`, value);
};
const checkPlace = (buffer, offset, size) => {
  checkNumber("offset", offset);
  if (buffer[offset] === undefined || buffer[offset + size - 1] === undefined) refuseBounds(offset, buffer.length - size);
};
const checkValue = (value, least, most, size) => {
  if (value <= most && value >= least) return;
  if (!(value > most || value < least)) return; // NaN is written as 0
  const n = typeof least === "bigint" ? "n" : "";
  const isUnsigned = least === 0 || least === 0n;
  const range =
    size > 4
      ? isUnsigned
        ? `>= 0${n} and < 2${n} ** ${size * 8}${n}`
        : `>= -(2${n} ** ${size * 8 - 1}${n}) and < 2${n} ** ${size * 8 - 1}${n}`
      : `>= ${least}${n} and <= ${most}${n}`;
  throw outOfRange("value", range, value);
};
/** Bytes of up to 6 are numbers, from `first` on in steps towards the more important. */
const readUnsigned = (buffer, offset, size, isLittle) => {
  let value = 0;
  for (let i = 0; i < size; i++) value = value * 256 + buffer[isLittle ? offset + size - 1 - i : offset + i];
  return value;
};
const signed = (value, size) => (value >= 2 ** (size * 8 - 1) ? value - 2 ** (size * 8) : value);
const writeNumber = (buffer, value, offset, size, isLittle) => {
  for (let i = 0; i < size; i++) {
    buffer[isLittle ? offset + i : offset + size - 1 - i] = value;
    value = Math.floor(value / 256);
  }
  return offset + size;
};
const rangeOf = (size, isSigned) => (isSigned ? [-(2 ** (size * 8 - 1)), 2 ** (size * 8 - 1) - 1] : [0, 2 ** (size * 8) - 1]);
const alias = (name) => {
  if (name.includes("UInt")) methods[name.replace("UInt", "Uint")] = methods[name];
};

for (const isSigned of [false, true]) {
  const kind = isSigned ? "Int" : "UInt";
  for (const size of [1, 2, 4])
    for (const order of size === 1 ? [""] : ["LE", "BE"]) {
      const isLittle = order !== "BE";
      const [least, most] = rangeOf(size, isSigned);
      const name = `${kind}${size * 8}${order}`;
      methods[`read${name}`] = {
        [`read${name}`](offset = 0) {
          checkPlace(this, offset, size);
          const value = readUnsigned(this, offset, size, isLittle);
          return isSigned ? signed(value, size) : value;
        },
      }[`read${name}`];
      methods[`write${name}`] = {
        [`write${name}`](value, offset = 0) {
          value = +value;
          if (size === 1) checkNumber("offset", offset);
          checkValue(value, least, most, size);
          checkPlace(this, offset, size);
          return writeNumber(this, Number.isNaN(value) ? 0 : Math.trunc(value), offset, size, isLittle);
        },
      }[`write${name}`];
      alias(`read${name}`);
      alias(`write${name}`);
    }
  for (const order of ["LE", "BE"]) {
    const isLittle = order === "LE";
    const name = `${kind}${order}`;
    const checkBytes = (size) => {
      if (!(size >= 1 && size <= 6 && Math.floor(size) === size)) refuseBounds(size, 6, "byteLength");
    };
    methods[`read${name}`] = {
      [`read${name}`](offset, byteLength_) {
        if (offset === undefined) throw argumentType("offset", "of type number", offset);
        checkBytes(byteLength_);
        checkPlace(this, offset, byteLength_);
        const value = readUnsigned(this, offset, byteLength_, isLittle);
        return isSigned ? signed(value, byteLength_) : value;
      },
    }[`read${name}`];
    methods[`write${name}`] = {
      [`write${name}`](value, offset, byteLength_) {
        checkBytes(byteLength_);
        value = +value;
        checkNumber("offset", offset);
        checkValue(value, ...rangeOf(byteLength_, isSigned), byteLength_);
        checkPlace(this, offset, byteLength_);
        return writeNumber(this, Number.isNaN(value) ? 0 : Math.trunc(value), offset, byteLength_, isLittle);
      },
    }[`write${name}`];
    alias(`read${name}`);
    alias(`write${name}`);

    const big = `Big${kind}64${order}`;
    const [least, most] = isSigned ? [-(2n ** 63n), 2n ** 63n - 1n] : [0n, 2n ** 64n - 1n];
    methods[`read${big}`] = {
      [`read${big}`](offset = 0) {
        checkPlace(this, offset, 8);
        const halves = [BigInt(readUnsigned(this, offset, 4, isLittle)), BigInt(readUnsigned(this, offset + 4, 4, isLittle))];
        const value = isLittle ? (halves[1] << 32n) | halves[0] : (halves[0] << 32n) | halves[1];
        return isSigned ? BigInt.asIntN(64, value) : value;
      },
    }[`read${big}`];
    methods[`write${big}`] = {
      [`write${big}`](value, offset = 0) {
        if (typeof value !== "bigint") throw argumentType("value", "of type bigint", value);
        checkValue(value, least, most, 8);
        checkPlace(this, offset, 8);
        const whole = BigInt.asUintN(64, value);
        const [low, high] = [Number(whole & 0xffffffffn), Number(whole >> 32n)];
        writeNumber(this, isLittle ? low : high, offset, 4, isLittle);
        return writeNumber(this, isLittle ? high : low, offset + 4, 4, isLittle);
      },
    }[`write${big}`];
    alias(`read${big}`);
    alias(`write${big}`);
  }
}

const scratch = new DataView(new ArrayBuffer(8));
for (const [kind, size] of [["Float", 4], ["Double", 8]])
  for (const order of ["LE", "BE"]) {
    const isLittle = order === "LE";
    const [get, set] = size === 4 ? ["getFloat32", "setFloat32"] : ["getFloat64", "setFloat64"];
    const name = `${kind}${order}`;
    methods[`read${name}`] = {
      [`read${name}`](offset = 0) {
        checkPlace(this, offset, size);
        for (let i = 0; i < size; i++) scratch.setUint8(i, this[offset + i]);
        return scratch[get](0, isLittle);
      },
    }[`read${name}`];
    methods[`write${name}`] = {
      [`write${name}`](value, offset = 0) {
        value = +value;
        checkPlace(this, offset, size);
        scratch[set](0, value, isLittle);
        for (let i = 0; i < size; i++) this[offset + i] = scratch.getUint8(i);
        return offset + size;
      },
    }[`write${name}`];
  }

for (const name of ["toString", "equals", "copy", "slice", "subarray"]) define(methods[name], "name", { value: name });
for (const [name, value] of Object.entries(methods)) define(Buffer.prototype, name, { value, writable: true, configurable: true, enumerable: true });
Buffer.prototype.toLocaleString = Buffer.prototype.toString;

for (const [name, get] of [["parent", (buffer) => buffer.buffer], ["offset", (buffer) => buffer.byteOffset]])
  define(Buffer.prototype, name, {
    enumerable: true,
    get() {
      return this instanceof Buffer ? get(this) : undefined;
    },
  });

// --- shown ---

Buffer.prototype[custom] = function inspect(recurseTimes, context) {
  const size = Math.min(inspectMaxBytes, this.length);
  let shown = bytesToText(this, HEX, 0, size).replace(/(.{2})/g, "$1 ").trim();
  const left = this.length - inspectMaxBytes;
  if (left > 0) shown += ` ... ${left} more byte${left > 1 ? "s" : ""}`;
  if (context) {
    const others = Reflect.ownKeys(this).filter((key) => (typeof key !== "string" || !/^\d+$/.test(key)) && (context.showHidden || Object.prototype.propertyIsEnumerable.call(this, key)));
    if (others.length > 0) {
      const extra = { __proto__: null };
      for (const key of others) extra[key] = this[key];
      if (this.length !== 0) shown += ", ";
      // Without "[Object: null prototype] {" and its end.
      shown += require("util").inspect(extra, { ...context, breakLength: Infinity, compact: true }).slice(27, -2);
    }
  }
  let name = "Buffer";
  try {
    if (typeof this.constructor === "function" && Object.hasOwn(this.constructor, "name")) name = this.constructor.name;
  } catch {
    // the common name
  }
  return `<${name} ${shown}>`;
};
Buffer.prototype.inspect = Buffer.prototype[custom];

// --- beside it ---

function SlowBuffer(size) {
  checkSize(size);
  return new FastBuffer(size);
}
setPrototypeOf(SlowBuffer.prototype, Uint8Array.prototype);
setPrototypeOf(SlowBuffer, Uint8Array);

const bytesOf = (input) => {
  if (!isView(input) && !isAnyArrayBuffer(input)) throw argumentType("input", "an instance of ArrayBuffer, Buffer, or TypedArray", input);
  const bytes = isView(input) ? input.buffer : input;
  if (bytes.detached) throw nodeError(Error, "ERR_INVALID_STATE", "Cannot validate on a detached buffer");
  return isView(input) ? new Uint8Array(input.buffer, input.byteOffset, input.byteLength) : new Uint8Array(input);
};

/** Between the encodings that Node's own knows; what has no place in the new one is a question mark. */
const transcode = (source, from_, to) => {
  if (!isUint8Array(source)) throw argumentType("source", bufferOrBytes, source);
  if (source.length === 0) return alloc(0);
  const known = [UTF8, UTF16LE, LATIN1, ASCII];
  const [decoder, encoder] = [encodingOf(from_), encodingOf(to)];
  if (!known.includes(decoder) || !known.includes(encoder)) {
    throw Object.assign(new Error("Unable to transcode Buffer [U_ILLEGAL_ARGUMENT_ERROR]"), { code: "U_ILLEGAL_ARGUMENT_ERROR", errno: 1 });
  }
  const text = bytesToText(source, decoder, 0, source.length);
  if (encoder === UTF8 || encoder === UTF16LE) return asBuffer(textToBytes(text, encoder));
  const most = encoder === LATIN1 ? 0xff : 0x7f;
  return from([...text].map((c) => (c.codePointAt(0) > most ? 0x3f : c.codePointAt(0))));
};

module.exports = {
  Buffer,
  SlowBuffer,
  transcode,
  isUtf8: (input) => native.utf8Decode(bytesOf(input), true) !== undefined,
  isAscii: (input) => bytesOf(input).every((byte) => byte < 128),
  kMaxLength: MAX_LENGTH,
  kStringMaxLength: MAX_STRING_LENGTH,
  resolveObjectURL: (url) => require("blob-urls").resolveObjectURL(url),
  btoa: (data) => require("base64").btoa(data),
  atob: (data) => require("base64").atob(data),
};
const lazily = (get) => ({ enumerable: true, configurable: true, get });
Object.defineProperties(module.exports, {
  constants: { value: Object.freeze({ MAX_LENGTH, MAX_STRING_LENGTH }), enumerable: true },
  INSPECT_MAX_BYTES: {
    enumerable: true,
    configurable: true,
    get: () => inspectMaxBytes,
    set: (value) => {
      checkNumber("INSPECT_MAX_BYTES", value, 0);
      inspectMaxBytes = value;
    },
  },
  Blob: lazily(() => require("blob").Blob),
  File: lazily(() => require("blob").File),
});

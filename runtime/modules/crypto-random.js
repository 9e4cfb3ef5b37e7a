// Random numbers: Node's functions and the Web's getRandomValues.
const { bufferOf, later } = require("crypto-util");
const { viewOf } = require("idl");
const { argumentType, outOfRange, checkFunction, checkInteger } = require("node-errors");

const mostBytes = 2 ** 31 - 1;

const randomBytes = (size, callback) => {
  if (typeof size !== "number") throw argumentType("size", "of type number", size);
  if (!(size >= 0 && size <= mostBytes)) throw outOfRange("size", `>= 0 && <= ${mostBytes}`, size);
  if (callback !== undefined) checkFunction("callback", callback);
  const draw = () => bufferOf(native.randomBytes(size));
  return callback === undefined ? draw() : later(draw, callback);
};

const part = (target, offset, size) => {
  const view = viewOf(target);
  if (view === undefined) throw argumentType("buf", "an instance of ArrayBuffer, Buffer, TypedArray, or DataView", target);
  const unit = target.BYTES_PER_ELEMENT ?? 1;
  const start = offset === undefined ? 0 : offset * unit;
  checkInteger("offset", start, 0, view.length);
  const length = size === undefined ? view.length - start : size * unit;
  checkInteger("size", length, 0, mostBytes);
  if (start + length > view.length) throw outOfRange("size + offset", `<= ${view.length}`, start + length);
  return view.subarray(start, start + length);
};
const randomFillSync = (target, offset, size) => {
  native.randomFill(part(target, offset, size));
  return target;
};
const randomFill = (target, ...rest) => {
  const callback = rest.pop();
  checkFunction("callback", callback);
  const view = part(target, rest[0], rest[1]);
  later(() => {
    native.randomFill(view);
    return target;
  }, callback);
};

/** Uniform: numbers beyond the last whole multiple of the range are drawn again. */
const draw = (range) => {
  const most = 2 ** 48 - (2 ** 48 % range);
  for (;;) {
    const bytes = bufferOf(native.randomBytes(6));
    const number = bytes.readUIntBE(0, 6);
    if (number < most) return number % range;
  }
};
const randomInt = (min, max, callback) => {
  if (max === undefined || typeof max === "function") return randomInt(0, min, max);
  if (callback !== undefined) checkFunction("callback", callback);
  if (!Number.isSafeInteger(min)) throw argumentType("min", "a safe integer", min);
  if (!Number.isSafeInteger(max)) throw argumentType("max", "a safe integer", max);
  if (max <= min) throw outOfRange("max", `greater than the value of "min" (${min})`, max);
  if (max - min >= 2 ** 48) throw outOfRange("max - min", `<= ${2 ** 48 - 1}`, max - min);
  const pick = () => min + draw(max - min);
  return callback === undefined ? pick() : later(pick, callback);
};

const randomUUID = (options) => {
  if (options !== undefined && (options === null || typeof options !== "object")) throw argumentType("options", "of type object", options);
  return native.randomUuid();
};

const integerArrays = ["Int8Array", "Uint8Array", "Uint8ClampedArray", "Int16Array", "Uint16Array", "Int32Array", "Uint32Array", "BigInt64Array", "BigUint64Array"];
const tag = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag).get;
const getRandomValues = (array) => {
  const { DOMException } = require("dom-exception");
  if (!ArrayBuffer.isView(array) || !integerArrays.includes(Reflect.apply(tag, array, [])))
    throw new DOMException("The data argument must be an integer-type TypedArray", "TypeMismatchError");
  if (array.byteLength > 65536)
    throw new DOMException(`The requested length exceeds 65,536 bytes`, "QuotaExceededError");
  native.randomFill(viewOf(array));
  return array;
};

module.exports = { randomBytes, pseudoRandomBytes: randomBytes, randomFill, randomFillSync, randomInt, randomUUID, getRandomValues };

// Errors as Node's own modules throw them: the name carries the code in a stack, the message says what came.
const define = Object.defineProperty;

const withCode = (error, code) => {
  define(error, "code", { value: code, writable: true, enumerable: true, configurable: true });
  return error;
};

const shorten = (text) => (text.length > 28 ? `${text.slice(0, 25)}...` : text);

/** "Received type number (5)" */
const received = (value) => {
  if (value === null || value === undefined) return `Received ${value}`;
  if (typeof value === "function") return `Received function ${value.name}`;
  if (typeof value === "object") {
    const name = value.constructor?.name;
    return name ? `Received an instance of ${name}` : "Received [Object: null prototype] {}";
  }
  const text = typeof value === "string" ? `'${shorten(value)}'` : typeof value === "bigint" ? `${value}n` : String(value);
  return `Received type ${typeof value} (${shorten(text)})`;
};

const argumentType = (name, expected, value) =>
  withCode(new TypeError(`The ${name.includes(".") ? "" : ""}"${name}" ${name.includes(".") ? "property" : "argument"} must be ${expected}. ${received(value)}`), "ERR_INVALID_ARG_TYPE");
const argumentValue = (name, value, reason = "is invalid") => {
  const { inspect } = require("util");
  const kind = name.includes(".") ? "property" : "argument";
  return withCode(new TypeError(`The ${kind} '${name}' ${reason}. Received ${inspect(value)}`), "ERR_INVALID_ARG_VALUE");
};
const group = (n) => (Number.isInteger(n) && Math.abs(n) > 2 ** 32 ? String(n).replace(/\B(?=(\d{3})+$)/g, "_") : String(n));
const outOfRange = (name, range, value) =>
  withCode(new RangeError(`The value of "${name}" is out of range. It must be ${range}. Received ${typeof value === "bigint" ? `${value}n` : group(value)}`), "ERR_OUT_OF_RANGE");
const nodeError = (type, code, message) => withCode(new type(message), code);

const checkString = (name, value) => {
  if (typeof value !== "string") throw argumentType(name, "of type string", value);
};
const checkFunction = (name, value) => {
  if (typeof value !== "function") throw argumentType(name, "of type function", value);
};
const checkInteger = (name, value, least = Number.MIN_SAFE_INTEGER, most = Number.MAX_SAFE_INTEGER) => {
  if (typeof value !== "number") throw argumentType(name, "of type number", value);
  if (!Number.isInteger(value)) throw outOfRange(name, "an integer", value);
  if (value < least || value > most) throw outOfRange(name, `>= ${group(least)} && <= ${group(most)}`, value);
};

module.exports = { argumentType, argumentValue, outOfRange, nodeError, checkString, checkFunction, checkInteger };

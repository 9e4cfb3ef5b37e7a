// Errors as Node's own modules throw them: the code is a property, the text of the error carries it, the message says
// what came.
const define = Object.defineProperty;

const withCode = (error, code) => {
  define(error, "code", { value: code, writable: true, enumerable: true, configurable: true });
  define(error, "toString", {
    value() {
      return `${this.name} [${code}]: ${this.message}`;
    },
    writable: true,
    enumerable: false,
    configurable: true,
  });
  return error;
};

/** "Received type number (5)" */
const received = (value) => {
  if (value === null || value === undefined) return `Received ${value}`;
  if (typeof value === "function") return `Received function ${value.name}`;
  if (typeof value === "object") {
    const name = value.constructor?.name;
    return name ? `Received an instance of ${name}` : `Received ${native.inspect(value, { depth: -1 })}`;
  }
  const text = native.inspect(value, {});
  return `Received type ${typeof value} (${text.length > 28 ? `${text.slice(0, 25)}...` : text})`;
};

const kindOf = (name) => (name.includes(".") ? "property" : "argument");
const subjectOf = (name) => (name.endsWith(" argument") ? `The ${name}` : `The "${name}" ${kindOf(name)}`);

/** `expected` as in "of type string or an instance of Buffer". */
const argumentType = (name, expected, value) => withCode(new TypeError(`${subjectOf(name)} must be ${expected}. ${received(value)}`), "ERR_INVALID_ARG_TYPE");
const argumentValue = (name, value, reason = "is invalid", type = TypeError) => {
  const text = native.inspect(value, {});
  return withCode(new type(`The ${kindOf(name)} '${name}' ${reason}. Received ${text.length > 128 ? `${text.slice(0, 128)}...` : text}`), "ERR_INVALID_ARG_VALUE");
};

/** Long whole numbers in groups of three, as Node shows what is out of range. */
const group = (value) => {
  const text = String(value);
  return /^-?\d{4,}$/.test(text) ? text.replace(/\B(?=(\d{3})+$)/g, "_") : text;
};
const shownNumber = (value) => {
  if (typeof value === "bigint") return `${value > 2n ** 32n || value < -(2n ** 32n) ? group(value) : value}n`;
  if (typeof value === "number") return Number.isInteger(value) && Math.abs(value) > 2 ** 32 ? group(value) : String(value);
  return native.inspect(value, {});
};
const outOfRange = (name, range, value) => withCode(new RangeError(`The value of "${name}" is out of range. It must be ${range}. Received ${shownNumber(value)}`), "ERR_OUT_OF_RANGE");
const nodeError = (type, code, message) => withCode(new type(message), code);
const missingArgs = (...names) => {
  const shown = names.map((name) => (Array.isArray(name) ? name.map((one) => `"${one}"`).join(" or ") : `"${name}"`));
  const last = shown.length > 2 ? `${shown.slice(0, -1).join(", ")}, and ${shown.at(-1)}` : shown.join(" and ");
  return nodeError(TypeError, "ERR_MISSING_ARGS", `The ${last} argument${names.length > 1 ? "s" : ""} must be specified`);
};
const unknownEncoding = (encoding) => nodeError(TypeError, "ERR_UNKNOWN_ENCODING", `Unknown encoding: ${encoding}`);
const invalidThis = (name) => nodeError(TypeError, "ERR_INVALID_THIS", `Value of "this" must be of type ${name}`);

const abortError = (reason, message = "The operation was aborted") => {
  const error = new Error(message, reason === undefined ? undefined : { cause: reason });
  define(error, "name", { value: "AbortError", writable: true, enumerable: false, configurable: true });
  define(error, "code", { value: "ABORT_ERR", writable: true, enumerable: true, configurable: true });
  return error;
};

const checkString = (name, value) => {
  if (typeof value !== "string") throw argumentType(name, "of type string", value);
};
const checkBoolean = (name, value) => {
  if (typeof value !== "boolean") throw argumentType(name, "of type boolean", value);
};
const checkFunction = (name, value) => {
  if (typeof value !== "function") throw argumentType(name, "of type function", value);
};
const checkObject = (name, value, { allowsArray = false, allowsFunction = false, allowsNull = false } = {}) => {
  if (allowsNull && value === null) return;
  if (typeof value === "function" ? !allowsFunction : typeof value !== "object" || value === null || (!allowsArray && Array.isArray(value))) throw argumentType(name, "of type object", value);
};
const checkNumber = (name, value, least, most) => {
  if (typeof value !== "number") throw argumentType(name, "of type number", value);
  if (value < least || value > most || (Number.isNaN(value) && (least !== undefined || most !== undefined)))
    throw outOfRange(name, [least === undefined ? "" : `>= ${least}`, most === undefined ? "" : `<= ${most}`].filter(Boolean).join(" && "), value);
};
const checkInteger = (name, value, least = Number.MIN_SAFE_INTEGER, most = Number.MAX_SAFE_INTEGER) => {
  if (typeof value !== "number") throw argumentType(name, "of type number", value);
  if (!Number.isInteger(value)) throw outOfRange(name, "an integer", value);
  if (value < least || value > most) throw outOfRange(name, `>= ${least} && <= ${most}`, value);
};
const checkOneOf = (name, value, allowed) => {
  if (!allowed.includes(value)) throw argumentValue(name, value, `must be one of: ${allowed.map((one) => (typeof one === "string" ? `'${one}'` : String(one))).join(", ")}`);
};
const checkSignal = (name, value) => {
  if (value !== undefined && (value === null || typeof value !== "object" || !("aborted" in value))) throw argumentType(name, "an instance of AbortSignal", value);
};

module.exports = {
  withCode, received, argumentType, argumentValue, outOfRange, nodeError, missingArgs, unknownEncoding, invalidThis, abortError,
  checkString, checkBoolean, checkFunction, checkObject, checkNumber, checkInteger, checkOneOf, checkSignal,
};

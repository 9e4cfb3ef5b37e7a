// Node's util: the package for what is plain JavaScript, Node's own inspect for the rest.
const util = require("npm:util");

const { inspect: inspectHere, format: formatHere, formatWithOptions: formatWithOptionsHere } = require("npm:node-inspect-extracted");

/* Errors get a stack as Node writes it, in the author's own places: the system realm knows them. */
const rewriteStack = (value) => {
  if (value instanceof Error) native.inspect(value, { depth: -1, customInspect: false });
};
function inspect(value, ...options) {
  rewriteStack(value);
  return inspectHere(value, ...options);
}
Object.assign(inspect, inspectHere);
Object.defineProperty(inspect, "defaultOptions", { enumerable: true, configurable: true, get: () => inspectHere.defaultOptions, set: (value) => (inspectHere.defaultOptions = value) });
const format = (...args) => {
  args.forEach(rewriteStack);
  return formatHere(...args);
};
const formatWithOptions = (options, ...args) => {
  require("node-errors").checkObject("inspectOptions", options, { allowsArray: true });
  args.forEach(rewriteStack);
  return formatWithOptionsHere(options, ...args);
};

const systemError = (number) => {
  require("node-errors").checkInteger("err", number, undefined, -1);
  return require("system-errors").find(([own]) => own === number);
};

const tagOf = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag).get;
const types = {
  ...util.types,
  /* JavaScript can't see these; the package throws, where libraries ask on their way. */
  isExternal: () => false,
  isModuleNamespaceObject: () => false,
  isProxy: () => false,
  isCryptoKey: (value) => value instanceof require("webcrypto-subtle").CryptoKey,
  isFloat16Array: (value) => tagOf.call(value) === "Float16Array",
  isKeyObject: (value) => value instanceof require("crypto").KeyObject,
};

/* Escape sequences of terminals: operating system commands and their ends, then what begins with CSI. */
const controlSequence = /[\u001b\u009b][[\]()#;?]*(?:(?:(?:;[-a-zA-Z\d/#&.:=?%@~_]+)*|[a-zA-Z\d]+(?:;[-a-zA-Z\d/#&.:=?%@~_]*)*)?(?:\u0007|\u001b\u005c|\u009c)|(?:\d{1,4}(?:;\d{0,4})*)?[\dA-PR-TZcf-nq-uy=><~])/g;

const inherits = (constructor, parent) => {
  const { argumentType } = require("node-errors");
  if (typeof constructor !== "function") throw argumentType("ctor", "of type function", constructor);
  if (parent === undefined || parent === null) throw argumentType("superCtor", "of type function", parent);
  if (parent.prototype === undefined) throw argumentType("superCtor.prototype", "of type object", parent.prototype);
  Object.defineProperty(constructor, "super_", { value: parent, writable: true, configurable: true });
  Object.setPrototypeOf(constructor.prototype, parent.prototype);
};

const deprecated = new Set();
const deprecate = (fn, message, code) => {
  require("node-errors").checkFunction("fn", fn);
  if (code !== undefined) require("node-errors").checkString("code", code);
  if (process.noDeprecation === true) return fn;
  let isWarned = false;
  function old(...args) {
    if (!isWarned) {
      isWarned = true;
      if (code === undefined) process.emitWarning(message, "DeprecationWarning", old);
      else if (!deprecated.has(code)) {
        deprecated.add(code);
        process.emitWarning(message, "DeprecationWarning", code, old);
      }
    }
    return new.target ? Reflect.construct(fn, args, new.target) : Reflect.apply(fn, this, args);
  }
  Object.setPrototypeOf(old, fn);
  if (fn.prototype) old.prototype = fn.prototype;
  Object.defineProperty(old, "length", { ...Object.getOwnPropertyDescriptor(fn, "length") });
  return old;
};

const callbackify = (original) => {
  const { checkFunction, nodeError } = require("node-errors");
  checkFunction("original", original);
  function callbackified(...args) {
    const callback = args.pop();
    checkFunction("last argument", callback);
    const done = (...result) => Reflect.apply(callback, this, result);
    Reflect.apply(original, this, args).then(
      (value) => process.nextTick(done, null, value),
      (reason) => {
        let error = reason;
        if (!reason) error = Object.assign(nodeError(Error, "ERR_FALSY_VALUE_REJECTION", "Promise was rejected with falsy value"), { reason });
        process.nextTick(done, error);
      },
    );
  }
  const descriptors = Object.getOwnPropertyDescriptors(original);
  if (typeof descriptors.length?.value === "number") descriptors.length.value++;
  if (typeof descriptors.name?.value === "string") descriptors.name.value += "Callbackified";
  delete descriptors.prototype;
  return Object.defineProperties(callbackified, Object.fromEntries(Object.entries(descriptors).filter(([name]) => !["caller", "arguments"].includes(name))));
};

const customPromisify = Symbol.for("nodejs.util.promisify.custom");
const promisifyArgs = Symbol.for("nodejs.util.promisify.customArgs");
const promisify = (original) => {
  const { checkFunction } = require("node-errors");
  checkFunction("original", original);
  const own = original[customPromisify];
  if (own) {
    checkFunction("util.promisify.custom", own);
    return Object.defineProperty(own, customPromisify, { value: own, enumerable: false, writable: false, configurable: true });
  }
  const names = original[promisifyArgs];
  const promised = function (...args) {
    return new Promise((resolve, reject) => {
      Reflect.apply(original, this, [
        ...args,
        (error, ...values) => {
          if (error) reject(error);
          else if (names !== undefined && values.length > 1) resolve(Object.fromEntries(names.map((name, i) => [name, values[i]])));
          else resolve(values[0]);
        },
      ]);
    });
  };
  Object.setPrototypeOf(promised, Object.getPrototypeOf(original));
  Object.defineProperty(promised, customPromisify, { value: promised, enumerable: false, writable: false, configurable: true });
  const descriptors = Object.getOwnPropertyDescriptors(original);
  for (const name of Reflect.ownKeys(descriptors)) if (!["caller", "arguments", "prototype", customPromisify].includes(name)) Object.defineProperty(promised, name, descriptors[name]);
  return promised;
};
promisify.custom = customPromisify;

module.exports = {
  ...util,
  inspect,
  types,
  format,
  formatWithOptions,
  inherits,
  deprecate,
  callbackify,
  promisify,
  isDeepStrictEqual: (a, b) => {
    try {
      require("assert").deepStrictEqual(a, b);
      return true;
    } catch {
      return false;
    }
  },
  stripVTControlCharacters: (text) => {
    require("node-errors").checkString("str", text);
    return text.replace(controlSequence, "");
  },
  styleText: (formats, text) => {
    const { checkString, checkOneOf } = require("node-errors");
    checkString("text", text);
    const names = [formats].flat();
    for (const name of names) checkOneOf("format", name, Object.keys(inspectHere.colors));
    return names.reduceRight((inner, name) => `\u001b[${inspectHere.colors[name][0]}m${inner}\u001b[${inspectHere.colors[name][1]}m`, text);
  },
  toUSVString: (text) => `${text}`.toWellFormed(),
  _extend: (target, source) => (source !== null && typeof source === "object" ? Object.assign(target, source) : target),
  log: (...args) => {
    const now = new Date();
    const time = [now.getHours(), now.getMinutes(), now.getSeconds()].map((part) => `${part}`.padStart(2, "0")).join(":");
    console.log("%s - %s", `${now.getDate()} ${["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"][now.getMonth()]} ${time}`, format(...args));
  },
  get debug() {
    return util.debuglog;
  },
  aborted: async (signal, resource) => {
    const { argumentType } = require("node-errors");
    if (signal === null || typeof signal !== "object" || !("aborted" in signal)) throw argumentType("signal", "an instance of AbortSignal", signal);
    if (resource === null || typeof resource !== "object") throw argumentType("resource", "of type object", resource);
    if (signal.aborted) return;
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  },
  transferableAbortSignal: (signal) => signal,
  transferableAbortController: () => new AbortController(),
  getSystemErrorMap: () => new Map(require("system-errors").map(([number, name, message]) => [number, [name, message]])),
  getSystemErrorName: (number) => systemError(number)?.[1],
  getSystemErrorMessage: (number) => systemError(number)?.[2],
  parseEnv: (text) => {
    const values = {};
    for (const [, name, quoted, plain] of `${text}`.matchAll(/^[ \t]*(?:export[ \t]+)?([\w.-]+)[ \t]*=[ \t]*(?:("(?:[^"\\]|\\.)*"|'[^']*'|`[^`]*`)|([^\n#]*))/gm)) {
      const value = quoted === undefined ? plain.trim() : quoted.slice(1, -1);
      values[name] = quoted?.startsWith('"') ? value.replaceAll("\\n", "\n") : value;
    }
    return values;
  },
  get parseArgs() {
    return require("npm:@pkgjs/parseargs").parseArgs;
  },
  get MIMEType() {
    return require("mime-type").MIMEType;
  },
  get MIMEParams() {
    return require("mime-type").MIMEParams;
  },
  get TextEncoder() {
    return require("encoding").TextEncoder;
  },
  get TextDecoder() {
    return require("encoding").TextDecoder;
  },
};

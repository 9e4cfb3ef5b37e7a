// Node's util: the package for what is plain JavaScript, Node's own inspect for the rest.
const util = require("npm:util");

const styles = { reset: [0, 0], bold: [1, 22], dim: [2, 22], italic: [3, 23], underline: [4, 24], red: [31, 39], green: [32, 39], yellow: [33, 39], blue: [34, 39], magenta: [35, 39], cyan: [36, 39], white: [37, 39], gray: [90, 39] };

const inspect = Object.assign((value, options, ...old) => {
  if (typeof options === "boolean") options = { showHidden: options, depth: old[0], colors: old[1] };
  return native.inspect(value, options ?? {});
}, {
  custom: Symbol.for("nodejs.util.inspect.custom"),
  defaultOptions: { depth: 2 },
  colors: styles,
  styles: {},
});

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

module.exports = {
  ...util,
  inspect,
  types,
  format: (...args) => native.format(...args),
  formatWithOptions: (options, ...args) => native.format(...args),
  isDeepStrictEqual: (a, b) => {
    try {
      require("assert").deepStrictEqual(a, b);
      return true;
    } catch {
      return false;
    }
  },
  stripVTControlCharacters: (text) => text.replace(/\u001b\[[0-9;]*[A-Za-z]/g, ""),
  styleText: (format, text) =>
    [format].flat().reduceRight((inner, name) => `\u001b[${styles[name][0]}m${inner}\u001b[${styles[name][1]}m`, text),
  toUSVString: (text) => `${text}`.toWellFormed(),
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

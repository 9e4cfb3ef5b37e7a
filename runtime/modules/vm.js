// Node's vm, within the realm: a context is an object whose properties code sees as globals, not a wall.
const { argumentType, checkString } = require("node-errors");
const contexts = new WeakSet();
const globalEval = globalThis.eval;

const createContext = (object = {}) => {
  if (object === null || typeof object !== "object") throw argumentType("contextObject", "of type object", object);
  contexts.add(object);
  return object;
};
const isContext = (object) => {
  if (object === null || typeof object !== "object") throw argumentType("object", "of type object", object);
  return contexts.has(object);
};

const hidden = new Set(["globalThis", "global", "process", "require", "module", "exports"]);
/** `var` and functions at the top of a script become properties of the global object. */
const declared = (code) => [...code.matchAll(/(?:^|[;\n}])\s*(?:var|function\*?)\s+([A-Za-z_$][\w$]*)/g)].map((match) => match[1]);

const scopeOf = (context) => {
  const scope = new Proxy(context, {
    has: (target, key) => typeof key === "string" && !key.startsWith("__tenon_"),
    get(target, key) {
      if (key === Symbol.unscopables) return undefined;
      if (key === "globalThis") return scope;
      if (key in target) return target[key];
      if (hidden.has(key) || !(key in globalThis)) throw new ReferenceError(`${String(key)} is not defined`);
      return globalThis[key];
    },
    set(target, key, value) {
      target[key] = value;
      return true;
    },
  });
  return scope;
};

const evaluateIn = (code, context) => {
  const run = new Function("__tenon_scope", "__tenon_code", "__tenon_keep", "with (__tenon_scope) { return eval(__tenon_code); }");
  const names = declared(code);
  const keep = (name, value) => (context[name] = value);
  const tail = names.map((name) => `__tenon_keep(${JSON.stringify(name)}, ${name});`).join("");
  /* The value of a script is that of its last statement, which must stay the last. */
  return run.call(context, scopeOf(context), names.length === 0 ? code : `try {\n${code}\n} finally { ${tail} }`, keep);
};

class Script {
  #code;
  constructor(code) {
    this.#code = `${code}`;
    checkSyntax(this.#code);
    this.cachedDataRejected = undefined;
    this.sourceMapURL = /\/\/[#@] sourceMappingURL=(\S+)/.exec(this.#code)?.[1];
  }
  runInThisContext() {
    return globalEval(this.#code);
  }
  runInContext(context) {
    if (!isContext(context)) throw argumentType("contextifiedObject", "an vm.Context", context);
    return evaluateIn(this.#code, context);
  }
  runInNewContext(object) {
    return evaluateIn(this.#code, createContext(object));
  }
  createCachedData() {
    return require("buffer").Buffer.alloc(0);
  }
}

const checkSyntax = (code) => {
  try {
    new Function(code);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    /* `return` and `await` differ between a function and a script; the evaluation decides then. */
    if (!/return|await|yield/.test(code)) throw error;
  }
};

const compileFunction = (code, names = [], options = {}) => {
  checkString("code", code);
  const extensions = options.contextExtensions ?? [];
  if (extensions.length === 0) return new Function(...names, code);
  return new Function("extensions", `with (Object.assign({}, ...extensions)) { return function (${names.join(",")}) { ${code}\n} }`)(extensions);
};

module.exports = {
  Script,
  createContext,
  createScript: (code, options) => new Script(code, options),
  runInContext: (code, context, options) => new Script(code, options).runInContext(context),
  runInNewContext: (code, object, options) => new Script(code, options).runInNewContext(object),
  runInThisContext: (code, options) => new Script(code, options).runInThisContext(),
  isContext,
  compileFunction,
  measureMemory: async () => ({ total: { jsMemoryEstimate: 0, jsMemoryRange: [0, 0] } }),
  constants: Object.freeze({ __proto__: null, USE_MAIN_CONTEXT_DEFAULT_LOADER: Symbol("vm_dynamic_import_main_context_default"), DONT_CONTEXTIFY: Symbol("vm_context_no_contextify") }),
};

// What libraries ask of the module system.
const { argumentValue } = require("node-errors");
const builtinModules = native.moduleNames();

const publicRequire = (name) => native.publicRequire(`${name}`);
const isBuiltin = (name) => builtinModules.includes(`${name}`.replace(/^node:/, ""));

const createRequire = (file) => {
  if (typeof file !== "string" && !(file instanceof URL)) throw argumentValue("filename", file, "must be a file URL object, file URL string, or absolute path string");
  const require = (name) => publicRequire(name);
  require.resolve = Object.assign((name) => `${name}`, { paths: () => null });
  require.cache = Object.create(null);
  require.extensions = Object.create(null);
  require.main = undefined;
  return require;
};

class Module {
  exports = {};
  children = [];
  paths = [];
  loaded = false;
  constructor(id = "", parent) {
    this.id = id;
    this.path = ".";
    this.filename = null;
    this.parent = parent;
  }
  require(name) {
    return publicRequire(name);
  }
}

class SourceMap {
  #payload;
  constructor(payload) {
    this.#payload = structuredClone(payload);
  }
  get payload() {
    return structuredClone(this.#payload);
  }
  findEntry() {
    return {};
  }
}

module.exports = Object.assign(Module, {
  Module,
  SourceMap,
  builtinModules,
  createRequire,
  isBuiltin,
  globalPaths: [],
  findSourceMap: () => undefined,
  syncBuiltinESMExports() {},
  register() {},
  runMain() {},
  enableCompileCache: () => ({ status: 3 }),
  getCompileCacheDir: () => undefined,
  flushCompileCache() {},
  constants: Object.freeze({ compileCacheStatus: Object.freeze({ FAILED: 0, ENABLED: 1, ALREADY_ENABLED: 2, DISABLED: 3 }) }),
  findPackageJSON: () => undefined,
  _resolveFilename: (name) => name,
  _load: publicRequire,
  _cache: Object.create(null),
  _extensions: Object.create(null),
  _nodeModulePaths: () => [],
  wrapper: ["(function (exports, require, module, __filename, __dirname) { ", "\n});"],
  wrap: (code) => `(function (exports, require, module, __filename, __dirname) { ${code}\n});`,
});

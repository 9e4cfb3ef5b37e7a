// WebAssembly's functions that answer with a promise. The engine's own compile on threads and settle by a run loop of
// theirs; a sandboxed worker has neither, so these do the work at once. The rest of the object is the engine's.
const { invalid, need } = require("idl");
const apply = Reflect.apply;

/** A module from a response (WebAssembly Web API, "compile a potential WebAssembly response"). */
const bytesOfResponse = async (source, what) => {
  const response = await source;
  if (!(response instanceof require("request-response").Response)) throw invalid(`${what}: an argument must be provided which must be a Response or a promise of one`);
  const type = response.headers.get("content-type") ?? "";
  if (type.replace(/[\t ]+$/, "").toLowerCase() !== "application/wasm") throw Object.assign(new TypeError(`WebAssembly response has unsupported MIME type '${type}'`), { code: "ERR_WEBASSEMBLY_RESPONSE" });
  if (!response.ok) throw Object.assign(new TypeError(`WebAssembly response has status code ${response.status}`), { code: "ERR_WEBASSEMBLY_RESPONSE" });
  return response.arrayBuffer();
};

/** The engine's object, with the functions that settle. */
const extend = (own) => {
  const { Module, Instance } = own;
  const { exports: exportsOf } = Module;
  const isModule = (value) => {
    try {
      apply(exportsOf, Module, [value]);
      return true;
    } catch {
      return false;
    }
  };
  const checkImports = (imports) => {
    if (imports !== undefined && (imports === null || (typeof imports !== "object" && typeof imports !== "function"))) throw invalid("WebAssembly.instantiate(): the imports must be an object");
  };
  const both = async (bytes, imports) => {
    const module = new Module(bytes);
    await undefined; // imports are looked at when the module is there
    return { module, instance: new Instance(module, imports) };
  };
  const functions = {
    async compile(bytes) {
      need(1, arguments.length, "WebAssembly.compile");
      return new Module(bytes);
    },
    async instantiate(source, imports = undefined) {
      need(1, arguments.length, "WebAssembly.instantiate");
      checkImports(imports);
      return isModule(source) ? new Instance(source, imports) : both(source, imports);
    },
    async compileStreaming(source) {
      return new Module(await bytesOfResponse(source, "WebAssembly.compileStreaming"));
    },
    async instantiateStreaming(source, imports = undefined) {
      const bytes = await bytesOfResponse(source, "WebAssembly.instantiateStreaming");
      checkImports(imports);
      return both(bytes, imports);
    },
  };
  for (const [name, value] of Object.entries(functions)) Object.defineProperty(own, name, { value, writable: true, enumerable: true, configurable: true });
  return own;
};

module.exports = { extend };

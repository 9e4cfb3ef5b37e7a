// The engine compiles WebAssembly here and now, and its promises of later are kept by threads that a sandbox has not:
// the promises are made of what works.
const later = (name, run) => ({ value: { async [name](...args) { return run(...args); } }[name], writable: true, enumerable: true, configurable: true });

/** Changes the engine's own object, once. */
module.exports = (engine) => {
  const { Module, Instance } = engine;
  Object.defineProperties(engine, {
    compile: later("compile", (bytes) => new Module(bytes)),
    instantiate: later("instantiate", (source, imports) => {
      if (source instanceof Module) return new Instance(source, imports);
      const module = new Module(source);
      return { module, instance: new Instance(module, imports) };
    }),
  });
};

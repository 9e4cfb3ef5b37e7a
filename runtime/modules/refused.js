// Modules whose work a sandbox can't allow: they can be required, and say why when they are used.
const refusal = (module, name, why) => {
  const error = new Error(`${module}.${name} is not available in a code block: ${why}`);
  error.code = "ERR_FEATURE_UNAVAILABLE_ON_PLATFORM";
  return error;
};

/** Exports with these functions and classes, each of which throws. */
const refuse = (module, why, { functions = [], classes = [], values = {} }) => {
  const exports = { ...values };
  for (const name of functions)
    exports[name] = {
      [name]() {
        throw refusal(module, name, why);
      },
    }[name];
  for (const name of classes)
    exports[name] = {
      [name]: class {
        constructor() {
          throw refusal(module, name, why);
        }
      },
    }[name];
  return exports;
};

module.exports = { refuse, refusal };

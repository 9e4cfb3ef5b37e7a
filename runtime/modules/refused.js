// Modules whose work a sandbox can't allow: they can be required, and say why when they are used.
const refusal = (module, name, why) => {
  const error = new Error(`${module}.${name} is not available in a code block: ${why}`);
  error.code = "ERR_FEATURE_UNAVAILABLE_ON_PLATFORM";
  return error;
};

/** Carries the reason; docs/runtime-api.md is made of it. */
const mark = Symbol.for("tenon.refused");
const marked = (value, why) => Object.defineProperty(value, mark, { value: why });

/** Exports with these functions and classes, each of which throws. */
const refuse = (module, why, { functions = [], classes = [], values = {} }) => {
  const exports = { ...values };
  for (const name of functions)
    exports[name] = marked({
      [name]() {
        throw refusal(module, name, why);
      },
    }[name], why);
  for (const name of classes)
    exports[name] = marked({
      [name]: class {
        constructor() {
          throw refusal(module, name, why);
        }
      },
    }[name], why);
  return exports;
};

module.exports = { refuse, refusal };

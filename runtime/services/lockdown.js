// The last service: freezes the system realm's own objects, so that one which reaches user code (through a custom
// inspect function, a getter) can't be used to bend a later execution.
const seen = new Set();

const freeze = (value) => {
  if ((typeof value !== "object" && typeof value !== "function") || value === null || seen.has(value)) return;
  seen.add(value);
  for (const key of Reflect.ownKeys(value)) {
    const { value: inner, get, set } = Object.getOwnPropertyDescriptor(value, key);
    freeze(inner);
    freeze(get);
    freeze(set);
  }
  freeze(Reflect.getPrototypeOf(value));
  if (value !== globalThis) Object.freeze(value);
};

module.exports = () => freeze(globalThis);

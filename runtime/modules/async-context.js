// The context of AsyncLocalStorage, for modules whose callbacks the network runs: kept where a program has asked for
// contexts (async_hooks has been loaded), and nothing otherwise.
const plain = (callback, ...args) => callback(...args);
let take = () => plain;

module.exports = {
  /** What runs a callback in the context of now. */
  snapshot: () => take(),
  /** async_hooks says how. */
  provide(how) {
    take = how;
  },
};

// An error in the callback is nobody's: it fails the execution, unless the code listens for such errors.
const resolved = Promise.resolve();
const { then } = Promise.prototype;
const apply = Reflect.apply;

const queueMicrotask = (callback) => {
  if (typeof callback !== "function") throw require("node-errors").argumentType("callback", "of type function", callback);
  apply(then, resolved, [
    () => {
      try {
        callback();
      } catch (error) {
        native.throwUncaught(error);
      }
    },
  ]);
};

module.exports = { queueMicrotask };

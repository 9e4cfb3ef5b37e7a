// An error in the callback is an unhandled rejection, which fails the execution: what Node does too.
const resolved = Promise.resolve();
const { then } = Promise.prototype;
const apply = Reflect.apply;

const queueMicrotask = (callback) => {
  if (typeof callback !== "function") {
    const error = new TypeError('The "callback" argument must be of type function.');
    error.code = "ERR_INVALID_ARG_TYPE";
    throw error;
  }
  apply(then, resolved, [() => void callback()]);
};

module.exports = { queueMicrotask };

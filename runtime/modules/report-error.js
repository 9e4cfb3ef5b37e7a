// An error that nobody catches, said on purpose: the execution fails as it does with any other.
const reportError = (error) => {
  require("timers").setImmediate(() => {
    throw error;
  });
};
module.exports = { reportError };

// Long deprecated; the least that old libraries look at.
const EventEmitter = require("events");
class Domain extends EventEmitter {
  members = [];
  enter() {}
  exit() {}
  add() {}
  remove() {}
  run(callback, ...args) {
    try {
      return callback(...args);
    } catch (error) {
      if (!this.emit("error", error)) throw error;
      return undefined;
    }
  }
  bind(callback) {
    return (...args) => this.run(() => callback(...args));
  }
  intercept(callback) {
    return (error, ...args) => (error ? this.emit("error", error) : this.run(() => callback(...args)));
  }
}
const create = () => new Domain();
module.exports = { Domain, create, createDomain: create, active: null };

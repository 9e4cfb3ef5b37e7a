const { Interface: Base } = require("readline");
class Interface extends Base {
  question(text, options) {
    return new Promise((resolve, reject) => {
      options?.signal?.addEventListener("abort", () => reject(options.signal.reason), { once: true });
      super.question(text, resolve);
    });
  }
}
class Readline {
  clearLine() {
    return this;
  }
  clearScreenDown() {
    return this;
  }
  cursorTo() {
    return this;
  }
  moveCursor() {
    return this;
  }
  rollback() {
    return this;
  }
  async commit() {}
}
module.exports = { Interface, Readline, createInterface: (...args) => new Interface(...args) };

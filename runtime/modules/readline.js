// Lines of a stream. There is no terminal: what would move a cursor does nothing.
const EventEmitter = require("events");
const { StringDecoder } = require("string_decoder");

class Interface extends EventEmitter {
  #decoder = new StringDecoder("utf8");
  #text = "";
  #questions = [];
  #isPaused = false;
  closed = false;
  line = "";
  cursor = 0;
  terminal = false;
  constructor(input, output) {
    super();
    const options = input !== null && typeof input === "object" && typeof input.on !== "function" ? input : { input, output };
    this.input = options.input;
    this.output = options.output;
    this.#prompt = options.prompt ?? "> ";
    this.crlfDelay = options.crlfDelay ?? 100;
    this.input?.on?.("data", this.#take);
    this.input?.on?.("end", this.#end);
    this.input?.on?.("error", (error) => this.emit("error", error));
    options.signal?.addEventListener("abort", () => this.close(), { once: true });
    this.input?.resume?.();
  }
  #prompt;
  #take = (chunk) => {
    this.#text += typeof chunk === "string" ? chunk : this.#decoder.write(chunk);
    const lines = this.#text.split(/\r\n|\n|\r(?!$)/);
    this.#text = lines.pop();
    for (const line of lines) this.#give(line);
  };
  #end = () => {
    this.#text += this.#decoder.end();
    if (this.#text.endsWith("\r")) this.#text = this.#text.slice(0, -1);
    if (this.#text !== "") this.#give(this.#text);
    this.#text = "";
    this.close();
  };
  #give(line) {
    const question = this.#questions.shift();
    if (question !== undefined) question(line);
    else this.emit("line", line);
  }
  setPrompt(text) {
    this.#prompt = text;
  }
  getPrompt() {
    return this.#prompt;
  }
  prompt() {
    this.output?.write?.(this.#prompt);
  }
  question(text, options, callback) {
    this.output?.write?.(text);
    this.#questions.push(typeof options === "function" ? options : callback);
  }
  write(text) {
    if (text !== undefined && text !== null) this.#take(`${text}`);
  }
  pause() {
    if (!this.#isPaused) {
      this.#isPaused = true;
      this.input?.pause?.();
      this.emit("pause");
    }
    return this;
  }
  resume() {
    if (this.#isPaused) {
      this.#isPaused = false;
      this.input?.resume?.();
      this.emit("resume");
    }
    return this;
  }
  close() {
    if (this.closed) return;
    this.closed = true;
    this.input?.off?.("data", this.#take);
    this.input?.off?.("end", this.#end);
    this.input?.pause?.();
    this.emit("close");
  }
  getCursorPos() {
    return { rows: 0, cols: 0 };
  }
  [Symbol.asyncIterator]() {
    return require("events").on(this, "line", { close: ["close"] , map: ([line]) => line });
  }
  [Symbol.dispose ?? Symbol.for("Symbol.dispose")]() {
    this.close();
  }
}

const nothing = (stream, ...rest) => {
  rest.findLast((one) => typeof one === "function")?.();
  return true;
};

module.exports = {
  Interface,
  createInterface: (...args) => new Interface(...args),
  clearLine: nothing,
  clearScreenDown: nothing,
  cursorTo: nothing,
  moveCursor: nothing,
  emitKeypressEvents() {},
  get promises() {
    return require("readline/promises");
  },
};

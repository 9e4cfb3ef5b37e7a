// What libraries look at, and nothing of the machine.
const EventEmitter = require("events");
const { timeouts, immediates } = require("timers-active");
const { argumentType, checkFunction, checkString, nodeError } = require("node-errors");
const { performance } = require("performance");

const process = Object.create(Object.create(EventEmitter.prototype, {
  constructor: { value: function process() {}, writable: true, configurable: true },
}));
EventEmitter.call(process);

const hrtime = (before) => {
  const ns = BigInt(Math.round(native.monotonicMs() * 1e6));
  if (before === undefined) return [Number(ns / 1_000_000_000n), Number(ns % 1_000_000_000n)];
  if (!Array.isArray(before)) throw argumentType("time", "an instance of Array", before);
  if (before.length !== 2) throw require("node-errors").outOfRange("time", "2", before.length);
  const spent = ns - BigInt(before[0]) * 1_000_000_000n - BigInt(before[1]);
  return [Number(spent / 1_000_000_000n), Number(spent % 1_000_000_000n)];
};
hrtime.bigint = () => BigInt(Math.round(native.monotonicMs() * 1e6));

// Ticks: what runs when the code of this turn has returned, before the promises' reactions.
const ticks = [];
native.setTickFunction(() => {
  for (let tick; (tick = ticks.shift()) !== undefined; )
    try {
      const { callback, args } = tick;
      callback(...args);
    } catch (error) {
      native.throwUncaught(error);
    }
});

// Errors that nobody caught: true where the code listens for them, which is a `catch` of its own.
let capture = null;
const hearUncaught = (error, origin) => {
  process.emit("uncaughtExceptionMonitor", error, origin);
  if (capture !== null) {
    capture(error);
    return true;
  }
  return process.emit("uncaughtException", error, origin);
};
const rejected = (reason) => {
  if (reason instanceof Error) return reason;
  let shown;
  try {
    shown = native.inspect(reason, {});
  } catch {
    shown = typeof reason;
  }
  return nodeError(
    Error,
    "ERR_UNHANDLED_REJECTION",
    `This error originated either by throwing inside of an async function without a catch block, or by rejecting a promise which was not handled with .catch(). The promise rejected with the reason "${shown}".`,
  );
};
native.setUncaughtFunction((error, promise) => {
  if (promise === undefined) return hearUncaught(error, "uncaughtException");
  if (process.listenerCount("unhandledRejection") > 0) return process.emit("unhandledRejection", error, promise);
  return (process.listenerCount("uncaughtException") > 0 || capture !== null) && hearUncaught(rejected(error), "unhandledRejection");
});

const emitWarning = (warning, type, code, constructor) => {
  let detail;
  if (typeof type === "object" && type !== null && !Array.isArray(type)) {
    ({ detail, ctor: constructor, code } = type);
    if (typeof detail !== "string") detail = undefined;
    type = type.type ?? "Warning";
  } else if (typeof type === "function") {
    constructor = type;
    code = "";
    type = "Warning";
  }
  if (type !== undefined) checkString("type", type);
  if (typeof code === "function") {
    constructor = code;
    code = undefined;
  } else if (code !== undefined) checkString("code", code);
  if (typeof warning === "string") {
    const error = new Error(warning);
    error.name = String(type || "Warning");
    if (code !== undefined && code !== "") error.code = code;
    if (detail !== undefined) error.detail = detail;
    warning = error;
  } else if (!(warning instanceof Error)) throw argumentType("warning", "of type string or an instance of Error", warning);
  if (warning.name === "DeprecationWarning") {
    if (process.noDeprecation) return;
    if (process.throwDeprecation) {
      process.nextTick(() => {
        throw warning;
      });
      return;
    }
  }
  process.nextTick(() => {
    if (process.env.NODE_NO_WARNINGS !== "1" && process.listenerCount("warning") === 0) native.log(3, `${warning.code ? `[${warning.code}] ` : ""}${warning}${warning.detail ? `\n${warning.detail}` : ""}`);
    process.emit("warning", warning);
  });
};

const refuse = (what, why) => () => {
  const error = new Error(`${what} is not available in a code block: ${why}`);
  error.code = "ERR_FEATURE_UNAVAILABLE_ON_PLATFORM";
  throw error;
};

const exit = (code) => {
  const error = new Error(
    `process.exit(${code ?? ""}) was called: a code block ends by returning; throw an error to fail the execution`,
  );
  error.code = "ERR_PROCESS_EXIT";
  throw error;
};

Object.assign(process, {
  title: "tenon",
  version: "v22.0.0",
  versions: { node: "22.0.0", tenon: native.version },
  release: { name: "node" },
  arch: "x64",
  platform: "linux",
  pid: 1,
  ppid: 0,
  execPath: "/tenon",
  execArgv: [],
  argv: ["/tenon", "/code"],
  argv0: "tenon",
  env: {},
  exitCode: undefined,
  features: {},
  config: { variables: {} },
  nextTick(callback, ...args) {
    checkFunction("callback", callback);
    ticks.push({ callback, args });
    native.requestTick();
  },
  cwd: () => "/",
  chdir: refuse("process.chdir", "it has no file system"),
  umask: () => 0o22,
  uptime: () => performance.now() / 1000,
  hrtime,
  memoryUsage: Object.assign(() => ({ rss: 0, heapTotal: 0, heapUsed: 0, external: 0, arrayBuffers: 0 }), { rss: () => 0 }),
  cpuUsage: () => ({ user: 0, system: 0 }),
  emitWarning,
  getActiveResourcesInfo: () => [...[...timeouts.values()].filter((timer) => timer.hasRef?.() ?? true).map(() => "Timeout"), ...[...immediates].filter((one) => one.hasRef()).map(() => "Immediate")],
  setUncaughtExceptionCaptureCallback(callback) {
    if (callback !== null) {
      if (typeof callback !== "function") throw argumentType("fn", "of type function or null", callback);
      if (capture !== null) throw nodeError(Error, "ERR_UNCAUGHT_EXCEPTION_CAPTURE_ALREADY_SET", "`process.setupUncaughtExceptionCapture()` was called while a capture callback was already active");
    }
    capture = callback;
  },
  hasUncaughtExceptionCaptureCallback: () => capture !== null,
  exit,
  abort: exit,
  reallyExit: exit,
  kill: refuse("process.kill", "it sees no other process"),
  binding: refuse("process.binding", "it is Node's own"),
  getuid: () => 65534,
  getgid: () => 65534,
  geteuid: () => 65534,
  getegid: () => 65534,
  stdout: { isTTY: false, columns: 80, write: (text) => (native.log(2, `${text}`.replace(/\n$/, "")), true) },
  stderr: { isTTY: false, columns: 80, write: (text) => (native.log(4, `${text}`.replace(/\n$/, "")), true) },
  stdin: { isTTY: false },
});

/* What libraries take for the sign that they are in Node. */
Object.defineProperty(process, Symbol.toStringTag, { value: "process", configurable: true });

module.exports = process;
module.exports.process = process;
Object.defineProperty(process, "process", { enumerable: false });

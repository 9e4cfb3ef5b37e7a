// What libraries look at, and nothing of the machine.
const EventEmitter = require("events");
const { queueMicrotask } = require("microtask");
const { performance } = require("performance");

const process = Object.create(Object.create(EventEmitter.prototype, {
  constructor: { value: function process() {}, writable: true, configurable: true },
}));
EventEmitter.call(process);

const hrtime = (before) => {
  const ns = BigInt(Math.round(native.monotonicMs() * 1e6)) - (before === undefined ? 0n : BigInt(before[0]) * 1_000_000_000n + BigInt(before[1]));
  return [Number(ns / 1_000_000_000n), Number(ns % 1_000_000_000n)];
};
hrtime.bigint = () => BigInt(Math.round(native.monotonicMs() * 1e6));

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
    queueMicrotask(() => callback(...args));
  },
  cwd: () => "/",
  chdir: refuse("process.chdir", "it has no file system"),
  umask: () => 0o22,
  uptime: () => performance.now() / 1000,
  hrtime,
  memoryUsage: Object.assign(() => ({ rss: 0, heapTotal: 0, heapUsed: 0, external: 0, arrayBuffers: 0 }), { rss: () => 0 }),
  cpuUsage: () => ({ user: 0, system: 0 }),
  emitWarning(warning) {
    require("console").console.warn(typeof warning === "string" ? `Warning: ${warning}` : warning);
  },
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

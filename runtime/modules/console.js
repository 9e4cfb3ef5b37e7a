// console.*: log lines of the execution; a Console of one's own writes to streams.

/** A console whose lines go to put(level, indent, ...values). Levels as in worker/protocol.h. */
const makeConsole = (put) => {
  const counts = new Map();
  const times = new Map();
  let indent = "";

  const at = (level) => (...args) => put(level, indent, ...args);
  const log = at(2);
  const warn = at(3);
  const spent = (label) => `${label}: ${(native.monotonicMs() - times.get(label)).toFixed(3)}ms`;
  const cell = (value) => native.inspect(value, { depth: 1, breakLength: Infinity });

  /* A label that is given is a text, whatever its own conversion does. */
  const labelled = (run) => (label = "default", ...args) => run(`${label}`, ...args);

  const table = (data = undefined, columns = undefined) => {
    if (typeof data !== "object" || data === null) return log(data);
    const rows = data instanceof Map ? [...data] : Object.entries(data);
    const names = [];
    let hasValues = false;
    for (const [, row] of rows)
      if (typeof row === "object" && row !== null) {
        for (const name of columns ?? Object.keys(row)) if (!names.includes(name)) names.push(name);
      } else hasValues = true;
    const head = ["(index)", ...names, ...(hasValues ? ["Values"] : [])];
    const body = rows.map(([key, row]) => {
      const isObject = typeof row === "object" && row !== null;
      return [
        `${key}`,
        ...names.map((name) => (isObject && name in row ? cell(row[name]) : "")),
        ...(hasValues ? [isObject ? "" : cell(row)] : []),
      ];
    });
    const widths = head.map((_, i) => Math.max(...[head, ...body].map((line) => line[i].length)) + 2);
    const rule = (left, middle, right) => left + widths.map((n) => "─".repeat(n)).join(middle) + right;
    const line = (cells) => `│${cells.map((text, i) => ` ${text}`.padEnd(widths[i])).join("│")}│`;
    return log([rule("┌", "┬", "┐"), line(head), rule("├", "┼", "┤"), ...body.map(line), rule("└", "┴", "┘")].join("\n"));
  };

  const console = {
    log,
    info: at(2),
    debug: at(1),
    warn,
    error: at(4),
    trace: (...args) => at(0)(...args, `\n${new Error().stack}`),
    dir: (value = undefined, options = undefined) => log(native.inspect(value, { customInspect: false, ...options })),
    dirxml: at(2),
    table,
    assert(condition = false, ...args) {
      if (condition) return;
      if (typeof args[0] === "string") warn(`Assertion failed: ${args[0]}`, ...args.slice(1));
      else warn("Assertion failed", ...args);
    },
    count: labelled((label) => {
      counts.set(label, (counts.get(label) ?? 0) + 1);
      log(`${label}: ${counts.get(label)}`);
    }),
    countReset: labelled((label) => void counts.delete(label)),
    group(...args) {
      if (args.length > 0) log(...args);
      indent += "  ";
    },
    groupCollapsed: (...args) => console.group(...args),
    groupEnd() {
      indent = indent.slice(2);
    },
    time: labelled((label) => void times.set(label, native.monotonicMs())),
    timeLog: labelled((label, ...args) => (times.has(label) ? log(spent(label), ...args) : warn(`No such label '${label}' for console.timeLog()`))),
    timeEnd: labelled((label) => {
      if (!times.has(label)) return warn(`No such label '${label}' for console.timeEnd()`);
      log(spent(label));
      times.delete(label);
    }),
    clear() {},
    timeStamp() {},
    profile() {},
    profileEnd() {},
  };
  for (const [name, value] of Object.entries(console)) Object.defineProperty(value, "name", { value: name, configurable: true });
  return console;
};

/** As Node's: to a pair of streams, or to those of {stdout, stderr, inspectOptions}. */
class Console {
  constructor(stdout, stderr) {
    const isStream = (value) => typeof value?.write === "function";
    const options = isStream(stdout) ? { stdout, stderr } : { ...stdout };
    if (!isStream(options.stdout)) throw Object.assign(new TypeError("Console expects a writable stream instance for stdout"), { code: "ERR_CONSOLE_WRITABLE_STREAM" });
    const { formatWithOptions } = require("util");
    const put = (level, indent, ...values) => {
      const stream = level >= 3 || level === 0 ? (options.stderr ?? options.stdout) : options.stdout;
      const text = formatWithOptions(options.inspectOptions ?? {}, ...values);
      stream.write(`${indent}${text.replaceAll("\n", `\n${indent}`)}\n`);
    };
    return Object.setPrototypeOf(makeConsole(put), new.target.prototype);
  }
}

/* Web IDL, "namespaces": an object with a prototype of its own, which is empty. */
const console = Object.setPrototypeOf(makeConsole(native.consoleLog), {});
Object.defineProperty(console, Symbol.toStringTag, { value: "console", configurable: true });
module.exports = console;
Object.defineProperty(console, "console", { value: console });
console.Console = Console;

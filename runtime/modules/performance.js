// The Performance Timeline, User Timing and High Resolution Time standards.
const { asInterface, need, invalid, toDictionary, sequenceOf } = require("idl");
const { EventTarget } = require("event-target");

const start = native.monotonicMs();
const timeOrigin = native.wallMs();
const key = Symbol("entry");
let entries = []; // by time
const observers = new Set();
const supportedEntryTypes = Object.freeze(["mark", "measure"]);

const illegal = () => invalid("Illegal constructor", "ERR_ILLEGAL_CONSTRUCTOR");
const domError = (message, name) => {
  const { DOMException } = require("dom-exception");
  return new DOMException(message, name);
};
const byTime = (a, b) => a.startTime - b.startTime;

class PerformanceEntry {
  #values;
  constructor(given = undefined, values = undefined) {
    if (given !== key) throw illegal();
    this.#values = values;
  }
  get name() {
    return this.#values.name;
  }
  get entryType() {
    return this.#values.entryType;
  }
  get startTime() {
    return this.#values.startTime;
  }
  get duration() {
    return this.#values.duration;
  }
  toJSON() {
    const { name, entryType, startTime, duration } = this.#values;
    return { name, entryType, startTime, duration };
  }
}

/** Marks and measures have what their maker said of them. */
const cloneDetail = (detail) => (detail === undefined || detail === null ? null : require("structured-clone").structuredClone(detail));

/* Node's clock begins at zero with the realm. */
const nodeInstants = { nodeStart: 0, v8Start: 0, environment: 0, loopStart: -1, loopExit: -1, bootstrapComplete: 0 };

class PerformanceMark extends PerformanceEntry {
  #detail;
  constructor(name, options = undefined) {
    need(1, arguments.length, "PerformanceMark");
    const text = `${name}`;
    if (Object.hasOwn(nodeInstants, text)) throw invalid(`The argument 'name' is invalid. Received '${text}'`, "ERR_INVALID_ARG_VALUE");
    const { startTime, detail } = toDictionary(options, "PerformanceMark");
    const at = startTime === undefined ? performance.now() : Number(startTime);
    if (!Number.isFinite(at)) throw invalid("Failed to construct 'PerformanceMark': the start time is not a finite number");
    if (at < 0) throw invalid("Failed to construct 'PerformanceMark': a mark can't have a negative start time", "ERR_PERFORMANCE_INVALID_TIMESTAMP");
    super(key, { name: text, entryType: "mark", startTime: at, duration: 0 });
    this.#detail = cloneDetail(detail);
  }
  get detail() {
    return this.#detail;
  }
  toJSON() {
    return { ...super.toJSON(), detail: this.#detail };
  }
}
class PerformanceMeasure extends PerformanceEntry {
  #detail;
  constructor(given = undefined, values = undefined, detail = undefined) {
    super(given, values);
    this.#detail = detail;
  }
  get detail() {
    return this.#detail;
  }
  toJSON() {
    return { ...super.toJSON(), detail: this.#detail };
  }
}
class PerformanceResourceTiming extends PerformanceEntry {}

const add = (entry) => {
  const at = entries.findLastIndex((other) => other.startTime <= entry.startTime);
  entries.splice(at + 1, 0, entry);
  for (const observer of observers) notify(observer, entry);
  return entry;
};

const timeOf = (mark) => {
  if (typeof mark === "number") {
    if (mark < 0) throw invalid("A measure can't have a negative time", "ERR_PERFORMANCE_INVALID_TIMESTAMP");
    return mark;
  }
  const name = `${mark}`;
  const found = entries.findLast((entry) => entry.entryType === "mark" && entry.name === name);
  if (found !== undefined) return found.startTime;
  if (Object.hasOwn(nodeInstants, name)) return nodeInstants[name];
  throw domError(`The "${name}" performance mark has not been set`, "SyntaxError");
};

/** [from, to] of a measure: "measure() method", steps 3 and 4. */
const spanOf = (from, to) => {
  const options = typeof from === "object" && from !== null ? from : undefined;
  const { start: begin, end, duration } = options ?? { start: from ?? undefined, end: undefined };
  if (options !== undefined && (begin !== undefined || end !== undefined || duration !== undefined || options.detail !== undefined)) {
    if (to !== undefined) throw invalid("performance.measure: an end mark can't be given beside options");
    if (begin === undefined && end === undefined) throw invalid("performance.measure: the options need a start or an end");
    if (begin !== undefined && end !== undefined && duration !== undefined) throw invalid("performance.measure: the options can't have start, end and duration");
  }
  const last = to !== undefined ? timeOf(to) : end !== undefined ? timeOf(end) : begin !== undefined && duration !== undefined ? timeOf(begin) + timeOf(Number(duration)) : performance.now();
  const first = begin !== undefined ? timeOf(begin) : end !== undefined && duration !== undefined ? timeOf(end) - timeOf(Number(duration)) : 0;
  return [first, last];
};

const matching = (list, name, type) => list.filter((entry) => entry.name === name && (type === undefined || entry.entryType === type));

class PerformanceObserverEntryList {
  #list;
  constructor(given = undefined, list = undefined) {
    if (given !== key) throw illegal();
    this.#list = list.sort(byTime);
  }
  getEntries() {
    return [...this.#list];
  }
  getEntriesByName(name, type = undefined) {
    void this.#list;
    need(1, arguments.length, "getEntriesByName");
    return matching(this.#list, `${name}`, type === undefined ? undefined : `${type}`);
  }
  getEntriesByType(type) {
    void this.#list;
    need(1, arguments.length, "getEntriesByType");
    const wanted = `${type}`;
    return this.#list.filter((entry) => entry.entryType === wanted);
  }
}

let notify;

class PerformanceObserver {
  #callback;
  #types = new Set();
  #mode; // "several" by entryTypes, "single" by type
  #buffer = [];
  #isDue = false;

  static {
    notify = (observer, entry) => observer.#take(entry);
  }
  static get supportedEntryTypes() {
    return supportedEntryTypes;
  }
  constructor(callback) {
    if (typeof callback !== "function") throw require("node-errors").argumentType("callback", "of type function", callback);
    this.#callback = callback;
  }
  observe(options = undefined) {
    void this.#mode;
    const { entryTypes, type, buffered } = toDictionary(options, "observe");
    if (entryTypes === undefined && type === undefined) throw invalid('The "options.entryTypes" or "options.type" argument must be specified', "ERR_MISSING_ARGS");
    if (entryTypes !== undefined && type !== undefined) throw invalid("The property 'options.entryTypes' can not set with options.type together", "ERR_INVALID_ARG_VALUE");
    const mode = entryTypes === undefined ? "single" : "several";
    if (this.#mode !== undefined && this.#mode !== mode) throw domError("PerformanceObserver can not change the way it observes", "InvalidModificationError");
    const types = mode === "single" ? [`${type}`] : sequenceOf(entryTypes, "options.entryTypes", String);
    const known = types.filter((one) => supportedEntryTypes.includes(one));
    this.#mode = mode;
    if (known.length === 0) return;
    if (mode === "several") this.#types.clear();
    for (const one of known) this.#types.add(one);
    observers.add(this);
    if (mode === "single" && buffered) for (const entry of entries) if (entry.entryType === known[0]) this.#take(entry);
  }
  disconnect() {
    this.#buffer = [];
    this.#types.clear();
    this.#mode = undefined;
    observers.delete(this);
  }
  takeRecords() {
    const taken = this.#buffer;
    this.#buffer = [];
    return taken;
  }
  #take(entry) {
    if (!this.#types.has(entry.entryType)) return;
    this.#buffer.push(entry);
    if (this.#isDue) return;
    this.#isDue = true;
    require("timers").setImmediate(() => {
      this.#isDue = false;
      if (this.#buffer.length > 0) Reflect.apply(this.#callback, this, [new PerformanceObserverEntryList(key, this.takeRecords()), this, {}]);
    });
  }
}

class Performance extends EventTarget {
  #isPerformance = true;
  constructor(given = undefined) {
    if (given !== key) throw illegal();
    super();
  }
  get timeOrigin() {
    return this.#isPerformance && timeOrigin;
  }
  now() {
    return this.#isPerformance && native.monotonicMs() - start;
  }
  mark(name, options = undefined) {
    void this.#isPerformance;
    need(1, arguments.length, "mark");
    return add(new PerformanceMark(name, options));
  }
  measure(name, from = undefined, to = undefined) {
    void this.#isPerformance;
    need(1, arguments.length, "measure");
    const text = `${name}`;
    const [first, last] = spanOf(from, to);
    const detail = cloneDetail(typeof from === "object" && from !== null ? from.detail : undefined);
    return add(new PerformanceMeasure(key, { name: text, entryType: "measure", startTime: first, duration: last - first }, detail));
  }
  getEntries() {
    void this.#isPerformance;
    return [...entries];
  }
  getEntriesByName(name, type = undefined) {
    void this.#isPerformance;
    need(1, arguments.length, "getEntriesByName");
    return matching(entries, `${name}`, type === undefined ? undefined : `${type}`);
  }
  getEntriesByType(type) {
    void this.#isPerformance;
    need(1, arguments.length, "getEntriesByType");
    const wanted = `${type}`;
    return entries.filter((entry) => entry.entryType === wanted);
  }
  #clear(type, name) {
    const text = name === undefined ? undefined : `${name}`;
    entries = entries.filter((entry) => entry.entryType !== type || (text !== undefined && entry.name !== text));
  }
  clearMarks(name = undefined) {
    this.#clear("mark", name);
  }
  clearMeasures(name = undefined) {
    this.#clear("measure", name);
  }
  clearResourceTimings() {}
  setResourceTimingBufferSize() {}
  markResourceTiming() {}
  eventLoopUtilization() {
    return { idle: 0, active: 0, utilization: 0 };
  }
  timerify(callback) {
    return callback;
  }
  toJSON() {
    void this.#isPerformance;
    return { timeOrigin, nodeTiming: {}, eventLoopUtilization: this.eventLoopUtilization() };
  }
}
const shown = ["name", "entryType", "startTime", "duration"];
asInterface(PerformanceEntry, shown);
asInterface(PerformanceMark, [...shown, "detail"]);
asInterface(PerformanceMeasure, [...shown, "detail"]);
asInterface(PerformanceResourceTiming, shown);
asInterface(PerformanceObserver);
asInterface(PerformanceObserverEntryList);
asInterface(Performance);
const performance = new Performance(key);

module.exports = { performance, Performance, PerformanceEntry, PerformanceMark, PerformanceMeasure, PerformanceObserver, PerformanceObserverEntryList, PerformanceResourceTiming };

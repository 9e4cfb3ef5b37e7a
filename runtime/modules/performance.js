// The User Timing and High Resolution Time standards.
const { asInterface, need, toDictionary } = require("idl");
const { EventTarget } = require("event-target");

const start = native.monotonicMs();
const timeOrigin = native.wallMs();
const key = Symbol("entry");
let entries = [];
const observers = new Set();

class PerformanceEntry {
  #values;
  constructor(given, values) {
    if (given !== key) throw new TypeError("Illegal constructor");
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
  get detail() {
    return this.#values.detail;
  }
  toJSON() {
    const { name, entryType, startTime, duration, detail } = this;
    return { name, entryType, startTime, duration, detail };
  }
}

const cloneDetail = (detail) => (detail === undefined || detail === null ? null : require("structured-clone").structuredClone(detail));

class PerformanceMark extends PerformanceEntry {
  constructor(name, options) {
    need(1, arguments.length, "PerformanceMark");
    const { startTime = performance.now(), detail } = toDictionary(options, "PerformanceMark");
    if (startTime < 0) throw new TypeError("Failed to construct 'PerformanceMark': a mark can't have a negative start time");
    super(key, { name: `${name}`, entryType: "mark", startTime: Number(startTime), duration: 0, detail: cloneDetail(detail) });
  }
}
class PerformanceMeasure extends PerformanceEntry {}
class PerformanceResourceTiming extends PerformanceEntry {}

const add = (entry) => {
  entries.push(entry);
  entries.sort((a, b) => a.startTime - b.startTime);
  for (const observer of observers) observer[key](entry);
  return entry;
};

const timeOf = (mark) => {
  if (typeof mark === "number") return mark;
  const found = entries.findLast(({ name, entryType }) => entryType === "mark" && name === `${mark}`);
  if (found !== undefined) return found.startTime;
  const { DOMException } = require("dom-exception");
  throw new DOMException(`The "${mark}" performance mark has not been set`, "SyntaxError");
};

class EntryList {
  #list;
  constructor(list) {
    this.#list = list;
  }
  getEntries() {
    return [...this.#list];
  }
  getEntriesByName(name, type) {
    return this.#list.filter((entry) => entry.name === name && (type === undefined || entry.entryType === type));
  }
  getEntriesByType(type) {
    return this.#list.filter((entry) => entry.entryType === type);
  }
}

class PerformanceObserver {
  #callback;
  #types = new Set();
  #buffer = [];
  #isDue = false;
  static get supportedEntryTypes() {
    return ["mark", "measure"];
  }
  constructor(callback) {
    if (typeof callback !== "function") throw require("node-errors").argumentType("callback", "of type function", callback);
    this.#callback = callback;
  }
  observe(options = {}) {
    const types = options.entryTypes ?? [options.type];
    for (const type of types) this.#types.add(type);
    observers.add(this);
    if (options.buffered) for (const entry of entries) this[key](entry);
  }
  disconnect() {
    observers.delete(this);
    this.#types.clear();
    this.#buffer = [];
  }
  takeRecords() {
    const taken = this.#buffer;
    this.#buffer = [];
    return taken;
  }
  [key](entry) {
    if (!this.#types.has(entry.entryType)) return;
    this.#buffer.push(entry);
    if (this.#isDue) return;
    this.#isDue = true;
    require("timers").setImmediate(() => {
      this.#isDue = false;
      if (this.#buffer.length > 0) this.#callback(new EntryList(this.takeRecords()), this);
    });
  }
}

class Performance extends EventTarget {
  constructor(given) {
    if (given !== key) throw new TypeError("Illegal constructor");
    super();
  }
  get timeOrigin() {
    return timeOrigin;
  }
  now() {
    return native.monotonicMs() - start;
  }
  mark(name, options) {
    need(1, arguments.length, "mark");
    return add(new PerformanceMark(name, options));
  }
  measure(name, from, to) {
    need(1, arguments.length, "measure");
    const options = typeof from === "object" && from !== null ? from : { start: from, end: to };
    const { detail, duration } = options;
    const end = options.end !== undefined ? timeOf(options.end) : options.start !== undefined && duration !== undefined ? timeOf(options.start) + duration : performance.now();
    const begin = options.start !== undefined ? timeOf(options.start) : duration !== undefined ? end - duration : 0;
    return add(new PerformanceMeasure(key, { name: `${name}`, entryType: "measure", startTime: begin, duration: end - begin, detail: cloneDetail(detail) }));
  }
  getEntries() {
    return [...entries];
  }
  getEntriesByName(name, type) {
    return entries.filter((entry) => entry.name === `${name}` && (type === undefined || entry.entryType === type));
  }
  getEntriesByType(type) {
    return entries.filter((entry) => entry.entryType === type);
  }
  clearMarks(name) {
    entries = entries.filter((entry) => entry.entryType !== "mark" || (name !== undefined && entry.name !== `${name}`));
  }
  clearMeasures(name) {
    entries = entries.filter((entry) => entry.entryType !== "measure" || (name !== undefined && entry.name !== `${name}`));
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
    return { timeOrigin, nodeTiming: {}, eventLoopUtilization: this.eventLoopUtilization() };
  }
}
for (const type of [PerformanceEntry, PerformanceMark, PerformanceMeasure, PerformanceResourceTiming, PerformanceObserver]) asInterface(type, type === PerformanceObserver ? [] : ["name", "entryType", "startTime", "duration", "detail"]);
asInterface(Performance);
const performance = new Performance(key);

module.exports = { performance, Performance, PerformanceEntry, PerformanceMark, PerformanceMeasure, PerformanceObserver, PerformanceObserverEntryList: EntryList, PerformanceResourceTiming };

const exports_ = require("performance");
class Histogram {
  #values = [];
  record(value) {
    this.#values.push(Number(value));
  }
  recordDelta() {}
  get count() {
    return this.#values.length;
  }
  get min() {
    return this.#values.length === 0 ? 2 ** 63 : Math.min(...this.#values);
  }
  get max() {
    return this.#values.length === 0 ? 0 : Math.max(...this.#values);
  }
  get mean() {
    return this.#values.reduce((sum, value) => sum + value, 0) / this.#values.length;
  }
  get stddev() {
    const { mean } = this;
    return Math.sqrt(this.#values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / this.#values.length);
  }
  get exceeds() {
    return 0;
  }
  get percentiles() {
    return new Map([50, 75, 90, 99, 100].map((p) => [p, this.percentile(p)]));
  }
  percentile(p) {
    const sorted = this.#values.toSorted((a, b) => a - b);
    return sorted[Math.max(0, Math.ceil((p / 100) * sorted.length) - 1)] ?? 0;
  }
  reset() {
    this.#values = [];
  }
  enable() {
    return true;
  }
  disable() {
    return true;
  }
}
module.exports = {
  ...exports_,
  createHistogram: () => new Histogram(),
  monitorEventLoopDelay: () => new Histogram(),
  constants: Object.freeze({ NODE_PERFORMANCE_GC_MAJOR: 4, NODE_PERFORMANCE_GC_MINOR: 1, NODE_PERFORMANCE_GC_INCREMENTAL: 8, NODE_PERFORMANCE_GC_WEAKCB: 16, NODE_PERFORMANCE_GC_FLAGS_NO: 0, NODE_PERFORMANCE_GC_FLAGS_CONSTRUCT_RETAINED: 2, NODE_PERFORMANCE_GC_FLAGS_FORCED: 4, NODE_PERFORMANCE_GC_FLAGS_SYNCHRONOUS_PHANTOM_PROCESSING: 8, NODE_PERFORMANCE_GC_FLAGS_ALL_AVAILABLE_GARBAGE: 16, NODE_PERFORMANCE_GC_FLAGS_ALL_EXTERNAL_MEMORY: 32, NODE_PERFORMANCE_GC_FLAGS_SCHEDULE_IDLE: 64 }),
};

const timeOrigin = native.wallMs() - native.monotonicMs();
const start = native.monotonicMs();
const entries = [];

const add = (entryType, name, startTime, duration, detail) => {
  const entry = { name, entryType, startTime, duration, detail: detail ?? null };
  entries.push(entry);
  return entry;
};
const timeOf = (mark) => entries.findLast(({ name }) => name === mark)?.startTime ?? Number(mark ?? 0);

const performance = {
  timeOrigin: timeOrigin + start,
  now: () => native.monotonicMs() - start,
  mark: (name, { startTime, detail } = {}) => add("mark", `${name}`, startTime ?? performance.now(), 0, detail),
  measure(name, from, to) {
    const begin = timeOf(typeof from === "object" ? from?.start : from);
    const endMark = typeof from === "object" ? from?.end : to;
    const end = endMark === undefined ? performance.now() : timeOf(endMark);
    return add("measure", `${name}`, begin, end - begin);
  },
  getEntries: () => [...entries],
  getEntriesByName: (name) => entries.filter((entry) => entry.name === name),
  getEntriesByType: (type) => entries.filter((entry) => entry.entryType === type),
  clearMarks: (name) => void entries.splice(0, Infinity, ...entries.filter((e) => e.entryType !== "mark" || (name !== undefined && e.name !== name))),
  clearMeasures: (name) => void entries.splice(0, Infinity, ...entries.filter((e) => e.entryType !== "measure" || (name !== undefined && e.name !== name))),
  toJSON: () => ({ timeOrigin: performance.timeOrigin }),
};

module.exports = { performance };

// META: title=Marks, measures and their observers
test(() => {
  performance.mark("late", { startTime: 30, detail: { a: 1 } });
  performance.mark("early", { startTime: 10 });
  const measure = performance.measure("between", { start: "early", end: "late" });
  assert_array_equals([measure.startTime, measure.duration, measure.detail], [10, 20, null]);
  assert_array_equals(performance.getEntries().map(({ name }) => name), ["early", "between", "late"]);
  assert_object_equals(performance.getEntriesByName("late")[0].detail, { a: 1 });
  assert_throws_dom("SyntaxError", () => performance.measure("x", "nowhere"));
  assert_throws_js(TypeError, () => performance.measure("x", { start: 1, end: 2, duration: 1 }));
  assert_throws_js(TypeError, () => performance.measure("x", { start: 1 }, "late"));
  assert_throws_js(TypeError, () => performance.mark("x", { startTime: -1 }));
}, "entries are kept in the order of their time");

promise_test(async (t) => {
  const seen = await new Promise((resolve) => {
    const observer = new PerformanceObserver((list) => resolve(list.getEntries().map(({ name }) => name)));
    t.add_cleanup(() => observer.disconnect());
    observer.observe({ type: "mark", buffered: true });
    performance.mark("now");
  });
  assert_array_equals(seen.sort(), ["early", "late", "now"]);
}, "an observer that asks for the buffer gets what there was");

test(() => {
  const observer = new PerformanceObserver(() => {});
  assert_throws_js(TypeError, () => observer.observe({}));
  assert_throws_js(TypeError, () => observer.observe({ type: "mark", entryTypes: ["mark"] }));
  observer.observe({ type: "mark" });
  assert_throws_dom("InvalidModificationError", () => observer.observe({ entryTypes: ["mark"] }));
  observer.disconnect();
  assert_equals(PerformanceObserver.supportedEntryTypes, PerformanceObserver.supportedEntryTypes);
}, "an observer observes in one way");

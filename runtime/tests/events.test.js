test("listeners run in order, capturing ones first, and once if asked", () => {
  const target = new EventTarget();
  const seen = [];
  target.addEventListener("x", () => seen.push("plain"));
  target.addEventListener("x", () => seen.push("capture"), true);
  target.addEventListener("x", () => seen.push("once"), { once: true });
  target.addEventListener("x", { handleEvent: (event) => seen.push(event.type) });
  target.dispatchEvent(new Event("x"));
  target.dispatchEvent(new Event("x"));
  assert.deepEqual(seen, ["capture", "plain", "once", "x", "capture", "plain", "x"]);
});

test("the same listener is added once and can be removed", () => {
  const target = new EventTarget();
  let n = 0;
  const listen = () => n++;
  target.addEventListener("x", listen);
  target.addEventListener("x", listen);
  target.dispatchEvent(new Event("x"));
  target.removeEventListener("x", listen);
  target.dispatchEvent(new Event("x"));
  assert.equal(n, 1);
  const controller = new AbortController();
  target.addEventListener("x", listen, { signal: controller.signal });
  controller.abort();
  target.dispatchEvent(new Event("x"));
  assert.equal(n, 1);
});

test("an event can be cancelled and stopped", () => {
  const target = new EventTarget();
  const seen = [];
  target.addEventListener("x", (event) => {
    event.preventDefault();
    event.stopImmediatePropagation();
  });
  target.addEventListener("x", () => seen.push("late"));
  assert.equal(target.dispatchEvent(new Event("x", { cancelable: true })), false);
  assert.equal(target.dispatchEvent(new Event("x")), true);
  assert.deepEqual(seen, []);
  const passive = new EventTarget();
  passive.addEventListener("x", (event) => event.preventDefault(), { passive: true });
  assert.equal(passive.dispatchEvent(new Event("x", { cancelable: true })), true);
});

test("an event knows where it is", () => {
  const target = new EventTarget();
  const event = new CustomEvent("x", { detail: { a: 1 } });
  assert.equal(event.target, null);
  target.addEventListener("x", function (given) {
    assert.equal(this, target);
    assert.equal(given.currentTarget, target);
    assert.equal(given.eventPhase, Event.AT_TARGET);
    assert.deepEqual(given.composedPath(), [target]);
    assert.throws(() => target.dispatchEvent(given), { name: "InvalidStateError" });
  });
  target.dispatchEvent(event);
  assert.equal(event.target, target);
  assert.equal(event.currentTarget, null);
  assert.equal(event.isTrusted, false);
  assert.equal(event.detail.a, 1);
  assert.throws(() => target.dispatchEvent({}), TypeError);
  assert.throws(() => new Event(), TypeError);
});

test("a controller aborts its signal once", () => {
  const controller = new AbortController();
  const { signal } = controller;
  const seen = [];
  signal.onabort = (event) => seen.push(event.type);
  signal.addEventListener("abort", (event) => seen.push(event.isTrusted));
  assert.equal(signal.aborted, false);
  signal.throwIfAborted();
  controller.abort("why");
  controller.abort("again");
  assert.equal(signal.aborted, true);
  assert.equal(signal.reason, "why");
  assert.deepEqual(seen, ["abort", true]);
  let thrown;
  try {
    signal.throwIfAborted();
  } catch (error) {
    thrown = error;
  }
  assert.equal(thrown, "why");
});

test("reasons are DOMExceptions by default", async () => {
  const { reason } = AbortSignal.abort();
  assert.equal(reason instanceof DOMException, true);
  assert.equal(reason.name, "AbortError");
  assert.equal(reason.code, 20);
  const signal = AbortSignal.timeout(5);
  await new Promise((done) => {
    signal.addEventListener("abort", done);
    setTimeout(() => {}, 50);
  });
  assert.equal(signal.reason.name, "TimeoutError");
  assert.throws(() => AbortSignal.timeout(-1), RangeError);
  assert.throws(() => new AbortSignal(), TypeError);
});

test("any() follows the first of several", () => {
  const [one, other] = [new AbortController(), new AbortController()];
  const any = AbortSignal.any([one.signal, AbortSignal.any([other.signal])]);
  assert.equal(any.aborted, false);
  let n = 0;
  any.addEventListener("abort", () => n++);
  other.abort("other");
  one.abort("one");
  assert.equal(any.reason, "other");
  assert.equal(n, 1);
  assert.equal(AbortSignal.any([AbortSignal.abort("x"), one.signal]).reason, "x");
  assert.equal(AbortSignal.any([]).aborted, false);
});

test("names are found in any case and kept sorted", () => {
  const headers = new Headers({ "X-B": "2", "x-a": "1" });
  headers.append("x-b", "3");
  assert.equal(headers.get("X-b"), "2, 3");
  assert.equal(headers.has("x-A"), true);
  assert.deepEqual([...headers], [["x-a", "1"], ["x-b", "2, 3"]]);
  assert.deepEqual([...headers.keys()], ["x-a", "x-b"]);
  assert.deepEqual([...headers.values()], ["1", "2, 3"]);
  headers.set("x-b", "4");
  headers.delete("X-A");
  assert.deepEqual([...headers.entries()], [["x-b", "4"]]);
  assert.equal(headers.get("none"), null);
});

test("cookies stay apart", () => {
  const headers = new Headers([["set-cookie", "a=1"], ["Set-Cookie", "b=2"], ["x", "y"]]);
  assert.deepEqual(headers.getSetCookie(), ["a=1", "b=2"]);
  assert.equal(headers.get("set-cookie"), "a=1, b=2");
  assert.deepEqual([...headers], [["set-cookie", "a=1"], ["set-cookie", "b=2"], ["x", "y"]]);
});

test("every kind of init is taken", () => {
  assert.deepEqual([...new Headers()], []);
  assert.deepEqual([...new Headers(new Headers({ a: "1" }))], [["a", "1"]]);
  assert.deepEqual([...new Headers(new Map([["a", "1"]]))], [["a", "1"]]);
  assert.deepEqual([...new Headers({ a: 1, b: null })], [["a", "1"], ["b", "null"]]);
  for (const init of [null, 1, "a", [["a"]], [["a", "b", "c"]], ["ab"], [null]]) assert.throws(() => new Headers(init), TypeError);
});

test("values are trimmed and bad ones refused", () => {
  const headers = new Headers();
  headers.set("a", " \t b c \r\n ");
  assert.equal(headers.get("a"), "b c");
  for (const [name, value] of [["", "a"], ["a b", "c"], ["a:", "b"], ["\u00e9", "b"], ["a", "b\r\nc: d"], ["a", "b\0"], ["a", "\u20ac"]]) {
    assert.throws(() => headers.set(name, value), TypeError);
    assert.throws(() => headers.append(name, value), TypeError);
  }
  for (const call of ["get", "has", "delete"]) assert.throws(() => headers[call]("a b"), TypeError);
  assert.throws(() => headers.append("a"), TypeError);
});

test("what is added while iterating is seen", () => {
  const headers = new Headers({ a: "1", c: "3" });
  const seen = [];
  for (const [name] of headers) {
    seen.push(name);
    if (name === "a") headers.set("d", "4");
  }
  assert.deepEqual(seen, ["a", "c", "d"]);
  const given = [];
  headers.forEach(function (value, name, all) {
    given.push([this.x, value, name, all === headers]);
  }, { x: 1 });
  assert.deepEqual(given[0], [1, "1", "a", true]);
});

test("it looks like what it is", () => {
  assert.equal(Object.prototype.toString.call(new Headers()), "[object Headers]");
  assert.equal(Object.prototype.toString.call(new Headers().entries()), "[object Headers Iterator]");
  assert.equal(Headers.prototype[Symbol.iterator], Headers.prototype.entries);
  assert.equal(require("util").inspect(new Headers({ a: "1" })), "Headers { a: '1' }");
  assert.throws(() => Headers.prototype.get.call({}, "a"), TypeError);
});

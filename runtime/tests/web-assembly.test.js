const bytes = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 1, 7, 1, 96, 2, 127, 127, 1, 127, 3, 2, 1, 0, 7, 7, 1, 3, 97, 100, 100, 0, 0, 10, 9, 1, 7, 0, 32, 0, 32, 1, 106, 11]);

test("WebAssembly is compiled and instantiated from bytes, at once and later", async () => {
  assert.equal(new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports.add(2, 3), 5);
  const { module, instance } = await WebAssembly.instantiate(bytes);
  assert.equal(instance.exports.add(1, 2), 3);
  assert.ok(module instanceof WebAssembly.Module);
  assert.ok((await WebAssembly.instantiate(await WebAssembly.compile(bytes))) instanceof WebAssembly.Instance);
});

test("what is no WebAssembly rejects", async () => {
  await assert.rejects(WebAssembly.compile(new Uint8Array(4)), WebAssembly.CompileError);
  await assert.rejects(WebAssembly.instantiate(), TypeError);
});

test("process says that it is one, by which libraries tell Node from a browser", () => {
  assert.equal(Object.prototype.toString.call(process), "[object process]");
});

test("util.types answers for what the engine does not tell", () => {
  const { types } = require("util");
  assert.deepEqual([types.isProxy({}), types.isExternal({}), types.isModuleNamespaceObject({})], [false, false, false]);
});

test("Buffer.alloc may be called as a constructor, as form-data does", () => {
  assert.equal(new Buffer.alloc(2).length, 2);
});

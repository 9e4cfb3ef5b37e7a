test("process gives Node's modules by name, and nothing else", () => {
  assert.ok(process.getBuiltinModule("fs") === require("fs"));
  assert.ok(process.getBuiltinModule("node:path") === require("path"));
  assert.deepEqual([process.getBuiltinModule("left-pad"), process.getBuiltinModule("native"), process.getBuiltinModule("refused")], [undefined, undefined, undefined]);
});

test("what a sandbox refuses says why", () => {
  for (const [name, why] of [["kill", /sees no other process/], ["dlopen", /native add-ons/], ["setuid", /one user/], ["execve", /no other programs/]])
    assert.throws(() => process[name](1), (error) => error.code === "ERR_FEATURE_UNAVAILABLE_ON_PLATFORM" && why.test(error.message));
});

test("an environment is read from a file of the execution's own", () => {
  require("fs").writeFileSync("/tmp/.env", "ONE=1\nTWO=\"two words\"\n");
  process.env.ONE = "kept";
  process.loadEnvFile("/tmp/.env");
  assert.deepEqual([process.env.ONE, process.env.TWO], ["kept", "two words"]);
  assert.throws(() => process.loadEnvFile("/tmp/nothing"), { code: "ENOENT" });
});

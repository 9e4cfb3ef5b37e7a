// Members of process that few libraries look at: what there is nothing of, and what a sandbox refuses.
const { refuse } = require("refused");

const refused = (why, functions) => refuse("process", why, { functions });

module.exports = {
  ...refused("it has no file system", ["chdir"]),
  ...refused("it sees no other process", ["kill"]),
  ...refused("it is Node's own", ["binding"]),
  ...refused("native add-ons can't be loaded", ["dlopen"]),
  ...refused("it starts no other programs", ["execve"]),
  ...refused("it has one user", ["initgroups", "setegid", "seteuid", "setgid", "setgroups", "setuid"]),
  ...refused("an error that nobody handles fails the execution", ["setUncaughtExceptionCaptureCallback"]),
  allowedNodeEnvironmentFlags: new Set(),
  assert(condition, message) {
    require("assert").ok(condition, message);
  },
  constrainedMemory: () => 0,
  finalization: { register() {}, registerBeforeExit() {}, unregister() {} },
  getActiveResourcesInfo: () => [],
  getBuiltinModule: (name) => {
    const { createRequire, isBuiltin } = require("module");
    return isBuiltin(name) ? createRequire("/")(name) : undefined;
  },
  getgroups: () => [65534],
  hasUncaughtExceptionCaptureCallback: () => false,
  loadEnvFile(path = ".env") {
    const { env } = require("process");
    const values = require("util").parseEnv(require("fs").readFileSync(path, "utf8"));
    for (const [name, value] of Object.entries(values)) env[name] ??= value;
  },
  ref: (object) => void object?.ref?.(),
  unref: (object) => void object?.unref?.(),
  resourceUsage: () => {
    const names = ["fsRead", "fsWrite", "involuntaryContextSwitches", "ipcReceived", "ipcSent", "majorPageFault", "maxRSS", "minorPageFault"];
    const more = ["sharedMemorySize", "signalsCount", "swappedOut", "systemCPUTime", "unsharedDataSize", "unsharedStackSize", "userCPUTime", "voluntaryContextSwitches"];
    return Object.fromEntries([...names, ...more].map((name) => [name, 0]));
  },
  setSourceMapsEnabled() {},
  sourceMapsEnabled: true,
  threadCpuUsage: () => ({ user: 0, system: 0 }),
};

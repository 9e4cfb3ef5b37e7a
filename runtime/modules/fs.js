// A tree of files in memory, private to the execution. Made when something is done with it: many packages ask for
// this module and never do.
const { constants } = require("fs-constants");

let volume;
const real = () => {
  if (volume === undefined) {
    const { Volume, createFsFromVolume } = require("npm:memfs");
    const tree = new Volume();
    tree.mkdirSync("/tmp", { recursive: true });
    volume = createFsFromVolume(tree);
    volume.promises.rm ??= (path, options) => new Promise((resolve, reject) => volume.rm(path, options ?? {}, (error) => (error ? reject(error) : resolve())));
    for (const [file, bytes] of native.packageFiles?.() ?? []) {
      tree.mkdirSync(require("path").dirname(file), { recursive: true });
      tree.writeFileSync(file, bytes);
    }
  }
  return volume;
};

const names = [
  "access", "appendFile", "chmod", "chown", "close", "copyFile", "cp", "exists", "fchmod", "fchown", "fdatasync", "fstat", "fsync", "ftruncate", "futimes",
  "glob", "lchmod", "lchown", "link", "lstat", "lutimes", "mkdir", "mkdtemp", "open", "openAsBlob", "opendir", "read", "readdir", "readFile", "readlink", "readv", "realpath",
  "rename", "rm", "rmdir", "stat", "statfs", "symlink", "truncate", "unlink", "utimes", "write", "writeFile", "writev",
];
const missing = (name) => {
  throw Object.assign(new Error(`fs.${name} is not available in a code block`), { code: "ERR_FEATURE_UNAVAILABLE_ON_PLATFORM" });
};
const own = {
  copyTree(fs, from, to) {
    if (!fs.statSync(from).isDirectory()) {
      fs.copyFileSync(from, to);
      return;
    }
    fs.mkdirSync(to, { recursive: true });
    for (const name of fs.readdirSync(from)) own.copyTree(fs, `${from}/${name}`, `${to}/${name}`);
  },
  cpSync: (from, to) => own.copyTree(real(), `${from}`, `${to}`),
  cp(from, to, options, callback) {
    const done = typeof options === "function" ? options : callback;
    try {
      own.cpSync(from, to);
    } catch (error) {
      queueMicrotask(() => done(error));
      return;
    }
    queueMicrotask(() => done(null));
  },
  openAsBlob: async (path, { type = "" } = {}) => {
    const { Blob } = require("blob");
    return new Blob([real().readFileSync(path)], { type });
  },
};

const call = (name) => (...args) => {
  if (own[name] !== undefined) return own[name](...args);
  const method = real()[name];
  return method === undefined ? missing(name) : method(...args);
};
const named = (name) => {
  const wrapper = call(name);
  Object.defineProperty(wrapper, "name", { value: name, configurable: true });
  return wrapper;
};

const fs = {};
for (const name of names) {
  fs[name] = named(name);
  if (name !== "openAsBlob") fs[`${name}Sync`] = named(`${name}Sync`);
}
for (const name of ["createReadStream", "createWriteStream", "watch", "watchFile", "unwatchFile"]) fs[name] = named(name);
fs.realpath.native = fs.realpath;
fs.realpathSync.native = fs.realpathSync;
fs.exists[Symbol.for("nodejs.util.promisify.custom")] = async (path) => real().existsSync(path);
const lazyClass = (name) => ({
  configurable: true,
  enumerable: true,
  get() {
    return real()[name.replace(/^File/, "")];
  },
});
Object.defineProperties(fs, Object.fromEntries(["Stats", "Dirent", "ReadStream", "WriteStream", "FileReadStream", "FileWriteStream", "Dir"].map((name) => [name, lazyClass(name)])));
Object.defineProperty(fs, "promises", { configurable: true, enumerable: true, get: () => require("fs/promises") });
fs.constants = constants;
for (const name of ["F_OK", "R_OK", "W_OK", "X_OK"]) fs[name] = constants[name];
fs._toUnixTimestamp = (time) => Number(time) / (time instanceof Date ? 1000 : 1);

module.exports = fs;

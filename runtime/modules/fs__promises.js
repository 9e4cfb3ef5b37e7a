const fs = require("fs");
const names = [
  "access", "appendFile", "chmod", "chown", "copyFile", "cp", "lchmod", "lchown", "link", "lstat", "lutimes", "mkdir", "mkdtemp", "open", "opendir", "readdir",
  "readFile", "readlink", "realpath", "rename", "rm", "rmdir", "stat", "statfs", "symlink", "truncate", "unlink", "utimes", "writeFile",
];
/** A file as an object (FileHandle), over the descriptor that the callbacks use. */
class FileHandle {
  constructor(fd) {
    this.fd = fd;
  }
  async read(buffer, ...rest) {
    if (buffer === undefined || !ArrayBuffer.isView(buffer)) {
      const { buffer: into = require("buffer").Buffer.alloc(16384), offset = 0, length = into.byteLength - offset, position = null } = buffer ?? {};
      return { bytesRead: fs.readSync(this.fd, into, offset, length, position), buffer: into };
    }
    const [offset = 0, length = buffer.byteLength - offset, position = null] = typeof rest[0] === "object" && rest[0] !== null ? [rest[0].offset, rest[0].length, rest[0].position] : rest;
    return { bytesRead: fs.readSync(this.fd, buffer, offset, length, position), buffer };
  }
  async write(data, ...rest) {
    return { bytesWritten: fs.writeSync(this.fd, data, ...rest), buffer: data };
  }
  async readFile(options) {
    return fs.readFileSync(this.fd, options);
  }
  async writeFile(data, options) {
    fs.writeFileSync(this.fd, data, options);
  }
  async appendFile(data, options) {
    fs.appendFileSync(this.fd, data, options);
  }
  async stat() {
    return fs.fstatSync(this.fd);
  }
  async truncate(length) {
    fs.ftruncateSync(this.fd, length);
  }
  async chmod() {}
  async chown() {}
  async utimes() {}
  async sync() {}
  async datasync() {}
  createReadStream(options) {
    return fs.createReadStream("", { ...options, fd: this.fd });
  }
  createWriteStream(options) {
    return fs.createWriteStream("", { ...options, fd: this.fd });
  }
  async close() {
    if (this.fd >= 0) fs.closeSync(this.fd);
    this.fd = -1;
  }
  async [Symbol.asyncDispose ?? Symbol.for("Symbol.asyncDispose")]() {
    await this.close();
  }
}
const promises = { constants: fs.constants };
for (const name of names)
  promises[name] = {
    async [name](...args) {
      return name === "open" ? new FileHandle(fs.openSync(...args)) : fs[`${name}Sync`](...args);
    },
  }[name];
promises.watch = async function* watch() {
  throw new Error("fs.watch is not available in a code block");
};
module.exports = promises;

const { win32 } = require("npm:path");
win32.win32 = win32;
win32.toNamespacedPath = (name) => win32._makeLong(name);
win32.matchesGlob = (name, glob) => require("path").matchesGlob(name.replaceAll("\\", "/"), glob.replaceAll("\\", "/"));
Object.defineProperty(win32, "posix", { configurable: true, enumerable: true, get: () => require("path") });
module.exports = win32;

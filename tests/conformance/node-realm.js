// What a test of Node's `test/parallel` style calls, written for a realm of Tenon: `require("../common")` and its
// neighbours, `node:test`, fixtures from memory, and the wait for the end that Node's process would be. The block that
// node.mjs writes holds this text and the test's, and calls nodeHarness.run().
const nodeHarness = (() => {
  const { setTimeout, setImmediate, clearTimeout, Error, TypeError, Map, Set, Promise, JSON, Object, Array } = globalThis;
  /** Longest wait of a file whose expected calls have not come, and the quiet after which it is over. */
  const MOST_MS = 10_000;

  class Skipped extends Error {
    name = "Skipped";
  }

  return {
    async run({ body, file, files, requireOwn, expectsWarnings = true }) {
      const util = requireOwn("util");
      const assert = requireOwn("assert");
      const problems = [];
      const expected = []; // calls that must come
      const fail = (error) => problems.push(error);
      const nameOf = (error) => {
        try {
          return error instanceof Error ? `${error.stack?.includes(error.message) ? "" : `${error.name}: ${error.message}\n`}${error.stack}` : util.inspect(error);
        } catch {
          return "an error that can't be shown";
        }
      };
      const placeOf = () => (new Error().stack ?? "").split("\n").slice(3, 6).join(" < ");

      // --- common ---

      const counted = (fn, exact, least) => {
        if (typeof fn === "number") [exact, fn] = [fn, () => {}];
        fn ??= () => {};
        if (typeof exact !== "number") throw new TypeError(`Invalid number of calls: ${exact}`);
        const entry = { exact, least, actual: 0, name: fn.name || "<anonymous>", place: placeOf() };
        expected.push(entry);
        const wrapper = function (...args) {
          entry.actual++;
          return Reflect.apply(fn, this, args);
        };
        Object.defineProperties(wrapper, {
          name: { value: fn.name, writable: false, enumerable: false, configurable: true },
          length: { value: fn.length, writable: false, enumerable: false, configurable: true },
        });
        return wrapper;
      };
      const mustCall = (fn, exact = 1) => counted(fn, exact, false);
      const isMissing = ({ exact, least, actual }) => (least ? actual < exact : actual !== exact);

      const warningsOf = (expectation) => {
        const list = Array.isArray(expectation[0]) ? expectation : [expectation];
        return list.map((one) => (typeof one === "string" ? [one] : one));
      };
      let warningHandlers;
      const expectOne = (name, expectation, code) => {
        let list = typeof expectation === "string" ? [[expectation, code]] : Array.isArray(expectation) ? warningsOf(expectation) : Object.entries(expectation).map(([key, value]) => [value, key]);
        list = list.map(([message, one]) => [message, one]);
        return mustCall((warning) => {
          const [message, warningCode] = list.shift();
          assert.strictEqual(warning.name, name);
          if (typeof message === "string") assert.strictEqual(warning.message, message);
          else assert.match(warning.message, message);
          if (warningCode !== undefined) assert.strictEqual(warning.code, warningCode);
        }, list.length);
      };

      const common = {
        mustCall,
        mustCallAtLeast: (fn, least = 1) => counted(fn, least, true),
        mustSucceed: (fn, exact) =>
          mustCall(function (error, ...args) {
            assert.ifError(error);
            if (typeof fn === "function") return Reflect.apply(fn, this, args);
          }, exact),
        mustNotCall: (message) => {
          const place = placeOf();
          return function mustNotCall(...args) {
            const shown = args.length > 0 ? `\ncalled with arguments: ${args.map((arg) => util.inspect(arg)).join(", ")}` : "";
            assert.fail(`${message || "function should not have been called"} at ${place}${shown}`);
          };
        },
        mustNotMutateObjectDeep: (value) => value,
        expectsError: (validator, exact) =>
          mustCall((...args) => {
            if (args.length !== 1) assert.fail(`Expected one argument, got ${util.inspect(args)}`);
            const [error] = args;
            assert.strictEqual(Object.prototype.propertyIsEnumerable.call(error, "message"), false);
            assert.throws(() => {
              throw error;
            }, validator);
            return true;
          }, exact),
        expectWarning: (nameOrMap, expectation, code) => {
          if (warningHandlers === undefined) {
            warningHandlers = {};
            process.on("warning", (warning) => {
              const handler = warningHandlers[warning.name];
              if (handler === undefined) throw new TypeError(`"${warning.name}" was triggered without being expected.\n${util.inspect(warning)}`);
              handler(warning);
            });
          }
          if (typeof nameOrMap === "string") warningHandlers[nameOrMap] = expectOne(nameOrMap, expectation, code);
          else for (const [name, one] of Object.entries(nameOrMap)) warningHandlers[name] = expectOne(name, one);
        },
        invalidArgTypeHelper: (value) => {
          if (value === undefined || value === null) return ` Received ${value}`;
          if (typeof value === "function") return ` Received function ${value.name}`;
          if (typeof value === "object") return value.constructor?.name ? ` Received an instance of ${value.constructor.name}` : ` Received ${util.inspect(value, { depth: -1 })}`;
          let shown = util.inspect(value, { colors: false });
          if (shown.length > 28) shown = `${shown.slice(0, 25)}...`;
          return ` Received type ${typeof value} (${shown})`;
        },
        skip: (reason) => {
          throw new Skipped(reason);
        },
        printSkipMessage() {},
        skipIf32Bits() {},
        skipIfEslintMissing: () => common.skip("it needs Node's own linter"),
        skipIfInspectorDisabled: () => common.skip("there is no inspector"),
        skipIfWorker() {},
        skipIfDumbTerminal() {},
        skipIfReportDisabled: () => common.skip("there are no reports"),
        platformTimeout: (ms) => ms,
        allowGlobals() {},
        getArrayBufferViews: (buffer) => {
          const { buffer: bytes, byteOffset, byteLength } = buffer;
          return [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array, Float64Array, BigInt64Array, BigUint64Array, DataView]
            .filter(({ BYTES_PER_ELEMENT = 1 }) => byteLength % BYTES_PER_ELEMENT === 0)
            .map((View) => new View(bytes, byteOffset, byteLength / (View.BYTES_PER_ELEMENT ?? 1)));
        },
        getBufferSources: (buffer) => [...common.getArrayBufferViews(buffer), new Uint8Array(buffer).buffer],
        spawnPromisified: () => common.skip("it needs a child process"),
        canCreateSymLink: () => false,
        localhostIPv4: "127.0.0.1",
        PORT: 12346,
        hasCrypto: true,
        hasOpenSSL3: true,
        hasOpenSSL31: true,
        hasOpenSSL: (major, minor = 0) => major < 3 || (major === 3 && minor <= 5),
        hasFipsCrypto: false,
        hasIntl: true,
        hasIPv6: true,
        hasQuic: false,
        hasMultiLocalhost: () => false,
        opensslCli: false,
        enoughTestMem: false,
        enoughTestCpu: true,
        isMainThread: true,
        isWindows: false,
        isLinux: true,
        isMacOS: false,
        isOSX: false,
        isFreeBSD: false,
        isOpenBSD: false,
        isSunOS: false,
        isAIX: false,
        isIBMi: false,
        isLinuxPPCBE: false,
        isAlpine: false,
        isASan: false,
        isDebug: false,
        isDumbTerminal: false,
        isPi: false,
        isInsideDirWithUnusualChars: false,
        inFreeBSDJail: false,
        checkoutEOL: "\n",
        buildType: "Release",
        usesSharedLibrary: true,
        bits: 64,
        runWithInvalidFD: () => common.skip("it needs file descriptors"),
      };

      // --- fixtures, from memory ---

      const bytesOf = (name) => {
        const text = files[name];
        if (text === undefined) throw new Skipped(`the fixture ${name} is not bundled in`);
        return Buffer.from(text, "base64");
      };
      const joined = (parts) => parts.flat().join("/").replace(/^\/+/, "");
      const read = (parts, encoding) => (encoding === undefined ? bytesOf(joined([parts])) : bytesOf(joined([parts])).toString(encoding));
      const fixtures = {
        fixturesDir: "/fixtures",
        path: (...parts) => requireOwn("path").join("/fixtures", ...parts),
        fileURL: (...parts) => new URL(`file://${fixtures.path(...parts)}`),
        readSync: (parts, encoding) => read(parts, encoding),
        readFixtureSync: (parts, encoding) => read(parts, encoding),
        readKey: (name, encoding) => read(["keys", name], encoding),
        readFixtureKey: (name, encoding) => read(["keys", name], encoding),
        readFixtureKeys: (encoding, ...names) => names.map((name) => read(["keys", name], encoding)),
        get utf8TestText() {
          return read("utf8_test_text.txt", "utf8");
        },
        get utf8TestTextPath() {
          return "/fixtures/utf8_test_text.txt";
        },
      };
      /* A test that reads a fixture through fs finds it in the execution's own files. */
      const placeFixtures = () => {
        const fs = requireOwn("fs");
        for (const [name, text] of Object.entries(files)) {
          const place = `/fixtures/${name}`;
          try {
            fs.mkdirSync(place.slice(0, place.lastIndexOf("/")), { recursive: true });
            fs.writeFileSync(place, Buffer.from(text, "base64"));
          } catch {
            return; // no such files here: what reads one fails
          }
        }
      };

      // --- node:test: a test is a promise; the file waits for all of them ---

      let testsLeft = 0;
      const makeTest = () => {
        const hooks = { before: [], after: [], beforeEach: [], afterEach: [] };
        let chain = Promise.resolve();
        const mocks = [];
        const mock = {
          fn: (fn = () => {}, implementation = fn) => {
            const calls = [];
            const mocked = function (...args) {
              const call = { arguments: args, this: this, result: undefined, error: undefined, target: new.target };
              calls.push(call);
              try {
                return (call.result = Reflect.apply(implementation, this, args));
              } catch (error) {
                call.error = error;
                throw error;
              }
            };
            mocked.mock = { calls, callCount: () => calls.length, mockImplementation: (next) => (implementation = next), resetCalls: () => calls.splice(0), restore() {} };
            return mocked;
          },
          method: (object, name, implementation = object[name]) => {
            const original = object[name];
            const mocked = mock.fn(original, implementation);
            object[name] = mocked;
            mocked.mock.restore = () => (object[name] = original);
            mocks.push(mocked.mock.restore);
            return mocked;
          },
          restoreAll: () => mocks.splice(0).forEach((restore) => restore()),
          reset: () => mocks.splice(0).forEach((restore) => restore()),
          get timers() {
            throw new Skipped("it mocks Node's timers");
          },
        };
        const argumentsOf = (args) => {
          const fn = args.find((arg) => typeof arg === "function");
          const options = args.find((arg) => arg !== null && typeof arg === "object") ?? {};
          const name = args.find((arg) => typeof arg === "string") ?? fn?.name ?? "<anonymous>";
          return { fn, options, name };
        };
        const contextOf = (name) => {
          const context = {
            name,
            mock,
            signal: new AbortController().signal,
            assert,
            diagnostic() {},
            skip() {},
            todo() {},
            plan() {},
            before: (fn) => hooks.before.push(fn),
            after: (fn) => context.ends.push(fn),
            beforeEach: (fn) => hooks.beforeEach.push(fn),
            afterEach: (fn) => hooks.afterEach.push(fn),
            ends: [],
            test: (...args) => one(argumentsOf(args), true),
          };
          return context;
        };
        const called = async (fn, context) => {
          if (fn.length < 2) return Reflect.apply(fn, context, [context]);
          return new Promise((resolve, reject) => fn.call(context, context, (error) => (error ? reject(error) : resolve())));
        };
        const one = async ({ fn, options, name }, isInner = false) => {
          if (options.skip || options.todo || fn === undefined) return;
          const context = contextOf(name);
          try {
            if (!isInner) for (const hook of hooks.beforeEach) await hook(context);
            await called(fn, context);
          } catch (error) {
            if (error instanceof Skipped) return;
            fail(new Error(`${name}: ${nameOf(error)}`));
          } finally {
            for (const hook of context.ends) await hook(context);
            if (!isInner) for (const hook of hooks.afterEach) await hook(context);
          }
        };
        const queued = (work) => {
          testsLeft++;
          chain = chain.then(work).finally(() => testsLeft--);
          return chain;
        };
        let isFirst = true;
        const test = (...args) =>
          queued(async () => {
            if (isFirst) {
              isFirst = false;
              for (const hook of hooks.before.splice(0)) await hook();
            }
            await one(argumentsOf(args));
          });
        const describe = (...args) => {
          const { fn, options } = argumentsOf(args);
          if (options.skip || options.todo || fn === undefined) return;
          const saved = { beforeEach: [...hooks.beforeEach], afterEach: [...hooks.afterEach] };
          const result = fn();
          const after = hooks.after.splice(0);
          queued(async () => {
            await result;
            for (const hook of after) await hook();
          });
          queued(() => Object.assign(hooks, { beforeEach: saved.beforeEach, afterEach: saved.afterEach }));
          return result;
        };
        const withFlags = (fn) => Object.assign(fn, { skip() {}, todo() {}, only: fn });
        return Object.assign(withFlags(test), {
          test,
          it: withFlags((...args) => test(...args)),
          describe: withFlags(describe),
          suite: withFlags((...args) => describe(...args)),
          before: (fn) => hooks.before.push(fn),
          after: (fn) => hooks.after.push(fn),
          beforeEach: (fn) => hooks.beforeEach.push(fn),
          afterEach: (fn) => hooks.afterEach.push(fn),
          mock,
        });
      };
      const nodeTest = makeTest();

      // --- require ---

      const missing = (what) => () => {
        throw new Skipped(`it needs ${what}`);
      };
      const tmpdir = { path: "/tmp/test", refresh: () => requireOwn("fs").mkdirSync("/tmp/test", { recursive: true }), resolve: (...parts) => requireOwn("path").resolve("/tmp/test", ...parts), fileURL: (...parts) => new URL(`file:///tmp/test/${parts.join("/")}`), hasEnoughSpace: () => false };
      class Countdown {
        #left;
        #done;
        constructor(left, done) {
          this.#left = left;
          this.#done = mustCall(done);
        }
        get remaining() {
          return this.#left;
        }
        dec() {
          if (--this.#left === 0) this.#done();
          return this.#left;
        }
      }
      const neighbours = {
        index: () => common,
        fixtures: () => fixtures,
        tmpdir: () => tmpdir,
        countdown: () => Countdown,
        crypto: () => common.cryptoHelpers,
        gc: missing("the collector's own functions"),
        wpt: missing("web-platform-tests' own runner (tests/conformance/run takes those files)"),
        arraystream: () => {
          const { Stream } = requireOwn("stream");
          return class ArrayStream extends Stream {
            readable = true;
            writable = true;
            run(data) {
              data.forEach((line) => this.emit("data", `${line}\n`));
            }
            pause() {}
            resume() {}
            write() {}
          };
        },
        hijackstdio: () => {
          const hijack = (name) => {
            const stream = process[name];
            const write = stream.write;
            return {
              start: (listener) => {
                stream.write = (data, callback) => {
                  listener(data);
                  if (typeof callback === "function") callback();
                  stream.writeTimes++;
                };
                stream.writeTimes = 0;
              },
              end: () => (stream.write = write),
            };
          };
          const [out, err] = [hijack("stdout"), hijack("stderr")];
          return { hijackStdout: out.start, hijackStderr: err.start, restoreStdout: out.end, restoreStderr: err.end };
        },
        dns: missing("a DNS server"),
        internet: missing("the internet"),
        child_process: missing("a child process"),
      };
      const pem = (label) => {
        const pattern = new RegExp(`^-----BEGIN ${label}-----\\n([A-Za-z0-9+/=\\n]+)-----END ${label}-----\\n$`);
        return (text, message) => assert.match(text, pattern, message);
      };
      common.cryptoHelpers = {
        modp2buf: Buffer.from("ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e3404ddef9519b3cd3a431b302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7edee386bfb5a899fa5ae9f24117c4b1fe649286651ece65381ffffffffffffffff", "hex"),
        pkcs1PubExp: /^-----BEGIN RSA PUBLIC KEY-----\n[\s\S]+-----END RSA PUBLIC KEY-----\n$/,
        pkcs1PrivExp: /^-----BEGIN RSA PRIVATE KEY-----\n[\s\S]+-----END RSA PRIVATE KEY-----\n$/,
        pkcs1EncExp: (cipher) => new RegExp(`^-----BEGIN RSA PRIVATE KEY-----\\nProc-Type: 4,ENCRYPTED\\nDEK-Info: ${cipher},[^\\n]+\\n\\n[\\s\\S]+-----END RSA PRIVATE KEY-----\\n$`),
        spkiExp: /^-----BEGIN PUBLIC KEY-----\n[\s\S]+-----END PUBLIC KEY-----\n$/,
        pkcs8Exp: /^-----BEGIN PRIVATE KEY-----\n[\s\S]+-----END PRIVATE KEY-----\n$/,
        pkcs8EncExp: /^-----BEGIN ENCRYPTED PRIVATE KEY-----\n[\s\S]+-----END ENCRYPTED PRIVATE KEY-----\n$/,
        sec1Exp: /^-----BEGIN EC PRIVATE KEY-----\n[\s\S]+-----END EC PRIVATE KEY-----\n$/,
        sec1EncExp: (cipher) => new RegExp(`^-----BEGIN EC PRIVATE KEY-----\\nProc-Type: 4,ENCRYPTED\\nDEK-Info: ${cipher},[^\\n]+\\n\\n[\\s\\S]+-----END EC PRIVATE KEY-----\\n$`),
        assertApproximateSize: (key, size) => {
          const length = typeof key === "string" ? key.length : key.byteLength;
          assert(length >= size * 0.87 && length <= size * 1.13, `${length} is not about ${size}`);
        },
        testEncryptDecrypt: (publicKey, privateKey) => {
          const { publicEncrypt, privateDecrypt } = requireOwn("crypto");
          const message = Buffer.from("Hello Node.js world!");
          const publicForms = [publicKey];
          const key = publicKey?.key ?? publicKey;
          if (typeof key === "string" || Buffer.isBuffer(key)) publicForms.push({ ...(publicKey?.key ? publicKey : {}), key });
          for (const one of publicForms) assert.deepStrictEqual(privateDecrypt(privateKey, publicEncrypt(one, message)), message);
        },
        testSignVerify: (publicKey, privateKey) => {
          const { createSign, createVerify } = requireOwn("crypto");
          const message = Buffer.from("Hello Node.js world!");
          const signature = createSign("SHA256").update(message).sign(privateKey, "hex");
          assert(createVerify("SHA256").update(message).verify(publicKey, signature, "hex"));
          assert(createVerify("SHA256").update(message).verify(privateKey?.type === "private" || typeof privateKey === "string" ? privateKey : publicKey, signature, "hex"));
        },
        hasOpenSSL3: true,
        hasOpenSSL: common.hasOpenSSL,
      };

      const refusedHere = Object.fromEntries(["exec", "execFile", "execFileSync", "execSync", "fork", "spawn", "spawnSync"].map((name) => [name, missing("a child process")]));
      const own = new Map();
      const required = (name) => {
        const plain = name.replace(/^node:/, "");
        if (plain === "child_process") return refusedHere;
        if (plain === "test" && name.startsWith("node:")) return nodeTest;
        if (/^internal\/|^_|\/internal\//.test(plain)) throw new Skipped(`it needs Node's internals (${name})`);
        const common_ = /(?:^|\/)common(?:\/([\w-]+))?(?:\.m?js|\/)?$/.exec(name);
        if (name.startsWith(".") && common_ !== null) {
          const neighbour = neighbours[common_[1] ?? "index"];
          if (neighbour === undefined) throw new Skipped(`it needs ${name}, which this runner has not`);
          return neighbour();
        }
        const fixture = /^\.\.?\/(?:\.\.\/test\/)?fixtures\/(.+)$/.exec(name);
        if (fixture !== null) {
          for (const candidate of [fixture[1], `${fixture[1]}.js`, `${fixture[1]}.json`]) {
            if (files[candidate] === undefined) continue;
            if (!own.has(candidate)) {
              const text = bytesOf(candidate).toString();
              const module = { exports: {} };
              own.set(candidate, module);
              if (candidate.endsWith(".json")) module.exports = JSON.parse(text);
              else new Function("exports", "require", "module", text)(module.exports, require, module);
            }
            return own.get(candidate).exports;
          }
          throw new Skipped(`it needs the file ${name}`);
        }
        if (name.startsWith(".") || name.startsWith("/")) throw new Skipped(`it needs the file ${name}`);
        return requireOwn(name);
      };
      const require = Object.assign((name) => required(`${name}`), { main: undefined, cache: {}, resolve: Object.assign((name) => name, { paths: () => [] }) });
      const module = { exports: {}, filename: file, id: ".", children: [], paths: [], require };
      require.main = module;

      // --- the run ---

      const ended = new Error("process.exit");
      const isQuiet = () => typeof process.getActiveResourcesInfo !== "function" || process.getActiveResourcesInfo().length === 0;
      const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
      const result = (status, message) => ({ status, message });
      /* What the file throws at once is uncaught as in Node: the file itself may listen for that. */
      const runBody = () => {
        try {
          return Reflect.apply(body, module.exports, [module.exports, require, module, file, file.slice(0, file.lastIndexOf("/"))]);
        } catch (error) {
          if (error instanceof Skipped || error === ended || process.listenerCount("uncaughtException") === 0) throw error;
          process.emit("uncaughtException", error, "uncaughtException");
        }
      };
      try {
        if (Object.keys(files).length > 0 && /\bfs\b/.test(body.toString())) placeFixtures();
        process.argv[1] = file;
        process.exit = (code = process.exitCode ?? 0) => {
          process.exitCode = code;
          throw ended;
        };
        const returned = runBody();
        let asyncEnd;
        if (typeof returned?.then === "function") asyncEnd = returned.then(() => (asyncEnd = undefined), (error) => ((asyncEnd = undefined), fail(error)));
        const until = performance.now() + MOST_MS;
        let quiet = 0;
        while (quiet < 3 && performance.now() < until) {
          await wait(quiet * 2);
          if (testsLeft > 0) continue;
          if (problems.length > 0 && problems[0] instanceof Skipped) break;
          if (isQuiet()) quiet++;
          else quiet = 0;
        }
        if (asyncEnd !== undefined) fail(new Error("the file's own end did not come"));
        if (problems.length === 0) {
          process.emit("beforeExit", 0);
          await wait(5);
          process.emit("exit", process.exitCode ?? 0);
        }
      } catch (error) {
        if (error !== ended) fail(error);
        else process.emit("exit", process.exitCode);
      }
      const skipped = problems.find((problem) => problem instanceof Skipped);
      if (skipped !== undefined) return result("skip", skipped.message);
      if (problems.length > 0) return result("fail", problems.slice(0, 3).map(nameOf).join("\n"));
      const missed = expected.filter(isMissing);
      if (missed.length > 0)
        return result("fail", missed.slice(0, 3).map(({ exact, least, actual, name, place }) => `mismatched ${name} calls: expected ${least ? "at least " : ""}${exact}, actual ${actual} at ${place}`).join("\n"));
      if ((process.exitCode ?? 0) !== 0) return result("fail", `process.exitCode is ${process.exitCode}`);
      return result("pass", "");
    },
  };
})();

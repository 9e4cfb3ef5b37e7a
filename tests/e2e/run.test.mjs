// `tenon run`, `check` and `init`: what a person at a terminal sees, and what a script can rely on.
import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, test } from "node:test";

import { root, runTenon, withFolder } from "../support/tenon.mjs";

const example = path.join(root, "examples/hello");

/** Runs in a folder that holds `files` (name: text). */
const inFolder = (files, use) =>
  withFolder(async (folder) => {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
      await writeFile(path.join(folder, name), typeof text === "string" ? text : JSON.stringify(text));
    }
    return use(folder, (args, options) => runTenon(args, { cwd: folder, ...options }));
  });

const jsonOf = async (running) => {
  const { stdout, stderr } = await running;
  assert.ok(stdout.startsWith("{"), stderr);
  return JSON.parse(stdout);
};

/** An integration in one file. steps: [yaml lines of a step]. */
const integration = ({ vars = "", steps = [], flows } = {}) => `name: Test
description: ""
definitionVersion: 7
${vars}flows:
${
  flows ??
  `  - name: Main
    isSynchronous: true
    steps:
      - name: Webhook
        isTrigger: true
        action: { component: { key: webhook-triggers, isPublic: true, version: LATEST }, key: webhook }
        inputs: {}
${steps.join("")}`
}`;

const codeStep = (name, code) => `      - name: ${name}
        action: { component: { key: code, isPublic: true, version: LATEST }, key: runCode }
        inputs:
          code:
            type: value
            value: |
              ${code.replaceAll("\n", "\n              ")}
`;

const foreignStep = `      - name: Send Message
        action: { component: { key: slack, isPublic: true, version: 12 }, key: postMessage }
        inputs: {}
`;

const block = (body) => `module.exports = async (context, stepResults) => { ${body} };`;

describe("the command line", () => {
  for (const args of [["--help"], ["-h"], ["help"], ["run", "--help"], ["help", "run"], ["serve", "-h"]])
    test(`tenon ${args.join(" ")} helps on standard output`, async () => {
      const { code, stdout, stderr } = await runTenon(args);
      assert.equal(code, 0, stderr);
      assert.match(stdout, /Usage:\n {2}tenon/);
    });

  test("the version is said", async () => assert.match((await runTenon(["--version"])).stdout, /^tenon \d+\.\d+\.\d+\n$/));

  for (const [args, pattern] of [
    [[], /Usage/],
    [["rnu"], /did you mean "run"\?/],
    [["frobnicate"], /no command "frobnicate"/],
    [["run"], /TARGET is missing/],
    [["run", "a.js", "b.js"], /"b\.js" is one argument too many/],
    [["run", "a.js", "--paylod", "x"], /did you mean --payload\?/],
    [["run", "a.js", "--kind", "thing"], /--kind is "action" or "trigger"/],
    [["run", "a.js", "--sandbox", "none"], /--sandbox is "full" or "weak"/],
    [["run", "a.js", "--full-payload"], /--payload FILE/],
    [["executions", "lst"], /executions list/],
    [["serve"], /--data DIR/],
    [["serve", "--data", "/tmp/x", "--listen", "nonsense"], /ADDRESS:PORT/],
    [["serve", "--data", "/tmp/x", "--limit", "walMs=5"], /did you mean "wallMs"\?/],
    [["serve", "--data", "/tmp/x", "--limit", "wallMs"], /NAME=NUMBER/],
    [["serve", "--data", "/tmp/x", "--workers", "0"], /--workers must be at least 1/],
    [["serve", "--data", "/tmp/x", "--public-url", "ftp://x"], /--public-url/],
  ])
    test(`tenon ${args.join(" ")} is refused with status 2`, async () => {
      const { code, stdout, stderr } = await runTenon(args);
      assert.equal(code, 2, stderr);
      assert.equal(stdout, "");
      assert.match(stderr, pattern);
    });
});

describe("tenon run", () => {
  test("prints the result alone on standard output, the rest on standard error", () =>
    inFolder({ "a.js": block("context.logger.warn('look out'); return { data: { a: [1] } }") }, async (_, run) => {
      const { code, stdout, stderr } = await run(["run", "a.js"]);
      assert.equal(code, 0, stderr);
      assert.deepEqual(JSON.parse(stdout), { a: [1] });
      assert.match(stderr, /WARN .*look out/);
      assert.match(stderr, /succeeded in \d+/);
    }));

  test("prints a text as it is", () =>
    inFolder({ "a.js": block("return { data: 'two\\nlines' }") }, async (_, run) =>
      assert.equal((await run(["run", "a.js"])).stdout, "two\nlines\n"),
    ));

  test("a failure is status 1, with the place in the author's source", () =>
    inFolder({ "a.js": "module.exports = async () => {\n  throw new TypeError('no such order');\n};" }, async (_, run) => {
      const { code, stdout, stderr } = await run(["run", "a.js"]);
      assert.equal(code, 1);
      assert.equal(stdout, "");
      assert.match(stderr, /TypeError: no such order/);
      assert.match(stderr, /a\.js:2:\d+/);
      assert.match(stderr, /throw new TypeError/);
      assert.match(stderr, /^\s*\^/m);
    }));

  test("what code says can't drive the terminal", () =>
    inFolder({ "a.js": block("console.log('\\u001b[2Jgone\\u009b'); return { data: '\\u001b]0;title\\u0007' }") }, async (_, run) => {
      const { stdout, stderr } = await run(["run", "a.js"]);
      // eslint-disable-next-line no-control-regex
      assert.doesNotMatch(stdout + stderr, /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
      assert.match(stderr, /gone/);
    }));

  test("--json prints one object with everything", () =>
    inFolder({ "a.js": block("context.logger.info('hi'); context.instanceState.n = 1; return { data: 5 }") }, async (_, run) => {
      const { code, stdout, stderr } = await run(["run", "a.js", "--json"]);
      assert.equal(code, 0, stderr);
      assert.equal(stderr, "");
      const report = JSON.parse(stdout);
      assert.deepEqual(
        Object.keys(report).sort(),
        ["durationMs", "error", "executionId", "logs", "response", "result", "state", "status", "stepResults"],
      );
      assert.equal(report.status, "succeeded");
      assert.equal(report.result, 5);
      assert.equal(report.error, null);
      assert.deepEqual(report.state, { instanceState: { n: 1 } });
      assert.deepEqual(Object.values(report.stepResults).at(-1), { results: 5 });
      const [line] = report.logs;
      assert.deepEqual([line.level, line.text], ["info", "hi"]);
      assert.match(line.at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      assert.equal(typeof report.durationMs, "number");
    }));

  test("--json of a failure has the error, and status 1", () =>
    inFolder({ "a.js": block("throw new RangeError('x')") }, async (_, run) => {
      const { code, stdout } = await run(["run", "a.js", "--json"]);
      const { status, error, result } = JSON.parse(stdout);
      assert.equal(code, 1);
      assert.equal(status, "failed");
      assert.equal(result, null);
      assert.equal(error.name, "RangeError");
      for (const key of ["message", "stack", "step"]) assert.equal(typeof error[key], "string", key);
    }));

  test("numbers of any size come out digit for digit", () =>
    inFolder({ "a.js": block("return { data: [1e300, 12345678901234567890, 0.1, -0] }") }, async (_, run) => {
      const { stdout } = await run(["run", "a.js", "--json"]);
      assert.match(stdout, /"result":\[1e\+300,12345678901234567000,0\.1,0\]/);
    }));

  test("binary data is shown as base64", () =>
    inFolder({ "a.js": block("return { data: Buffer.from([0, 255]), contentType: 'image/png' }") }, async (_, run) => {
      const report = await jsonOf(run(["run", "a.js", "--json"]));
      assert.match(JSON.stringify(report.result), /"AP8="/);
      assert.equal(report.response.contentType, "image/png");
      assert.match(JSON.stringify(report.response.body), /"AP8="/);
    }));

  test("what is not there is status 2 and named", () =>
    inFolder({}, async (_, run) => {
      for (const target of ["nothing.js", "nothing.yaml", "nothing"]) {
        const { code, stderr } = await run(["run", target]);
        assert.equal(code, 2, stderr);
        assert.ok(stderr.includes(target), stderr);
      }
    }));

  test("a limit of one's own is kept", () =>
    inFolder({ "a.js": block("for (;;) {}") }, async (_, run) => {
      const report = await jsonOf(run(["run", "a.js", "--json", "--limit", "cpuMs=200", "--limit", "wallMs=5000"]));
      assert.equal(report.error.limit, "cpuMs");
    }));

  test("an unknown limit is status 2 with a suggestion", () =>
    inFolder({ "a.js": block("") }, async (_, run) => {
      const { code, stderr } = await run(["run", "a.js", "--limit", "cpuMS=200"]);
      assert.equal(code, 2);
      assert.match(stderr, /did you mean "cpuMs"\?/);
    }));
});

describe("the payload of tenon run", () => {
  const trigger = "module.exports = async (context, payload) => ({ payload: { data: payload.body.data, type: payload.body.contentType } });";
  const seen = (file, text, args = [], options = {}) =>
    inFolder({ "t.js": trigger, [file]: text }, async (_, run) =>
      (await jsonOf(run(["run", "t.js", "--kind", "trigger", "--json", ...args], options))).result,
    );

  for (const [file, text, data, type] of [
    ["order.json", '{"n":1}', { n: 1 }, "application/json"],
    ["order.csv", "a,b", "a,b", "text/csv"],
    ["order.txt", "hello", "hello", "text/plain"],
    ["order.xml", "<a/>", "<a/>", "application/xml"],
    ["order", '{"n":2}', { n: 2 }, "application/json"],
    ["note", "plain words", "plain words", "text/plain"],
  ])
    test(`${file} is its body`, async () =>
      assert.deepEqual(await seen(file, text, ["--payload", file]), { data, type }));

  test("- reads standard input", async () =>
    assert.deepEqual((await seen("x", "", ["--payload", "-"], { input: '{"n":3}' })).data, { n: 3 }));

  test("a .json that is none is status 2, with line and column", () =>
    inFolder({ "t.js": trigger, "bad.json": '{\n  "n": ,\n}' }, async (_, run) => {
      const { code, stderr } = await run(["run", "t.js", "--kind", "trigger", "--payload", "bad.json"]);
      assert.equal(code, 2);
      assert.match(stderr, /^bad\.json:2:\d+: error: /m);
    }));

  test("with --full-payload it is the whole payload", () =>
    inFolder(
      {
        "t.js": "module.exports = async (context, payload) => ({ payload: [payload.headers['X-Own'], payload.body.data, typeof payload.executionId] });",
        "whole.json": { headers: { "X-Own": "yes" }, body: { data: { n: 4 } } },
      },
      async (_, run) => {
        const { result } = await jsonOf(
          run(["run", "t.js", "--kind", "trigger", "--json", "--payload", "whole.json", "--full-payload"]),
        );
        assert.deepEqual(result, ["yes", { n: 4 }, "string"]);
      },
    ));

  test("a trigger's own response is shown", () =>
    inFolder({}, async (_, run) => {
      const report = await jsonOf(run(["run", path.join(root, "examples/templates/trigger.js"), "--kind", "trigger", "--json"]));
      assert.equal(report.status, "succeeded", JSON.stringify(report.error));
      assert.equal(report.response.statusCode, 200);
      assert.match(report.response.contentType, /^text\/plain/);
      assert.equal(report.response.body, "hello");
    }));
});

describe("earlier results and mocks", () => {
  for (const [form, given] of [
    ["bare", { getDataFromApi: { foo: "bar", baz: 123 } }],
    ["as stepResults has them", { getDataFromApi: { results: { foo: "bar", baz: 123 } } }],
  ])
    test(`--step-results takes results ${form}`, () =>
      inFolder(
        { "a.js": block("const { foo, baz } = stepResults.getDataFromApi.results; return { data: foo + baz }"), "given.json": given },
        async (_, run) => {
          const report = await jsonOf(run(["run", "a.js", "--json", "--step-results", "given.json"]));
          assert.equal(report.result, "bar123", JSON.stringify(report.error));
        },
      ));

  test("step results may be YAML", () =>
    inFolder({ "a.js": block("return { data: stepResults.earlier.results }"), "given.yaml": "earlier:\n  - 1\n  - yes\n" }, async (_, run) =>
      assert.deepEqual((await jsonOf(run(["run", "a.js", "--json", "--step-results", "given.yaml"]))).result, [1, "yes"]),
    ));

  test("a component that Tenon does not have fails its step by name", () =>
    inFolder({ "i.yaml": integration({ steps: [foreignStep, codeStep("After", block("return { data: 1 }"))] }) }, async (_, run) => {
      const { error } = await jsonOf(run(["run", "i.yaml", "--json"]));
      assert.equal(error.step, "sendMessage");
      assert.match(error.message, /slack/);
      assert.match(error.message, /--mock/);
    }));

  test("--mock gives its result", () =>
    inFolder(
      {
        "i.yaml": integration({ steps: [foreignStep, codeStep("After", block("return { data: stepResults.sendMessage.results.ok }"))] }),
        "mock.json": { sendMessage: { ok: "mocked" } },
      },
      async (_, run) => assert.equal((await jsonOf(run(["run", "i.yaml", "--json", "--mock", "mock.json"]))).result, "mocked"),
    ));

  test("a mock of a step that is not there is status 2 with a suggestion", () =>
    inFolder({ "i.yaml": integration({ steps: [foreignStep] }), "mock.json": { sendMesage: 1 } }, async (_, run) => {
      const { code, stderr } = await run(["run", "i.yaml", "--mock", "mock.json"]);
      assert.equal(code, 2);
      assert.match(stderr, /mock\.json: error: .*did you mean "sendMessage"\?/);
    }));
});

describe("config variables", () => {
  const vars = `requiredConfigVars:
  - { key: App Base URL, dataType: string, defaultValue: "https://default.example" }
  - { key: Api Token, dataType: string, isRequired: true }
  - { key: Page Size, dataType: number, defaultValue: "50" }
`;
  const yaml = integration({ vars, steps: [codeStep("Show", block("return { data: context.configVars }"))] });

  test("are given by --config, with defaults", () =>
    inFolder({ "i.yaml": yaml, "config.yaml": "Api Token: t0k\nPage Size: 10\n" }, async (_, run) => {
      const { result } = await jsonOf(run(["run", "i.yaml", "--json", "--config", "config.yaml"]));
      assert.equal(result["App Base URL"], "https://default.example");
      assert.equal(result["Api Token"], "t0k");
      assert.equal(Number(result["Page Size"]), 10);
    }));

  test("a misspelt one is status 2, with its place and a suggestion", () =>
    inFolder({ "i.yaml": yaml, "config.yaml": "Api Token: t0k\nApp Base Url: x\n" }, async (_, run) => {
      const { code, stderr } = await run(["run", "i.yaml", "--config", "config.yaml"]);
      assert.equal(code, 2);
      assert.match(stderr, /config\.yaml.*App Base Url/);
      assert.match(stderr, /App Base URL/);
    }));

  test("a code file alone takes any", () =>
    inFolder({ "a.js": block("return { data: context.configVars['App Base URL'] }"), "c.json": { "App Base URL": "https://x.example" } }, async (_, run) =>
      assert.equal((await jsonOf(run(["run", "a.js", "--json", "--config", "c.json"]))).result, "https://x.example"),
    ));
});

describe("flows", () => {
  test("several flows need --flow, and are listed", async () => {
    const { code, stderr } = await runTenon(["run", example]);
    assert.equal(code, 2);
    assert.match(stderr, /--flow.*"Hello", "Hello CSV"/);
  });

  test("a misspelt flow gets a suggestion", async () => {
    const { code, stderr } = await runTenon(["run", example, "--flow", "Helo"]);
    assert.equal(code, 2);
    assert.match(stderr, /did you mean "Hello"\?/);
  });

  test("the demo greets", async () => {
    const report = await jsonOf(
      runTenon([
        "run", example, "--flow", "Hello", "--json",
        "--payload", path.join(example, "payload.json"), "--config", path.join(example, "config.yaml"),
      ]),
    );
    assert.deepEqual(report.result, { greeting: "Good morning Ada!", doubled: 42, link: "https://acme.example.com/people/Ada" });
    assert.deepEqual(Object.keys(report.stepResults), ["receiveData", "mapFields"]);
  });

  test("the demo answers with CSV", async () => {
    const report = await jsonOf(
      runTenon(["run", example, "--flow", "Hello CSV", "--json", "--payload", path.join(example, "payload.json")]),
    );
    assert.match(report.response.contentType, /^text\/csv/);
    assert.equal(report.response.body, "name,value\nfoo,Ada\nbaz,21\n");
  });
});

describe("tenon check", () => {
  test("collects every fault in one pass, each with its place", () =>
    inFolder(
      {
        "i.yaml": `name: Bad
description: ""
definitionVersion: 7
flows:
  - name: Main
    isSynchronus: true
    steps:
      - name: Webhook
        isTrigger: true
        action: { component: { key: webhook-triggers, isPublic: true, version: LATEST }, key: webhook }
      - name: Read
        action: { component: { key: code, isPublic: true, version: LATEST }, key: runCode }
        inputs:
          code: { file: code/missing.js }
      - name: Read
        action: { component: { key: code, isPublic: true, version: LATEST }, key: runCode }
        inputs:
          code: { type: value, value: "module.exports = async () => ;" }
`,
      },
      async (_, run) => {
        const { code, stderr } = await run(["check", "i.yaml"]);
        assert.equal(code, 2);
        assert.match(stderr, /i\.yaml:6:5: warning: .*isSynchronus/);
        assert.match(stderr, /isSynchronous/);
        assert.match(stderr, /i\.yaml:14:\d+: error: .*missing\.js/);
        assert.match(stderr, /i\.yaml:15:\d+: error: /);
        const faults = JSON.parse((await run(["check", "i.yaml", "--json"])).stdout);
        assert.equal(faults.isSound, false);
        assert.ok(faults.faults.length >= 3);
      },
    ));

  test("a sound one is status 0", async () => {
    const { code, stdout } = await runTenon(["check", example]);
    assert.equal(code, 0);
    assert.match(stdout, /No errors/);
  });

  test("a file that exports nothing is told so", () =>
    inFolder({ "a.js": "const x = 1;" }, async (_, run) => {
      const { code, stdout, stderr } = await run(["run", "a.js"]);
      assert.notEqual(code, 0);
      assert.match(stdout + stderr, /export/);
    }));
});

describe("tenon init", () => {
  test("what it writes runs", () =>
    inFolder({}, async (folder, run) => {
      const { code, stdout } = await run(["init", "mine"]);
      assert.equal(code, 0);
      assert.match(stdout, /mine\/code/);
      const report = await jsonOf(run(["run", "mine", "--flow", "Hello", "--payload", "mine/payload.json", "--json"]));
      assert.equal(report.result.greeting, "Hello Ada!");
      assert.match(await readFile(path.join(folder, "mine/code/map-fields.ts"), "utf8"), /configVars/);
    }));

  test("it overwrites nothing", () =>
    inFolder({ "mine/config.yaml": "mine: true\n" }, async (folder, run) => {
      assert.equal((await run(["init", "mine"])).code, 2);
      assert.equal(await readFile(path.join(folder, "mine/config.yaml"), "utf8"), "mine: true\n");
    }));
});

// Our own tests in the web-platform-tests' format, by area: what was once wrong here, through the runner that also runs
// the upstream suites.
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";

import { runFile } from "./wpt.mjs";

const own = path.join(path.dirname(fileURLToPath(import.meta.url)), "own");

for (const area of readdirSync(own).sort())
  describe(area, () => {
    for (const name of readdirSync(path.join(own, area)).filter((one) => one.endsWith(".any.js")).sort())
      test(`every subtest of ${name} passes`, async () => {
        const results = await runFile(path.join(own, area, name), { suiteRoot: own });
        assert.ok(results.length > 0, "there are subtests");
        assert.deepEqual(results.filter(({ status }) => status !== "PASS"), []);
      });
  });

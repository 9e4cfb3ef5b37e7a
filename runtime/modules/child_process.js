module.exports = require("refused").refuse("child_process", "it starts no other programs", {
  functions: ["exec", "execFile", "execFileSync", "execSync", "fork", "spawn", "spawnSync", "_forkChild"],
  classes: ["ChildProcess"],
});

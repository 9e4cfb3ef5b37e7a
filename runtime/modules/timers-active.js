// The timers that wait: by the number of each, for clearTimeout(number) and process.getActiveResourcesInfo().
module.exports = { timeouts: new Map(), immediates: new Set() };

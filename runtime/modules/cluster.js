const EventEmitter = require("events");
module.exports = Object.assign(new EventEmitter(), require("refused").refuse("cluster", "it starts no other processes", {
  functions: ["fork", "disconnect", "setupMaster", "setupPrimary"],
  classes: ["Worker"],
  values: { isMaster: true, isPrimary: true, isWorker: false, schedulingPolicy: 2, settings: {}, workers: {}, SCHED_NONE: 1, SCHED_RR: 2 },
}));

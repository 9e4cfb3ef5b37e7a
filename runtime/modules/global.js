// The same for every execution: nothing of the machine.
class Navigator {
  get hardwareConcurrency() {
    return 1;
  }
  get language() {
    return "en-US";
  }
  get languages() {
    return Object.freeze(["en-US"]);
  }
  get platform() {
    return "linux";
  }
  get userAgent() {
    return "Tenon";
  }
}

module.exports = { global: globalThis, Navigator, navigator: new Navigator() };

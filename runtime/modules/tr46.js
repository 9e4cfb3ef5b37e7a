// What whatwg-url takes from the package of this name, by ICU (src/runtime/idna.c).
module.exports = {
  toASCII: (domain) => native.domainToASCII(domain),
  toUnicode: (domain) => ({ domain: native.domainToUnicode(domain) ?? domain, error: false }),
};

module.exports = { global: globalThis, navigator: { userAgent: "Tenon", hardwareConcurrency: 1, language: "en-US" } };

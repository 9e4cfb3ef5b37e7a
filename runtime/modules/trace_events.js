module.exports = { createTracing: () => ({ enable() {}, disable() {}, enabled: false, categories: "" }), getEnabledCategories: () => undefined };

// Evaluated once per realm with two native functions (log a line; a stored result as a value); gives what code blocks are called with.
// spec/context.md and spec/triggers-and-flows.md ("Trigger payload") name every property.
(function (log, revive) {
  "use strict";
  const at = (level) => (...args) => log(level, ...args);
  // Levels as in worker/protocol.h.
  const logger = {
    metric: at(6),
    trace: at(0),
    debug: at(1),
    info: at(2),
    log: at(2),
    warn: at(3),
    error: at(4),
  };

  // The SDK's helper object: switched off, as on the platform without its debug mode.
  const nothing = () => {};
  const debugHelper = {
    enabled: false,
    timeElapsed: { mark: nothing, measure: nothing },
    memoryUsage: nothing,
    results: { timeElapsed: { marks: {}, measurements: {} }, memoryUsage: [] },
  };

  // POSTs to another flow of the instance, as the platform's SDK does.
  const flowInvoker = (context) => async (flowName, data, config, source) => {
    const url = context.webhookUrls[flowName];
    if (url === undefined) throw new Error(`invokeFlow: this instance has no flow "${flowName}"`);
    const key = (context.webhookApiKeys[flowName] ?? [])[0];
    const frame = source === undefined ? context.executionFrame : { customSource: source };
    const headers = {
      "Content-Type": "application/json",
      "prismatic-invoked-by": JSON.stringify(frame),
      "prismatic-invoke-type": "Cross Flow",
      "prismatic-executionid": context.executionId,
      ...(key === undefined ? {} : { "Api-Key": key }),
      ...(config?.headers ?? {}),
    };
    const response = await fetch(url, {
      ...config,
      method: "POST",
      headers,
      body: JSON.stringify(data ?? {}),
    });
    const text = await response.text();
    let body = text;
    try {
      body = JSON.parse(text);
    } catch {
      // not JSON: the text itself
    }
    return { status: response.status, data: body };
  };

  // base: the instance's part, parsed anew for this execution; run: this execution's part.
  const makeContext = (base, run, states, stepId, stepName, action) => {
    const context = {
      logger,
      configVars: base.configVars,
      instanceState: states.instanceState,
      crossFlowState: states.crossFlowState,
      integrationState: states.integrationState,
      executionState: states.executionState,
      stepId,
      executionId: run.executionId,
      webhookUrls: base.webhookUrls,
      webhookApiKeys: base.webhookApiKeys,
      invokeUrl: run.invokeUrl,
      customer: base.customer,
      instance: base.instance,
      user: base.user,
      integration: base.integration,
      flow: run.flow,
      startedAt: run.startedAt,
      executionFrame: {
        invokedByExecutionJWT: "",
        invokedByExecutionStartedAt: run.startedAt,
        componentActionKey: action,
        executionId: run.executionId,
        executionStartedAt: run.startedAt,
        stepName,
        loopPath: "",
      },
      flowSchemas: base.flowSchemas ?? {},
      isSimulatedTestExecution: false,
      batch: { enabled: false },
      globalDebug: base.globalDebug ?? false,
      runnerAllocatedMemoryMb: base.runnerAllocatedMemoryMb,
      debug: debugHelper,
      invokeFlow: undefined,
      components: {},
    };
    context.invokeFlow = flowInvoker(context);
    return context;
  };

  const makePayload = (base, run, request, rawBody, body) => ({
    headers: request.headers ?? {},
    queryParameters: request.queryParameters ?? null,
    rawBody: request.rawBody ?? rawBody,
    body: request.body ?? body,
    pathFragment: request.pathFragment ?? "",
    webhookUrls: request.webhookUrls ?? base.webhookUrls,
    webhookApiKeys: request.webhookApiKeys ?? base.webhookApiKeys,
    invokeUrl: request.invokeUrl ?? run.invokeUrl,
    executionId: request.executionId ?? run.executionId,
    customer: request.customer ?? base.customer,
    instance: request.instance ?? base.instance,
    user: request.user ?? base.user,
    integration: request.integration ?? base.integration,
    flow: request.flow ?? run.flow,
    startedAt: request.startedAt ?? run.startedAt,
    globalDebug: request.globalDebug ?? base.globalDebug ?? false,
  });

  // A large result becomes a value only if the code looks at it.
  const makeLazyResult = (index) => ({
    get results() {
      const value = revive(index);
      Object.defineProperty(this, "results", {
        value,
        writable: true,
        enumerable: true,
        configurable: true,
      });
      return value;
    },
  });

  return { makeContext, makePayload, makeLazyResult };
})

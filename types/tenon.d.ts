// Types of what Tenon gives to a code block and takes back. Written by `tenon types`; do not edit.
//
// What a code block may use besides is Node's: the types of @types/node. The names of this integration are in
// tenon-env.d.ts beside this file, which fills Tenon.ConfigVars and Tenon.Flows.
//
//   /** @type {Tenon.Trigger} */
//   module.exports = async ({ logger, configVars }, payload) => ({ payload: payload.body.data });
//
//   /** @type {Tenon.Action<"Map Fields">} */
//   module.exports = async ({ logger, configVars }, stepResults) => ({ data: … });
//
//   export default (async ({ configVars }, stepResults) => ({ data: … })) satisfies Tenon.Action<"Map Fields">;

declare namespace Tenon {
  // --- the two functions ---

  /**
   * A code block. `Step` is the step's name as the definition has it: `stepResults` then holds the steps before it.
   * Where several flows have a step of that name, `Flow` says which one is meant.
   */
  type Action<Step extends StepName = any, Flow extends FlowName = FlowName> = Block<
    StepResultsBefore<Step, Flow>,
    ActionResult
  >;

  /** A code block trigger. */
  type Trigger = Block<Payload, TriggerResult>;

  /** `async` or not. Two types rather than one with either result: JSDoc's `@type` takes no other on an async function. */
  type Block<Input, Result> =
    | ((context: Context, input: Input) => Promise<Result | void>)
    | ((context: Context, input: Input) => Result | void);

  // --- the integration's own names ---

  /** The integration's config variables, by their exact names; filled by tenon-env.d.ts. */
  interface ConfigVars {}

  /** By flow and step: the results of the steps before it; filled by tenon-env.d.ts. */
  interface Flows {}

  type FlowName = keyof Flows extends never ? string : keyof Flows & string;
  type StepName = keyof Flows extends never ? string : { [Flow in keyof Flows]: keyof Flows[Flow] & string }[keyof Flows];

  /** The results that `Step` sees. Of a step that is not named, and without tenon-env.d.ts: any names. */
  type StepResultsBefore<Step, Flow> = 0 extends 1 & Step
    ? StepResults
    : keyof Flows extends never
      ? StepResults
      : Flow extends keyof Flows
        ? Step extends keyof Flows[Flow]
          ? Flows[Flow][Step]
          : never
        : never;

  interface StepResults {
    [step: string]: StepResult;
  }

  interface StepResult<Results = any> {
    /** What the step returned as `data`; of the trigger its `payload`. Null where the step has not run. */
    results: Results;
  }

  /** Of a loop, for the steps inside it. */
  interface LoopResult extends StepResult {
    currentItem: any;
    /** From 0. */
    index: number;
  }

  // --- the context ---

  interface Connections {
    /** Asks for a newer token, and gives the connection with it; rejects where a person must act. */
    refresh(name: string): Promise<Connection>;
  }

  interface Context {
    logger: Logger;
    /** Config variables by their exact names: `configVars["App Base URL"]`. */
    configVars: keyof ConfigVars extends never ? Record<string, any> : ConfigVars;
    connections: Connections;

    /** Of this execution, seen by its steps. */
    executionState: State;
    /** Of this flow of the instance, kept. */
    instanceState: State;
    /** Of all flows of the instance, kept. */
    crossFlowState: State;
    /** Of all instances of the integration, kept. */
    integrationState: State;

    executionId: string;
    stepId: string;
    /** ISO 8601, UTC. */
    startedAt: string;
    /** The URL that was called. */
    invokeUrl: string;
    /** By flow. */
    webhookUrls: Record<FlowName, string>;
    /** By flow; an empty list where there is none. */
    webhookApiKeys: Record<FlowName, string[]>;

    customer: Customer;
    instance: Instance;
    user: User;
    integration: Integration;
    flow: Flow;

    executionFrame: ExecutionFrame;
    flowSchemas: Record<string, unknown>;
    isSimulatedTestExecution?: boolean;
    batch?: { enabled: false } | { enabled: true; batchSize: number };
    globalDebug: boolean;
    runnerAllocatedMemoryMb: number;
    debug: Debug;
    /** Sends `data` to another flow of the instance. */
    invokeFlow(
      flowName: FlowName,
      data?: unknown,
      config?: { headers?: Record<string, string>; [option: string]: unknown },
      source?: string,
    ): Promise<{ status: number; data: any }>;
    /** Other components' actions: Tenon has none. */
    components: Record<string, unknown>;
  }

  /** Texts, numbers, objects: formatted as by Node's `util.format`. */
  interface Logger {
    trace(...values: unknown[]): void;
    debug(...values: unknown[]): void;
    info(...values: unknown[]): void;
    /** As `info`. */
    log(...values: unknown[]): void;
    warn(...values: unknown[]): void;
    error(...values: unknown[]): void;
    metric(...values: unknown[]): void;
  }

  /** What JSON can carry. Change it in place or return it under its name. */
  interface State {
    [key: string]: any;
  }

  interface Customer {
    id: string;
    externalId: string;
    name: string;
  }

  interface Instance {
    id: string;
    name: string;
  }

  interface User {
    id: string;
    email: string;
    name: string;
    externalId: string;
  }

  interface Integration {
    id: string;
    name: string;
    versionSequenceId: string;
    externalVersion: string;
  }

  interface Flow {
    id: string;
    name: string;
    stableId: string;
  }

  interface ExecutionFrame {
    invokedByExecutionJWT: string;
    invokedByExecutionStartedAt: string;
    componentActionKey?: string;
    executionId?: string;
    executionStartedAt?: string;
    stepName?: string;
    loopPath?: string;
    customSource?: string;
  }

  interface Debug {
    enabled: boolean;
    timeElapsed: {
      mark(context: Context, label: string): void;
      measure(context: Context, label: string, marks: { start: string; end: string }): void;
    };
    memoryUsage(context: Context, label: string, showDetail?: boolean): void;
    results: Record<string, unknown>;
  }

  // --- what comes in ---

  /** The request that started the execution. */
  interface Payload {
    /** With their names as they were sent; a look-up in lower case works as well. */
    headers: Record<string, string>;
    queryParameters: Record<string, string>;
    /** JSON parsed, text as text, multipart as an object of its parts, anything else as a Buffer. */
    body: { data: any; contentType?: string };
    /** Of the body, as `body.contentType`; null where there is none. */
    contentType?: string | null;
    /** The bytes as they came, for signatures. */
    rawBody: { data: any; contentType?: string };
    /** Behind the webhook's token, without the slash at its beginning. */
    pathFragment: string;
    invokeUrl: string;
    executionId: string;
    startedAt: string;
    webhookUrls: Record<FlowName, string>;
    webhookApiKeys: Record<FlowName, string[]>;
    customer: Customer;
    instance: Instance;
    user: User;
    integration: Integration;
    flow: Flow;
    globalDebug: boolean;
    /** Of a batching trigger, from its second page on. */
    paginationState?: Record<string, unknown>;
  }

  // --- what goes out ---

  interface States {
    executionState?: State;
    instanceState?: State;
    crossFlowState?: State;
    integrationState?: State;
  }

  interface ActionResult extends States {
    /** The step's result: what JSON can carry, and binary data anywhere in it. */
    data?: unknown;
    /** Of the answer, where this is the last step of a synchronous flow. */
    contentType?: string;
    statusCode?: number;
    headers?: Record<string, string>;
    /** In place of `data`: the body of the answer. */
    body?: string;
  }

  interface TriggerResult extends States {
    /** The trigger's result: what later steps see. */
    payload?: unknown;
    /** What the caller of an asynchronous flow gets. */
    response?: HttpResponse;
  }

  interface HttpResponse {
    statusCode?: number;
    contentType?: string;
    headers?: Record<string, string>;
    /** Left out, it is `{"executionId": "…"}`. */
    body?: string;
  }

  /** Binary data with its type, as `data` or anywhere in it. */
  interface BinaryData {
    data: Uint8Array;
    contentType: string;
  }

  // --- config variables ---

  interface KeyValue<Value = string> {
    key: string;
    value: Value;
  }

  interface Schedule {
    /** Cron; empty for none. */
    value: string;
    schedule_type: "none" | "once" | "custom" | "minute" | "hour" | "day" | "week";
    time_zone: string;
  }

  interface ObjectOrField {
    key: string;
    label?: string;
  }

  type ObjectSelection = { object: ObjectOrField; fields?: ObjectOrField[]; defaultSelected?: boolean }[];

  interface ObjectFieldMap {
    fields: {
      field: ObjectOrField;
      mappedObject?: ObjectOrField;
      mappedField?: ObjectOrField;
      defaultObject?: ObjectOrField;
      defaultField?: ObjectOrField;
    }[];
    options?: { object: ObjectOrField; fields: ObjectOrField[] }[];
  }

  // --- connections ---

  interface ConnectionOf<Key extends string, Fields> {
    /** The connection's type. */
    key: Key;
    /** The config variable that holds it. */
    configVarKey: string;
    fields: Fields;
  }

  interface OAuth2ConnectionOf<Key extends string, Fields> extends ConnectionOf<Key, Fields> {
    /** The token endpoint's answer, with everything that the provider put into it. Always the newest. */
    token: Token;
    /** About the token, such as when it expires. */
    context?: Record<string, any>;
  }

  interface Token {
    access_token: string;
    refresh_token?: string;
    token_type?: string;
    expires_in?: number;
    scope?: string;
    [extra: string]: any;
  }

  type ApiKeyConnection = ConnectionOf<"apiKey", { apiKey: string }>;
  type ApiKeySecretConnection = ConnectionOf<"apiKeySecret", { apiKey: string; apiSecret: string }>;
  type BasicConnection = ConnectionOf<"basic", { username: string; password: string }>;
  type PrivateKeyConnection = ConnectionOf<
    "privateKey",
    { username: string; privateKey: string; passphrase?: string }
  >;
  type AuthorizationCodeConnection = OAuth2ConnectionOf<
    "authorizationCode",
    {
      authorizeUrl: string;
      tokenUrl: string;
      scopes: string;
      clientId: string;
      clientSecret: string;
      headers?: KeyValue[];
    }
  >;
  type ClientCredentialsConnection = OAuth2ConnectionOf<
    "clientCredentials",
    { tokenUrl: string; scopes: string; clientId: string; clientSecret: string; headers?: KeyValue[] }
  >;

  /** A connection of another component. */
  interface OtherConnection extends ConnectionOf<string, Record<string, any>> {
    token?: Token;
    context?: Record<string, any>;
  }

  type Connection =
    | ApiKeyConnection
    | ApiKeySecretConnection
    | BasicConnection
    | PrivateKeyConnection
    | AuthorizationCodeConnection
    | ClientCredentialsConnection;
}

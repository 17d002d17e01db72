/** The part of Node-RED's interface that these nodes use: it has no types of its own. */
export interface NodeRed {
  readonly nodes: {
    createNode(node: NodeRedNode, config: object): void;
    getNode(id: string): NodeRedNode | null;
    registerType(
      type: string,
      construct: NodeConstructor,
      options?: { readonly credentials?: Readonly<Record<string, { readonly type: "text" | "password" }>> },
    ): void;
  };
  readonly httpAdmin: {
    get(path: string, ...handlers: readonly ((request: HttpRequest, response: HttpResponse) => void)[]): void;
  };
  readonly auth: {
    needsPermission(permission: string): (request: HttpRequest, response: HttpResponse) => void;
  };
  /** A text of the node's own catalogue, in the language of the server. */
  _(key: string, values?: Readonly<Record<string, unknown>>): string;
}

interface HttpRequest {
  readonly params: Readonly<Record<string, string>>;
}

interface HttpResponse {
  status(code: number): HttpResponse;
  json(value: unknown): void;
}

export interface NodeStatus {
  readonly fill?: "red" | "green" | "yellow" | "blue" | "grey";
  readonly shape?: "ring" | "dot";
  readonly text?: string;
}

/** A message of a flow. */
export interface FlowMessage {
  payload?: unknown;
  topic?: unknown;
  [property: string]: unknown;
}

export type Send = (messages: FlowMessage | readonly (FlowMessage | null)[]) => void;
/** Ends the work on a message; with an error, Catch nodes get it. */
type Done = (error?: Error) => void;

export interface NodeRedNode {
  readonly id: string;
  readonly type: string;
  readonly credentials?: Readonly<Record<string, string | undefined>>;
  readonly send: Send;
  status(status: NodeStatus): void;
  warn(text: string): void;
  error(text: string): void;
  on(event: "input", listener: (message: FlowMessage, send: Send, done: Done) => void): void;
  on(event: "close", listener: (removed: boolean, done: () => void) => void): void;
}

export type NodeConstructor<Config = never> = (this: NodeRedNode, config: Config) => void;

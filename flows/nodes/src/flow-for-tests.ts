import { EventEmitter, on, once } from "node:events";
import { createRequire } from "node:module";
import type { TestContext } from "node:test";
import { configSchema, type RunningBroker, start } from "@meanet/broker";
import { createLog } from "@meanet/runtime";
import { MqttSession, mqttConfigSchema } from "@meanet/session";
import { waitUntil } from "@meanet/session/testing";
import type { z } from "zod";
import type { FlowMessage, NodeRed, NodeRedNode, NodeStatus } from "./node-red.ts";

const require = createRequire(import.meta.url);
const log = createLog("flow-test", "silent");

/** The part of node-red-node-test-helper that these tests use. */
interface NodeTestHelper {
  init(runtimePath: string): void;
  startServer(): Promise<void>;
  stopServer(): Promise<void>;
  load(
    nodes: readonly ((RED: NodeRed) => unknown)[],
    flow: readonly FlowNode[],
    credentials?: Readonly<Record<string, Readonly<Record<string, string>>>>,
  ): Promise<void>;
  /** Its own `setFlows` gives the runtime 300 ms. */
  readonly _redNodes: {
    setFlows(flow: readonly FlowNode[], credentials: object, type: string): Promise<void>;
  };
  readonly _events: EventEmitter;
  unload(): Promise<void>;
  request(): { get(path: string): PromiseLike<{ readonly status: number; readonly body: unknown }> };
  getNode(id: string): (NodeRedNode & EventEmitter & Spied) | null;
}

/** Methods of a node keep their calls. */
interface Spied {
  readonly status: {
    getCalls(): readonly { readonly thisValue: unknown; readonly args: readonly [NodeStatus] }[];
  };
}

/** A node of a flow, as the editor writes it down. */
export interface FlowNode {
  readonly id: string;
  readonly type: string;
  readonly [property: string]: unknown;
}

export type NodeRedVersion = "4" | "5";

/** A Node-RED runtime with our nodes, for one test. */
export class FlowBench {
  readonly #helper: NodeTestHelper;

  private constructor(helper: NodeTestHelper) {
    this.#helper = helper;
  }

  /**
   * Deploys a flow. Nodes that it names by type are loaded from `palette/`; `inbox` is a node that takes whatever comes.
   *
   * @param flow - without the tab
   */
  static async deploy(
    context: TestContext,
    version: NodeRedVersion,
    flow: readonly FlowNode[],
    credentials: Readonly<Record<string, Readonly<Record<string, string>>>> = {},
  ): Promise<FlowBench> {
    const { NodeTestHelper } = require("node-red-node-test-helper") as {
      NodeTestHelper: new () => NodeTestHelper;
    };
    const helper = new NodeTestHelper();
    helper.init(require.resolve(version === "5" ? "node-red" : "node-red-4"));
    await helper.startServer();
    const types = [...new Set(flow.map(({ type }) => type))];
    const names = types.flatMap((type) => /^meanet-(.+)$/.exec(type)?.[1] ?? []);
    const nodes = names.map((name) => require(`../palette/${name}.js`) as (RED: NodeRed) => unknown);
    const bench = new FlowBench(helper);
    context.after(async () => {
      await helper.unload();
      await helper.stopServer();
    });
    await helper.load(nodes, withTab(flow), credentials);
    return bench;
  }

  /** Of the editor's own HTTP. */
  async get(path: string): Promise<{ readonly status: number; readonly body: unknown }> {
    const response = await this.#helper.request().get(path);
    return { status: response.status, body: response.body };
  }

  /** Deploys another flow in place of the one before. */
  async redeploy(flow: readonly FlowNode[], type: "full" | "nodes"): Promise<void> {
    const started = once(this.#helper._events, "flows:started");
    await this.#helper._redNodes.setFlows(withTab(flow), {}, type);
    await started;
  }

  node(id: string): NodeRedNode & EventEmitter & Spied {
    const node = this.#helper.getNode(id);
    if (node === null) throw new Error(`the flow has no node ${id}`);
    return node;
  }

  /** What arrives at a node of type `helper`, from now on. */
  inbox(id: string): Inbox {
    return new Inbox(this.node(id));
  }

  /** The status of a node, once it is as wished; what it said last counts too. */
  async status(id: string, wished: (status: NodeStatus) => boolean): Promise<NodeStatus> {
    const node = this.node(id);
    const controller = new AbortController();
    const news = on(node, "call:status", { signal: controller.signal });
    try {
      for (;;) {
        const last = node.status.getCalls().findLast(({ thisValue }) => thisValue === node)?.args[0];
        if (last !== undefined && wished(last)) return last;
        await news.next();
      }
    } finally {
      controller.abort();
    }
  }

  /** Hands a message to a node; resolves when the node is done, and rejects with the error that Catch nodes get. */
  async send(id: string, message: FlowMessage): Promise<void> {
    const node = this.node(id);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const called = (call: { readonly args: readonly [unknown, FlowMessage | undefined] }) => {
      if (call.args[1]?._msgid !== msgid) return;
      reject(call.args[0] instanceof Error ? call.args[0] : new Error(String(call.args[0])));
    };
    const msgid = `test-${Math.random()}`;
    node.on("call:error", called);
    const finished = watchCompletion(node, msgid, resolve);
    try {
      (node as unknown as { receive(message: FlowMessage): void }).receive({ ...message, _msgid: msgid });
      await promise;
    } finally {
      finished();
      node.off("call:error", called);
    }
  }
}

/** Node-RED calls `_complete` when a node calls `done`. */
function watchCompletion(node: object, msgid: string, resolve: () => void): () => void {
  const completing = node as { _complete(message: FlowMessage, error?: unknown): void };
  const complete = completing._complete.bind(node);
  completing._complete = (message, error) => {
    complete(message, error);
    if (message._msgid === msgid && error === undefined) resolve();
  };
  return () => {
    completing._complete = complete;
  };
}

function withTab(flow: readonly FlowNode[]): FlowNode[] {
  const inTab = flow.map((node) => (node.type === "meanet-connection" ? node : { ...node, z: "tab" }));
  return [{ id: "tab", type: "tab", label: "test" }, ...inTab];
}

/** Messages at the end of a flow, in their order. */
export class Inbox {
  readonly messages: FlowMessage[] = [];
  readonly #news = new EventEmitter();

  constructor(node: NodeRedNode) {
    node.on("input", (message, _, done) => {
      this.messages.push(message);
      this.#news.emit("message");
      done();
    });
  }

  /** Resolves with the messages once there are so many. */
  async until(count: number): Promise<readonly FlowMessage[]> {
    if (this.messages.length >= count) return this.messages;
    for await (const _ of on(this.#news, "message")) if (this.messages.length >= count) break;
    return this.messages;
  }
}

export interface SiteBroker {
  readonly url: string;
  readonly port: number;
  /** Resolves once it has so many clients. */
  hasClients(count: number): Promise<void>;
  stop(): Promise<void>;
}

/** Our broker, on a port of this machine. */
export async function startBroker(
  context: TestContext,
  settings: z.input<typeof configSchema> = {},
  port = 0,
): Promise<SiteBroker> {
  const config = configSchema.parse({ ...settings, listeners: { tcp: { port } } });
  const running: RunningBroker = await start(config, { log });
  context.after(() => running.stop());
  const address = running.addresses.tcp!;
  return {
    url: `mqtt://127.0.0.1:${address.port}`,
    port: address.port,
    async hasClients(count) {
      const clients = async () => {
        const text = await (await fetch(`${running.http!.url}/metrics`)).text();
        return Number(/^meanet_broker_clients(?:\{.*\})? (\d+)$/m.exec(text)?.[1]);
      };
      await waitUntil(`the broker has ${count} clients`, clients, (now) => now === count);
    },
    stop: () => running.stop(),
  };
}

/** Another party at the broker: an edge node, as far as the nodes see one. */
export async function connectPeer(
  context: TestContext,
  url: string,
  prepare: (session: MqttSession) => void = () => undefined,
  node = "edge-1",
): Promise<MqttSession> {
  const session = new MqttSession({
    mqtt: mqttConfigSchema.parse({ url }),
    ...{ node, site: "lab", log },
    status: { kind: "edge", version: "1.0.0", models: ["toy@1.0.0"] },
  });
  prepare(session);
  await session.connect();
  context.after(() => session.close());
  return session;
}

/** The connection node of a test's flow. */
export function connection(url: string, changes: Readonly<Record<string, unknown>> = {}): FlowNode {
  return {
    ...{ id: "site", type: "meanet-connection", name: "", url, site: "lab", topicPrefix: "meanet/v1" },
    ...{ clientId: "", tls: "", recorder: "" },
    ...changes,
  };
}

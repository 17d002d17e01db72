import type { Topic, TopicParams } from "@meanet/protocol";
import type { BrokerLink } from "./broker-link.ts";
import type { ConnectionNode } from "./connection-node.ts";
import type { NodeRed, NodeRedNode, NodeStatus } from "./node-red.ts";
import type { Arrived } from "./subscriptions.ts";

/** Texts that all nodes share stand in the catalogue of the connection. */
const SHARED = "@meanet/node-red/meanet-connection:status";

/** A node's part in its connection: shows in the node's status how it stands, and ends with the node. */
export class Attachment {
  readonly link: BrokerLink;
  readonly #RED: NodeRed;
  readonly #node: NodeRedNode;
  readonly #whenConnected: () => NodeStatus;
  readonly #ends: (() => void)[] = [];

  constructor(RED: NodeRed, node: NodeRedNode, link: BrokerLink, whenConnected: () => NodeStatus) {
    this.#RED = RED;
    this.#node = node;
    this.link = link;
    this.#whenConnected = whenConnected;
    node.on("close", (_, done) => {
      for (const end of this.#ends.splice(0)) end();
      done();
    });
    this.atEnd(link.onState(() => this.show()));
  }

  /** Shows the state of the connection or, while all is well, the node's own. */
  show(): void {
    this.#node.status(this.#status());
  }

  subscribe<P extends string, T>(
    topic: Topic<P, T>,
    params: Partial<TopicParams<P>>,
    handler: (message: Arrived<P, T>) => void,
  ): void {
    this.atEnd(this.link.subscribe(topic, params, handler));
  }

  /** Calls `end` when the node is closed. */
  atEnd(end: () => void): void {
    this.#ends.push(end);
  }

  #status(): NodeStatus {
    switch (this.link.state) {
      case "connected":
        return this.#whenConnected();
      case "denied":
        return { fill: "red", shape: "ring", text: this.#RED._(`${SHARED}.denied`) };
      case "rejected":
        return { fill: "red", shape: "ring", text: this.#RED._(`${SHARED}.rejected`) };
      case "connecting":
        return { fill: "yellow", shape: "ring", text: this.#RED._(`${SHARED}.connecting`) };
      case "closed":
        return {};
    }
  }
}

/**
 * Joins a node to the connection that its configuration names.
 *
 * @param whenConnected - the node's status while all is well
 * @returns undefined when there is no such connection or its configuration does not fit: the node's status then says so
 */
export function attach(
  RED: NodeRed,
  node: NodeRedNode,
  connectionId: string,
  whenConnected: () => NodeStatus,
): Attachment | undefined {
  const connection = RED.nodes.getNode(connectionId) as ConnectionNode | null;
  if (connection?.link === undefined) {
    node.status({ fill: "red", shape: "ring", text: RED._(`${SHARED}.unconfigured`) });
    return undefined;
  }
  return new Attachment(RED, node, connection.link, whenConnected);
}

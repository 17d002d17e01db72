import { DEFAULT_TOPIC_PREFIX, isId } from "@meanet/protocol";
import { MeanetError, reasonOf } from "@meanet/runtime/error";
import type { IClientOptions } from "mqtt";
import { BrokerLink, type LinkOptions } from "./broker-link.ts";
import type { NodeConstructor, NodeRed, NodeRedNode } from "./node-red.ts";
import { listQueries } from "./recorder.ts";

export interface ConnectionConfig {
  readonly url: string;
  readonly site: string;
  readonly topicPrefix: string;
  readonly clientId: string;
  /** Id of a `tls-config` node, or nothing. */
  readonly tls: string;
  /** `http://127.0.0.1:8082`, or nothing. */
  readonly recorder: string;
}

/** What the nodes of a flow find under the id of their connection. */
export interface ConnectionNode extends NodeRedNode {
  /** Undefined when the configuration does not fit; the node then has told so. */
  link?: BrokerLink;
  recorder?: string;
}

/** Node-RED's own node for certificates. */
interface TlsNode extends NodeRedNode {
  readonly valid: boolean;
  addTLSOptions(options: IClientOptions): IClientOptions;
}

/** The shared connection: one MQTT client for all nodes that name it. */
export function connectionNode(RED: NodeRed): NodeConstructor<ConnectionConfig> {
  return function (this: ConnectionNode, config) {
    RED.nodes.createNode(this, config);
    this.recorder = config.recorder?.trim().replace(/\/+$/, "") ?? "";
    try {
      const link = new BrokerLink({
        ...linkOptions(this, config),
        ...tlsOptions(RED, config),
        onTrouble: (error) => this.warn(error.message),
      });
      this.link = link;
      this.on("close", (_, done) => {
        void link.close().finally(done);
      });
    } catch (error) {
      this.error(reasonOf(error));
    }
  };
}

/** `GET /meanet/connections/{id}/queries`: what the recorder of a deployed connection can be asked, for the editor. */
export function serveQueries(RED: NodeRed): void {
  RED.httpAdmin.get(
    "/meanet/connections/:id/queries",
    RED.auth.needsPermission("flows.read"),
    ({ params }, response) => {
      const connection = RED.nodes.getNode(params.id ?? "") as ConnectionNode | null;
      if (connection?.type !== "meanet-connection") {
        response.status(404).json({ error: "not deployed" });
        return;
      }
      listQueries(connection.recorder).then(
        (queries) => response.json(queries),
        (error: Error & { code?: string }) =>
          response.status(502).json({ error: error.message, code: error.code }),
      );
    },
  );
}

function linkOptions(
  { id, credentials }: NodeRedNode,
  config: ConnectionConfig,
): Omit<LinkOptions, "onTrouble"> {
  const url = config.url?.trim() ?? "";
  if (!/^(mqtts?|wss?):\/\/[^/]/.test(url)) {
    throw invalid(`broker ${JSON.stringify(url)} must be a URL such as mqtt://127.0.0.1:1883`);
  }
  const site = config.site?.trim() ?? "";
  if (!isId(site)) {
    throw invalid(`site ${JSON.stringify(site)} must be 1 to 64 of a-z, 0-9 and "-"`);
  }
  const { user, password } = credentials ?? {};
  return {
    url,
    site,
    topicPrefix: config.topicPrefix?.trim() || DEFAULT_TOPIC_PREFIX,
    // Of the same flow in two Node-REDs, both must be able to connect.
    clientId: config.clientId?.trim() || `node-red-${id}-${Math.random().toString(36).slice(2, 8)}`,
    ...(user ? { username: user } : {}),
    ...(password ? { password } : {}),
  };
}

function tlsOptions(RED: NodeRed, { url, tls }: ConnectionConfig): { readonly tls?: IClientOptions } {
  if (!tls) return {};
  if (!/^(mqtts|wss):/.test(url.trim())) {
    throw invalid(
      `the broker's URL must begin with mqtts:// or wss:// when TLS is configured, received ${url}`,
    );
  }
  const node = RED.nodes.getNode(tls) as TlsNode | null;
  if (node?.valid !== true)
    throw invalid("the TLS configuration is missing or not valid: see its own message");
  return { tls: node.addTLSOptions({}) };
}

function invalid(message: string): MeanetError {
  return new MeanetError("CONFIG_INVALID", message);
}

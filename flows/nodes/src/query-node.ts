import { MeanetError } from "@meanet/runtime/error";
import type { ConnectionNode } from "./connection-node.ts";
import type { FlowMessage, NodeConstructor, NodeRed } from "./node-red.ts";
import { onInput, textOf } from "./on-input.ts";
import { askQuery, type QueryTable } from "./recorder.ts";

export interface QueryConfig {
  readonly connection: string;
  /** Left empty, `msg.query` says. */
  readonly query: string;
  readonly since: string;
  readonly until: string;
  readonly by: string;
  readonly interval: string;
  /** `objects`: an object for each row; `table`: as the recorder answers. */
  readonly format: "objects" | "table";
}

const TIMEOUT_MS = 30_000;

/** Asks the recorder a named monitoring query. */
export function queryNode(RED: NodeRed): NodeConstructor<QueryConfig> {
  return function (config) {
    RED.nodes.createNode(this, config);
    const connection = RED.nodes.getNode(config.connection) as ConnectionNode | null;
    const closing = new AbortController();
    this.on("close", (_, done) => {
      closing.abort();
      done();
    });
    this.status({});

    onInput(this, connection ?? undefined, async ({ recorder }, message, send) => {
      const name = textOf(config.query, message.query);
      if (name === undefined) {
        throw new MeanetError("QUERY_INVALID", "no query is chosen, and msg.query names none");
      }
      this.status({ fill: "blue", shape: "ring", text: name });
      const signal = AbortSignal.any([closing.signal, AbortSignal.timeout(TIMEOUT_MS)]);
      let table: QueryTable;
      try {
        table = await askQuery(recorder, name, optionsOf(config, message), signal);
      } catch (error) {
        this.status({ fill: "red", shape: "ring", text: RED._("status.failed", { name }) });
        throw error;
      }
      const rows = table.rows.length;
      this.status({ fill: "green", shape: "dot", text: RED._("status.rows", { name, rows }) });
      message.payload = config.format === "table" ? table : objectsOf(table);
      Object.assign(message, { query: name, columns: table.columns });
      message.range = { since: table.since, until: table.until };
      send(message);
    });
  };
}

/** What stands in the dialog, and what the message says where it does not. */
function optionsOf(config: QueryConfig, message: FlowMessage): Record<string, string> {
  const options: Record<string, string> = {};
  for (const name of ["since", "until", "by", "interval"] as const) {
    const value = textOf(config[name], message[name]);
    if (value !== undefined && value !== "") options[name] = value;
  }
  // No field of the dialog: a connection is to one site, and its recorder seldom records others.
  const site = textOf(undefined, message.site);
  if (site !== undefined && site !== "") options.site = site;
  return options;
}

function objectsOf({ columns, rows }: QueryTable): Record<string, string | number | null>[] {
  return rows.map((row) => Object.fromEntries(columns.map((column, index) => [column, row[index] ?? null])));
}

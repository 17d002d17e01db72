import type { PartNode } from "./page.ts";
import { CONNECTION, functionNode, template } from "./parts.ts";

/** A query of a page: asked of the recorder each time somebody looks. */
export interface Wanted {
  /** Names the answer. */
  readonly name: string;
  readonly query: string;
  readonly by?: string;
  /** One row for each interval of the time shown. */
  readonly overTime?: boolean;
}

/** What a page in a browser sends while somebody looks at it. */
interface Look {
  /** How long before now the time shown begins. */
  readonly spanMs: number;
  /** The time shown while it is held. */
  readonly held: { readonly since: number; readonly until: number } | null;
}

export interface Rows {
  readonly [column: string]: string | number | null;
}

/** What came of looking, for one browser; what every panel is made of. */
export interface Seen {
  readonly since: number;
  readonly until: number;
  readonly intervalMs: number;
  /** Rows of each answered query, by its name. */
  readonly answers: Readonly<Record<string, readonly Rows[]>>;
  /** Why a query was not answered, by its name. */
  readonly troubles: Readonly<Record<string, string>>;
  /** Set when the recorder did not answer at all. */
  readonly recorder: string | null;
  readonly broker: string;
}

/** A message on its way round: the queries are asked one after the other, so that one page never crowds others out. */
export interface AskMessage {
  topic?: string;
  payload?: unknown;
  wanted?: readonly Wanted[];
  asked?: Wanted;
  left?: Wanted[];
  seen?: Seen;
  query?: string;
  by?: string;
  since?: number;
  until?: number;
  interval?: string;
  error?: { readonly message: string; readonly code?: string };
}

interface FlowContext {
  get(key: string): unknown;
}

/**
 * Asks the next query (first output), or gives what was seen (second output). Comes first with what a page sends, then with
 * each answer, or with the error that a Catch node has of it.
 */
export function askNext(msg: AskMessage, flow: FlowContext): [AskMessage | null, AskMessage | null] {
  if (msg.asked === undefined) {
    const { spanMs, held } = msg.payload as Look;
    const until = held === null ? Date.now() : held.until;
    const since = held === null ? until - spanMs : held.since;
    // Some sixty bars, of a length that people count in.
    const lengths = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 86400];
    const wish = (until - since) / 60_000;
    const seconds = lengths.find((length) => length >= wish) || 86400;
    const broker = (flow.get("broker") as string | undefined) || "connecting";
    msg.left = [...(msg.wanted || [])];
    msg.seen = {
      ...{ since, until, intervalMs: seconds * 1000 },
      ...{ answers: {}, troubles: {}, recorder: null, broker },
    };
  } else {
    const { name } = msg.asked;
    const seen = msg.seen as Seen;
    const failed = msg.error;
    const why = (failed?.message ?? "").replace(/^MeanetError: /, "");
    if (failed === undefined) {
      msg.seen = { ...seen, answers: { ...seen.answers, [name]: msg.payload as Rows[] } };
    } else if (failed.code === "RECORDER_UNREACHABLE" || failed.code === "CONFIG_INVALID") {
      msg.seen = { ...seen, recorder: why };
      msg.left = [];
    } else {
      msg.seen = { ...seen, troubles: { ...seen.troubles, [name]: why } };
    }
  }
  const { seen } = msg;
  const [next, ...left] = msg.left || [];
  for (const key of ["error", "query", "by", "since", "until", "interval", "columns", "range"]) {
    delete (msg as Record<string, unknown>)[key];
  }
  if (seen === undefined || next === undefined) {
    return [null, { ...msg, payload: seen as unknown }];
  }
  const asking = { ...msg, asked: next, left, query: next.query, since: seen.since, until: seen.until };
  if (next.by !== undefined) asking.by = next.by;
  if (next.overTime) asking.interval = `${seen.intervalMs}ms`;
  return [asking, null];
}

/** Notes down how the connection to the broker stands, from the status of one of our nodes. */
export function noteBroker(
  msg: { status: { fill?: string; shape?: string } },
  flow: { set(key: string, value: unknown): void },
): null {
  const { fill, shape } = msg.status;
  const state =
    shape === "ring" && fill === "yellow"
      ? "connecting"
      : fill === "red" && shape === "ring"
        ? "denied"
        : "connected";
  flow.set("broker", state);
  return null;
}

/**
 * What each page begins with: choosing the time, looking while somebody looks, asking the recorder, telling what is away.
 *
 * @param watched - name of the page's node whose status tells of the broker
 * @param panels - names of the nodes that make something of {@link Seen}
 * @param timed - whether a time can be chosen; else only the connections are shown
 */
export function asking(
  group: string,
  wanted: readonly Wanted[],
  watched: string,
  panels: readonly string[],
  timed = true,
): Record<string, PartNode> {
  return {
    window: template(group, "base/window.vue", [["wanted"]], timed ? "" : "meanet-untimed"),
    wanted: {
      type: "change",
      rules: [{ t: "set", p: "wanted", pt: "msg", to: JSON.stringify(wanted), tot: "json" }],
      to: [["ask-next"]],
    },
    "ask-next": functionNode(askNext, [["query"], ["window", ...panels]]),
    query: {
      ...{
        type: "meanet-query",
        connection: CONNECTION,
        query: "",
        since: "",
        until: "",
        by: "",
        interval: "",
      },
      ...{ format: "objects", to: [["ask-next"]] },
    },
    "query-failed": { type: "catch", scope: ["query"], uncaught: false, to: [["ask-next"]] },
    "broker-state": { type: "status", scope: [watched], to: [["note-broker"]] },
    "note-broker": functionNode(noteBroker, [[]]),
  };
}

import type { PartNode } from "./page.ts";
import { CONNECTION, functionNode, template } from "./parts.ts";
import { noRecorderText } from "./texts.ts";

/** A named query of a page: asked of the recorder each time somebody looks. */
interface WantedQuery {
  /** Names the answer. */
  readonly name: string;
  readonly query: string;
  readonly by?: string;
  /** One row for each interval of the time shown. */
  readonly overTime?: boolean;
}

/** A list of the recorder's that is no query, whatever the time shown. */
interface WantedList {
  readonly name: string;
  /** `/trainings?limit=100`; the site is added. */
  readonly path: string;
}

export type Wanted = WantedQuery | WantedList;

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
  /** Each answered list, by its name. */
  readonly lists: Readonly<Record<string, readonly unknown[]>>;
  /** Why a query was not answered, by its name. */
  readonly troubles: Readonly<Record<string, string>>;
  /** Set when the recorder did not answer at all, or none is configured: a sentence on it. */
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
  site?: string;
  since?: number;
  until?: number;
  interval?: string;
  url?: string;
  requestTimeout?: number;
  /** Of the answer to a list. */
  statusCode?: number;
  error?: { readonly message: string; readonly code?: string };
}

interface FlowContext {
  get(key: string): unknown;
}

interface Environment {
  get(name: string): string | undefined;
}

/**
 * Asks the next query (first output) or list (third output), or gives what was seen (second output). Comes first with what a page
 * sends, then with each answer, or with the error that a Catch node has of it.
 */
export function askNext(
  msg: AskMessage,
  flow: FlowContext,
  env: Environment,
): [query: AskMessage | null, seen: AskMessage | null, list: AskMessage | null] {
  if (msg.asked === undefined) {
    const { spanMs, held } = msg.payload as Look;
    const until = held === null ? Date.now() : held.until;
    const since = held === null ? until - spanMs : held.since;
    // Some sixty bars, of a length that people count in.
    const lengths = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 43200, 86400];
    const wish = (until - since) / 60_000;
    const seconds = lengths.find((length) => length >= wish) || 604800;
    const broker = (flow.get("broker") as string | undefined) || "connecting";
    msg.left = [...(msg.wanted || [])];
    msg.seen = {
      ...{ since, until, intervalMs: seconds * 1000 },
      ...{ answers: {}, lists: {}, troubles: {}, recorder: null, broker },
    };
  } else {
    const { name } = msg.asked;
    const isList = "path" in msg.asked;
    const hasRecorder = Boolean(env.get("MEANET_RECORDER_URL"));
    const seen = msg.seen as Seen;
    const failed = failureOf(msg);
    const why = (failed?.message ?? "").replace(/^MeanetError: /, "");
    if (failed === undefined && isList) {
      msg.seen = { ...seen, lists: { ...seen.lists, [name]: msg.payload as unknown[] } };
    } else if (failed === undefined) {
      msg.seen = { ...seen, answers: { ...seen.answers, [name]: msg.payload as Rows[] } };
    } else if (failed.code === "RECORDER_UNREACHABLE" || failed.code === "CONFIG_INVALID") {
      const isNone = failed.code === "CONFIG_INVALID" && !hasRecorder;
      msg.seen = { ...seen, recorder: isNone ? noRecorderText() : `The recorder is away: ${why}` };
      msg.left = [];
    } else {
      msg.seen = { ...seen, troubles: { ...seen.troubles, [name]: why } };
    }
  }
  const { seen } = msg;
  const [next, ...left] = msg.left || [];
  const over = (payload: Seen | undefined): AskMessage => {
    // All that stays goes to browsers with every widget.
    const { wanted: _wanted, asked: _asked, left: _left, seen: _seen, ...rest } = msg;
    return { ...rest, payload };
  };
  // What an answer brought: headers would go out with the next request.
  for (const key of [
    ...["error", "query", "by", "site", "since", "until", "interval", "columns", "range"],
    ...["url", "requestTimeout", "statusCode", "headers", "responseUrl", "redirectList", "responseCookies"],
  ]) {
    delete (msg as Record<string, unknown>)[key];
  }
  if (seen === undefined || next === undefined) {
    return [null, over(seen), null];
  }
  if ("path" in next) {
    const recorder = (env.get("MEANET_RECORDER_URL") || "").replace(/\/$/, "");
    if (recorder === "") {
      return [null, over({ ...seen, recorder: noRecorderText() }), null];
    }
    const url = `${recorder}${next.path}&site=${encodeURIComponent(env.get("MEANET_SITE") || "")}`;
    return [null, null, { ...msg, asked: next, left, url, requestTimeout: 15_000 }];
  }
  const asking = { ...msg, asked: next, left, query: next.query, since: seen.since, until: seen.until };
  const site = env.get("MEANET_SITE");
  if (site) asking.site = site;
  if (next.by !== undefined) asking.by = next.by;
  if (next.overTime) asking.interval = `${seen.intervalMs}ms`;
  return [asking, null, null];
}

/** Why a query or list was not answered; undefined when it was. */
function failureOf({ asked, error, statusCode, payload }: AskMessage): AskMessage["error"] {
  if (asked === undefined || !("path" in asked)) return error;
  if (error !== undefined) {
    return { code: "RECORDER_UNREACHABLE", message: "no answer: check that it runs, and its URL" };
  }
  if (statusCode === 200) return undefined;
  const { reason = `status ${statusCode}` } = (payload || {}) as { reason?: string };
  return { message: `the recorder refused: ${reason}` };
}

/** The time line tells of lists that they came, not what is in them. */
export function withoutLists(msg: { payload: Seen }): object {
  const lists = Object.fromEntries(Object.keys(msg.payload.lists).map((name) => [name, []]));
  return { ...msg, payload: { ...msg.payload, lists } };
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

const listNode: PartNode = {
  ...{ type: "http request", method: "GET", ret: "obj", paytoqs: "ignore", url: "", tls: "", persist: false },
  // Errors go to the Catch node, and nowhere else.
  ...{ proxy: "", insecureHTTPParser: false, authType: "", senderr: true, headers: [] },
  to: [["ask-next"]],
};

/**
 * What each page begins with: choosing the time, looking while somebody looks, asking the recorder, telling what is away.
 *
 * @param watched - name of the page's node whose status tells of the broker
 * @param panels - names of the nodes that make something of {@link Seen}
 * @param longest - the longest time that can be chosen: a year where all is answered from roll-ups; none: only the connections are shown
 */
export function asking(
  group: string,
  wanted: readonly Wanted[],
  watched: string,
  panels: readonly string[],
  longest: "none" | "week" | "year" = "week",
): Record<string, PartNode> {
  const lists: Record<string, PartNode> = wanted.some((one) => "path" in one) ? { list: listNode } : {};
  return {
    window: template(
      ...([group, "base/window.vue", [["wanted"]]] as const),
      longest === "none" ? "meanet-untimed" : "",
      { long: longest === "year" },
    ),
    wanted: {
      type: "change",
      rules: [{ t: "set", p: "wanted", pt: "msg", to: JSON.stringify(wanted), tot: "json" }],
      to: [["ask-next"]],
    },
    "ask-next": functionNode(
      askNext,
      [["query"], ["without-lists", ...panels], Object.keys(lists)],
      [failureOf, noRecorderText],
    ),
    "without-lists": functionNode(withoutLists, [["window"]]),
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
    ...lists,
    "query-failed": {
      type: "catch",
      scope: ["query", ...Object.keys(lists)],
      uncaught: false,
      to: [["ask-next"]],
    },
    "broker-state": { type: "status", scope: [watched], to: [["note-broker"]] },
    "note-broker": functionNode(noteBroker, [[]]),
  };
}

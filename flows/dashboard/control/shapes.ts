import { bytesText, joulesText, shareText } from "../texts.ts";

interface Context {
  get(key: string): unknown;
  set(key: string, value: unknown): void;
}

interface State {
  readonly value: string | number;
  readonly error: string | null;
  readonly at: number;
}

type States = Readonly<Record<string, Readonly<Record<string, State>>>>;

/** What all edge nodes have told of their settings, for whoever looks. */
export function controlState(msg: object, flow: Pick<Context, "get">): object {
  return { ...msg, payload: { edges: (flow.get("states") ?? {}) as States } };
}

/** Keeps a state, and tells it: as an answer to whoever wished, else to everyone. */
export function keepState(
  msg: { edge: string; setting: string; state: State; _client?: object },
  flow: Context,
): object {
  const states = (flow.get("states") ?? {}) as States;
  const { edge, setting, state } = msg;
  const edges = { ...states, [edge]: { ...states[edge], [setting]: state } };
  flow.set("states", edges);
  const answer = msg._client === undefined ? null : { edge, setting, error: state.error };
  return { ...msg, payload: { edges, answer } };
}

export function controlFailed(
  msg: { edge: string; topic: string; error: { message: string } },
  flow: Pick<Context, "get">,
): object {
  const error = msg.error.message.replace(/^MeanetError: /, "");
  const edges = (flow.get("states") ?? {}) as States;
  return { ...msg, payload: { edges, answer: { edge: msg.edge, setting: msg.topic, error } } };
}

/** Where the recorder tells what other thresholds would have come to, on the frames of one edge node of this site. */
export function whatIfUrl(
  msg: { payload: { edge: string; spanMs: number } },
  _flow: unknown,
  env: { get(name: string): string | undefined },
): object {
  const { edge, spanMs } = msg.payload;
  const recorder = (env.get("MEANET_RECORDER_URL") ?? "").replace(/\/$/, "");
  const site = encodeURIComponent(env.get("MEANET_SITE") ?? "");
  return {
    ...msg,
    url: `${recorder}/whatif?since=${spanMs}ms&edge=${encodeURIComponent(edge)}&site=${site}`,
  };
}

interface WhatIfRow {
  readonly threshold: number;
  readonly sentShare: number;
  readonly coverage: number;
  readonly accuracy: number | null;
  readonly estimatedAccuracy: number | null;
  readonly cloudJ: number | null;
  readonly jPerFrame: number | null;
  readonly uplinkBytes: number | null;
  readonly inForce: boolean;
}

interface WhatIfMessage {
  readonly statusCode?: number | string;
  readonly payload: {
    readonly frames?: number;
    readonly judge?: string;
    readonly reason?: string;
    readonly rows?: readonly WhatIfRow[];
  };
}

/** To the settings a sentence on what the curves rest on, to the curves a row for each threshold. */
export function whatIfRows(msg: WhatIfMessage): [object, object] {
  const { frames = 0, judge, reason, rows = [] } = msg.payload ?? {};
  const said =
    msg.statusCode !== 200
      ? `No curve: ${reason ?? "the recorder does not answer"}`
      : frames === 0
        ? "No curve: no frame of this edge node is recorded in this time."
        : judge === "labels"
          ? `From ${frames} recorded frames, judged by their labels.`
          : `From ${frames} recorded frames; nobody has labelled any, so accuracy is agreement with the cloud.`;
  const shown = rows.map((row) => {
    const accuracy = row.estimatedAccuracy ?? row.accuracy;
    return {
      ...{ threshold: row.threshold, accuracy, "share sent": row.sentShare },
      "edge and upload": row.jPerFrame === null ? null : row.jPerFrame * 1000,
      cloud: row.cloudJ === null || frames === 0 ? null : (row.cloudJ / frames) * 1000,
      t: `${row.threshold.toPrecision(3)}${row.inForce ? " in force" : ""}`,
      ...{ sent: shareText(row.sentShare), right: shareText(accuracy), known: shareText(row.coverage) },
      ...{ edge: joulesText(row.jPerFrame), bytes: bytesText(row.uplinkBytes) },
    };
  });
  return [
    { ...msg, payload: { whatIf: said } },
    { ...msg, payload: shown },
  ];
}

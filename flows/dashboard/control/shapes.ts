import { bytesText, cell, joulesText, noRecorderText, shareText } from "../texts.ts";

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

/**
 * Asks the recorder what other thresholds would have come to, on the frames of one edge node of this site, or of one bundle there
 * (first output); without a recorder gives that as its answer (second output).
 */
export function whatIfUrl(
  msg: { payload: { edge: string; model?: string; spanMs: number } },
  _flow: unknown,
  env: { get(name: string): string | undefined },
): [asked: object | null, answered: object | null] {
  const { edge, model, spanMs } = msg.payload;
  const ofModel = model === undefined ? "" : `&model=${encodeURIComponent(model)}`;
  const recorder = (env.get("MEANET_RECORDER_URL") ?? "").replace(/\/$/, "");
  if (recorder === "") return [null, { ...msg, statusCode: 503, payload: { reason: noRecorderText() } }];
  const site = encodeURIComponent(env.get("MEANET_SITE") ?? "");
  const url = `${recorder}/whatif?since=${spanMs}ms&edge=${encodeURIComponent(edge)}&site=${site}${ofModel}`;
  return [{ ...msg, url }, null];
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
    readonly models?: readonly { readonly model: string }[];
    readonly reason?: string;
    readonly rows?: readonly WhatIfRow[];
  };
}

/**
 * To the settings a sentence on what the curves rest on; to the curves and to the table a row for each threshold. Curves end where the
 * grid of thresholds does, at the highest entropy recorded: a threshold in force beyond it, 1e9 say, would leave them no room.
 */
export function whatIfRows(msg: WhatIfMessage): [said: object, curves: object, table: object] {
  const { frames = 0, judge, models = [], reason, rows = [] } = msg.payload ?? {};
  const end = rows.reduce((highest, row) => (row.inForce ? highest : Math.max(highest, row.threshold)), 0);
  const beyond = rows.find((row) => row.inForce && row.threshold > end && row.sentShare === 0);
  const text = (threshold: number) => threshold.toPrecision(3);
  const bundle = models.length === 1 ? ` of ${models[0]?.model}` : "";
  const judged =
    judge === "labels"
      ? `From ${frames} recorded frames${bundle}, judged by their labels.`
      : `From ${frames} recorded frames${bundle}; nobody has labelled any, so accuracy is agreement with the cloud.`;
  const never =
    beyond === undefined
      ? ""
      : ` T in force, ${text(beyond.threshold)} nats, is beyond their entropies and never sends one.`;
  const said =
    msg.statusCode !== 200
      ? `No curve: ${reason ?? "the recorder does not answer"}`
      : frames === 0
        ? "No curve: no frame of this edge node is recorded in this time."
        : judged + never;
  const shown = rows.map((row) => {
    const accuracy = row.estimatedAccuracy ?? row.accuracy;
    const inForce = row === beyond ? " in force, never sends" : row.inForce ? " in force" : "";
    return {
      ...{ threshold: row.threshold, accuracy, "share sent": row.sentShare },
      "edge and upload": row.jPerFrame === null ? null : row.jPerFrame * 1000,
      cloud: row.cloudJ === null || frames === 0 ? null : (row.cloudJ / frames) * 1000,
      ...cell("t", row.threshold, `${text(row.threshold)}${inForce}`),
      ...cell("sent", row.sentShare, shareText(row.sentShare)),
      ...cell("right", accuracy, shareText(accuracy)),
      ...cell("known", row.coverage, shareText(row.coverage)),
      ...cell("edge", row.jPerFrame, joulesText(row.jPerFrame)),
      ...cell("bytes", row.uplinkBytes, bytesText(row.uplinkBytes)),
    };
  });
  const curves = shown.filter(({ threshold }) => threshold !== beyond?.threshold);
  return [
    { ...msg, payload: { whatIf: said } },
    { ...msg, payload: curves },
    { ...msg, payload: shown },
  ];
}

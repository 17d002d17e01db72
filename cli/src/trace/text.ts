import { type StageSpan, stageSpans, type TopClasses } from "@meanet/protocol";
import type { FrameRecord, RecordedAnswer, RecordedVerdict } from "@meanet/recorder";
import { joules, percent } from "../quantity-text.ts";

const BAR_WIDTH = 40;
const NAME_WIDTH = 16;

const stageWords: Readonly<Record<StageSpan["stage"], string>> = {
  admit: "wait to enter",
  decode: "decode",
  mainQueue: "wait for main",
  main: "main",
  cloud: "cloud",
  extensionQueue: "wait for ext.",
  extension: "extension",
  rest: "rest",
};

/** The way of one frame as people read it. */
export function traceText(frame: FrameRecord): string {
  const { id, site, device, truth, verdicts } = frame;
  const [first] = verdicts;
  const last = verdicts.findLast(({ outcome }) => outcome !== "provisional") ?? verdicts.at(-1);
  if (first === undefined || last === undefined) return `frame ${id} of ${device}: nothing is recorded`;
  const bytes = verdicts.find(({ frameBytes }) => frameBytes !== null)?.frameBytes;
  const size = bytes === undefined ? "" : `, ${bytes} bytes`;
  const label = truth === null ? "no label" : `label ${truth}`;
  return [
    `frame ${id} of ${device}, site ${site}${size}; ${label}`,
    `arrived ${new Date(first.receivedAt).toISOString()} at ${first.edge}, QoS ${first.qos}`,
    "",
    ...verdicts.map(verdictLine),
    ...(last.outcome === "refused" ? [] : answerText(last)),
  ].join("\n");
}

/** One line for each frame of several that share an id. */
export function choiceText(frames: readonly FrameRecord[]): string {
  const lines = frames.map(({ site, device, verdicts }) => {
    const last = verdicts.at(-1);
    const end = last === undefined ? "" : verdictLine(last).trim();
    return `  --site ${site} --device ${device}  ${end}`;
  });
  return [`${frames.length} devices used this id; say which:`, ...lines].join("\n");
}

function verdictLine(verdict: RecordedVerdict): string {
  const after = `after ${ms(verdict.latencyMs)}`;
  if (verdict.outcome === "refused") return line("refused", `${verdict.reason} ${after}: ${verdict.detail}`);
  const { outcome, exit, label, confidence, correct } = verdict;
  const judged = correct === null ? "" : correct ? ", right" : ", wrong";
  return line(
    outcome === "provisional" ? "provisional" : "final",
    `${label} ${percent(confidence)} by ${exit} ${after}${judged}`,
  );
}

function answerText(verdict: RecordedAnswer): string[] {
  return [
    line("route", routeText(verdict)),
    line("model", verdict.model),
    ...(verdict.edgeAnswer === null ? [] : [line("edge says", edgeText(verdict))]),
    "",
    ...timeline(verdict),
    "",
    ...energyLines(verdict),
    ...topLines(verdict.top),
  ];
}

function routeText({ route, entropy, threshold, cloud, worker, uplinkBytes }: RecordedAnswer): string {
  const sign = threshold === null ? "" : entropy > threshold ? ` > T ${threshold}` : ` ≤ T ${threshold}`;
  const asked =
    cloud === "none"
      ? ""
      : `; cloud ${cloud}${worker === null ? "" : ` by ${worker}`}, ${uplinkBytes} bytes sent`;
  return `${route}: entropy ${entropy.toFixed(3)}${sign}${asked}`;
}

function edgeText({ edgeAnswer, label }: RecordedAnswer): string {
  if (edgeAnswer === null) return "";
  const { label: own, confidence, exit, complete } = edgeAnswer;
  const agrees = own === label ? "as the cloud" : `the cloud says ${label}`;
  const ends = complete ? "" : "; its extension, which knows this class better, was not asked";
  return `${own} ${percent(confidence)} by ${exit}: ${agrees}${ends}`;
}

/** The stages as bars, each where it lies in the latency. */
function timeline({ stages, latencyMs, queueMs, computeMs }: RecordedAnswer): string[] {
  if (stages === null) {
    return [
      `stages were not told; ${ms(queueMs)} waiting and ${ms(computeMs)} of engine time in ${ms(latencyMs)}`,
    ];
  }
  const inCloud =
    stages.cloudComputeMs === undefined
      ? []
      : [
          `${"".padEnd(NAME_WIDTH + 2)}of the cloud: wait ${ms(stages.cloudQueueMs ?? 0)}, compute ${ms(stages.cloudComputeMs)} by the worker's clock`,
        ];
  return stageSpans(stages, latencyMs).flatMap((span) => [
    line(stageWords[span.stage], `${ms(span.durationMs).padStart(9)}  ${bar(span, latencyMs)}`),
    ...(span.stage === "cloud" ? inCloud : []),
  ]);
}

function bar({ startMs, durationMs }: StageSpan, latencyMs: number): string {
  const perMs = latencyMs > 0 ? BAR_WIDTH / latencyMs : 0;
  const from = Math.min(BAR_WIDTH - 1, Math.floor(startMs * perMs));
  const length = Math.min(BAR_WIDTH - from, Math.max(1, Math.round(durationMs * perMs)));
  return `${" ".repeat(from)}${"█".repeat(length)}`;
}

function energyLines({ energy }: RecordedAnswer): string[] {
  const { edgeJ, mainJ, extensionJ, uplinkJ, cloudJ, source } = energy;
  const edge =
    mainJ === null || extensionJ === null
      ? `main and extension ${joules(edgeJ)}`
      : `main ${joules(mainJ)}, extension ${joules(extensionJ)}`;
  return [
    line("energy", `${edge}, upload ${joules(uplinkJ)}; ${joules(edgeJ + uplinkJ)} together (${source})`),
    ...(cloudJ > 0 ? [line("", `cloud ${joules(cloudJ)} beside it`)] : []),
  ];
}

function topLines(top: TopClasses | null): string[] {
  if (top === null) return [];
  const exits = (["main", "extension", "cloud"] as const).flatMap((exit) => {
    const classes = top[exit];
    return classes === undefined || classes.length === 0
      ? []
      : [
          line(
            exit,
            classes.map(({ label, probability }) => `${label} ${probability.toFixed(4)}`).join(", "),
          ),
        ];
  });
  return exits.length === 0 ? [] : ["", "most probable classes", ...exits];
}

function line(name: string, text: string): string {
  return `  ${name.padEnd(NAME_WIDTH)}${text}`;
}

function ms(value: number): string {
  return `${value < 10 ? value.toFixed(2) : value.toFixed(1)} ms`;
}

/**
 * The proof that an edge learns: it answers frames in good light, the light goes, labels arrive, it trains its extension anew, and it is judged on
 * frames that nobody ever told it the class of.
 *
 *     judge ─▶ stream clean ─▶ stream in low light, with labels, until the edge has learned ─▶ stream on ─▶ judge again
 */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { connectDevice } from "@meanet/device";
import { imageInputOf, machine, readManifest, resolveBundle } from "@meanet/models";
import { createLog, MeanetError, StartedParts } from "@meanet/runtime";
import { mqttConfigSchema } from "@meanet/session";
import type { StopReason } from "../lifetime.ts";
import { openBundleData } from "../open-data.ts";
import { percent } from "../quantity-text.ts";
import { runId } from "../replay/run-id.ts";
import { stopSignals } from "../stop-signals.ts";
import { upConfigSchema } from "../up/config.ts";
import { Processes } from "../up/processes.ts";
import { AccuracyOverTime, type AccuracyPoint } from "./accuracy-over-time.ts";
import { Adaptation, type AdaptationEvent, type AdaptationOutcome } from "./adaptation.ts";
import { lowLightCommand } from "./command.ts";
import type { LowLightConfig } from "./config.ts";
import { EdgeRemote } from "./edge-remote.ts";
import { type Judged, judgeEdge } from "./judge.ts";
import { type PhaseName, type Plan, planLowLight } from "./plan.ts";
import { openPools } from "./pools.ts";
import type { Progress } from "./progress.ts";
import { isTold, judgedSources, phaseSource } from "./sources.ts";
import { type StreamedPhase, streamPhase } from "./stream.ts";

const SITE = "scenario";
const EDGE = "edge-1";
const CONNECT_TIMEOUT_MS = 10_000;

/** What the scenario shows. Accuracies are of the edge alone, fractions, on frames that were streamed to no one. */
export interface LowLightResult {
  readonly bundle: string;
  readonly data: string;
  readonly labels: LowLightConfig["labels"];
  readonly seed: number;
  readonly severity: number;
  /** On frames of hard classes: clean and in low light before learning, in low light after it. */
  readonly hardAccuracy: {
    readonly clean: number;
    readonly shiftedBefore: number;
    readonly shiftedAfter: number;
  };
  /** On clean frames of all classes. */
  readonly cleanAccuracy: { readonly before: number; readonly after: number };
  /** Whether the edge put a new bundle in force. */
  readonly accepted: boolean;
  readonly outcome: AdaptationOutcome;
  /** Why it did not. */
  readonly reason: string | null;
  /** In the edge's store when it began to train, by who told their class. */
  readonly items: { readonly label: number; readonly cloud: number };
  /** Of the training, from its start to the swap. */
  readonly seconds: number;
  /** Of the training, at the edge. */
  readonly energyJ: number;
  /** Of the answers of all streamed frames, at the edge: compute and uplink. */
  readonly inferenceJ: number;
  readonly judged: {
    readonly clean: number;
    readonly shiftedHard: number;
    /** Bundles that answered them, before and after. */
    readonly before: readonly string[];
    readonly after: readonly string[];
  };
  readonly streamed: Readonly<Record<PhaseName, StreamedPhase>>;
  readonly runSeconds: number;
}

export interface LowLightRun {
  readonly result: LowLightResult;
  /** On hard classes of the stream: the edge alone, policy `edge-only`, and with the cloud, policy `meanet`. */
  readonly overTime: {
    readonly edge: readonly AccuracyPoint[];
    readonly withCloud: readonly AccuracyPoint[];
  };
  readonly events: readonly AdaptationEvent[];
  /** When each phase began and ended, since the stream began. */
  readonly phases: readonly { readonly name: PhaseName; readonly fromS: number; readonly toS: number }[];
  readonly provenance: {
    /** Gives the run again. */
    readonly command: string;
    readonly machine: string;
    /** ISO 8601. */
    readonly createdAt: string;
    /** When the bundle's training ended: one name and version may be trained anew. */
    readonly bundleCreatedAt: string;
  };
}

/**
 * Runs the scenario on processes of its own, and stops them.
 *
 * @param stopped - resolves when the user wants an end
 * @throws {MeanetError} INPUT_KIND_UNSUPPORTED for a bundle of sensor windows, SCENARIO_…, PROCESS_FAILED, BUNDLE_…, DATASET_…
 */
export async function runLowLight(
  config: LowLightConfig,
  progress: Progress,
  stopped: Promise<StopReason>,
): Promise<LowLightRun> {
  const startMs = performance.now();
  const bundleFolder = await resolveBundle(config.bundle);
  const manifest = await readManifest(bundleFolder);
  imageInputOf(manifest, "the scenario low-light");
  const hardClasses = new Set(manifest.hardClasses);
  const dataset = await openBundleData(manifest, { from: config.data, say: (text) => progress.say(text) });
  const plan = planLowLight(config, hardClasses.size / manifest.classes.length);
  const pools = await openPools(dataset, manifest, plan.seed);
  const judgedFrames = judgedSources(pools.judged, manifest, plan);

  const parts = new StartedParts();
  return parts.guard(async () => {
    const ending = stopSignals(stopped, (text) => progress.say(text));
    const run = runId();
    const log = createLog("scenario", "silent");
    const state = join(config.out, "site");
    await rm(state, { recursive: true, force: true });
    await mkdir(state, { recursive: true });

    const up = upConfigSchema.parse({ port: 0, site: SITE, state, bundles: [bundleFolder], replay: false });
    const processes = new Processes(up, (text) => progress.say(text), { edgeFlags: edgeFlags(config, plan) });
    parts.add("processes", processes, (started) => started.stop());
    const mqtt = mqttConfigSchema.parse({ url: await processes.startBroker() });
    await processes.startNodes(mqtt.url);

    let streamStartMs = performance.now();
    const nowS = () => (performance.now() - streamStartMs) / 1_000;
    const adaptation = new Adaptation();
    const edge = new EdgeRemote({
      ...{ mqtt, site: SITE, edge: EDGE, clientId: `scenario-${run}`, log },
      onTraining: (event) => {
        const noted = adaptation.observe(event, nowS());
        if (noted !== undefined) progress.say(`edge     ${noted.event}: ${noted.text}`);
      },
    });
    parts.add("remote", edge, (opened) => opened.close());
    await edge.connect(CONNECT_TIMEOUT_MS);
    const [camera, judge] = await Promise.all(
      ["camera", "judge"].map(async (device) =>
        parts.add(
          device,
          await connectDevice({ mqtt, site: SITE, device, clientId: `${device}-${run}`, log }),
          (opened) => opened.close(),
        ),
      ),
    );
    progress.say(`processes stand: ${manifest.name}, logs in ${join(state, "logs")}`);

    const judgeBoth = async (when: string) => {
      await edge.set("policy", "edge-only");
      const common = { judge: judge!, hardClasses, progress, ending };
      const clean = await judgeEdge({ ...common, source: judgedFrames.clean, run: `${run}-${when}-clean` });
      const shifted = await judgeEdge({
        ...common,
        source: judgedFrames.shiftedHard,
        run: `${run}-${when}-shifted`,
      });
      progress.say(
        `${when.padEnd(8)} judged: clean ${percent(clean.accuracy)}, hard classes ${percent(clean.hardAccuracy)}, in low light ${percent(shifted.hardAccuracy)}`,
      );
      return { clean, shifted };
    };

    const before = await judgeBoth("before");
    const overTime = {
      "edge-only": new AccuracyOverTime(plan.windowFrames),
      meanet: new AccuracyOverTime(plan.windowFrames),
    };
    const phases: LowLightRun["phases"][number][] = [];
    const streamed: Partial<Record<PhaseName, StreamedPhase>> = {};
    streamStartMs = performance.now();
    for (const phase of plan.phases) {
      const fromS = nowS();
      streamed[phase.name] = await streamPhase({
        ...{ camera: camera!, phase, run, rate: config.rate, hardClasses, overTime, nowS, progress, ending },
        source: phaseSource(pools.streamed, manifest, plan, phase),
        // Labels stop while the edge trains on those it has; then they are its trial in service.
        tells: (place) => isTold(plan, phase, place) && (adaptation.settled || !adaptation.began),
        setPolicy: (policy) => edge.set("policy", policy),
        learned: () => adaptation.settled,
        patienceMs: plan.patienceMs,
      });
      endEarly(ending.signal);
      phases.push({ name: phase.name, fromS, toS: nowS() });
    }
    const after = await judgeBoth("after");
    await parts.stop();
    progress.close();

    const result = resultOf({ before, after, streamed: streamed as Record<PhaseName, StreamedPhase> });
    const points = { edge: overTime["edge-only"].points, withCloud: overTime.meanet.points };
    const provenance = {
      command: lowLightCommand(config, process.env),
      machine: machine(),
      createdAt: new Date().toISOString(),
      bundleCreatedAt: manifest.provenance.createdAt,
    };
    return { result, overTime: points, events: adaptation.events, phases, provenance };

    function resultOf(seen: {
      readonly before: { readonly clean: Judged; readonly shifted: Judged };
      readonly after: { readonly clean: Judged; readonly shifted: Judged };
      readonly streamed: Record<PhaseName, StreamedPhase>;
    }): LowLightResult {
      return {
        bundle: `${manifest.name}@${manifest.version}`,
        data: dataset.name,
        labels: config.labels,
        seed: config.seed,
        severity: config.severity,
        hardAccuracy: {
          clean: seen.before.clean.hardAccuracy,
          shiftedBefore: seen.before.shifted.hardAccuracy,
          shiftedAfter: seen.after.shifted.hardAccuracy,
        },
        cleanAccuracy: { before: seen.before.clean.accuracy, after: seen.after.clean.accuracy },
        accepted: adaptation.outcome === "accepted" && adaptation.settled,
        outcome: adaptation.outcome,
        reason: adaptation.reason,
        items: adaptation.collected,
        seconds: adaptation.seconds,
        energyJ: adaptation.energyJ,
        inferenceJ: Object.values(seen.streamed).reduce((sum, { energyJ }) => sum + energyJ, 0),
        judged: {
          clean: seen.before.clean.frames,
          shiftedHard: seen.before.shifted.frames,
          before: modelsOf(seen.before),
          after: modelsOf(seen.after),
        },
        streamed: seen.streamed,
        runSeconds: (performance.now() - startMs) / 1_000,
      };
    }
  });
}

function modelsOf({ clean, shifted }: { readonly clean: Judged; readonly shifted: Judged }): string[] {
  return [...new Set([...clean.models, ...shifted.models])];
}

/** The edge learns once it has enough items, of true labels alone or of the cloud's answers alone. */
function edgeFlags({ labels }: LowLightConfig, { items }: Plan): string[] {
  return [
    ...["--learning-enabled", "true", "--learning-trigger-items", String(items)],
    ...(labels === "true" ? ["--learning-teacher-weight", "0"] : []),
  ];
}

function endEarly(signal: AbortSignal): void {
  if (!signal.aborted) return;
  throw new MeanetError("SCENARIO_INCOMPLETE", "it was stopped before its end: there are no figures", {});
}

import {
  computeJ,
  type DeviceProfileName,
  deviceProfile,
  type UplinkName,
  uplinkJ,
  uplinks,
} from "@meanet/energy";
import type { Bundle } from "../bundle/bundle.ts";
import type { Manifest } from "../bundle/manifest.ts";
import type { Dataset } from "../data/dataset.ts";
import { frameLength } from "../data/gather.ts";
import { decisionOf } from "../routing.ts";
import { type CurvePoint, curvePoint, curveThresholds, type EdgeCosts } from "./curve.ts";
import { type CallPrecision, callPrecision, type MainErrors, mainErrors } from "./detection.ts";
import { type EvaluationSplit, openFrames } from "./frames.ts";
import { countRuns, type MeasuringProgress } from "./measuring.ts";
import { predictEdge, predictPlain } from "./predict.ts";
import { type RuleAccuracies, ruleAccuracies } from "./rules.ts";
import { type Accuracy, accuracyOf, entropyMeans, type ScoredFrame, scoreFrames, share } from "./score.ts";

export interface EvaluateOptions {
  /** The device whose joules are reckoned. Default `raspberry-pi-4`. */
  readonly profile?: DeviceProfileName | undefined;
  /** The radio whose joules are reckoned. Default `wifi`. */
  readonly uplink?: UplinkName | undefined;
  /** Told of it on the way: many frames take minutes. */
  readonly onProgress?: ((progress: MeasuringProgress) => void) | undefined;
}

/** Figures of a bundle on one split. Accuracies and shares are fractions, entropies nats. */
export interface Evaluation {
  readonly bundle: string;
  readonly data: string;
  readonly split: EvaluationSplit;
  readonly n: number;
  /** Main alone. */
  readonly main: Accuracy;
  /** Main and extension, nothing sent. */
  readonly edge: Accuracy;
  /** The same by every decision rule; absent in figures of older bundles. */
  readonly rules?: RuleAccuracies;
  /** Share of frames that main's answer puts on the right side, hard or easy. */
  readonly detection: number;
  /** Absent, as `mainErrors` and `offloaded`, in figures of older bundles. */
  readonly calls?: CallPrecision;
  readonly mainErrors?: MainErrors;
  /** Where the edge's own answers come from; sums to 1. */
  readonly exits: { readonly main: number; readonly extension: number };
  /** Share of frames that the extension runs for, whoever answers. */
  readonly extensionRuns: number;
  /** Mean entropy of main over its right and its wrong answers; 0 where there are none, as `main.accuracy` tells. */
  readonly entropy: { readonly correct: number; readonly wrong: number };
  /** The cloud's network on every frame; absent when the bundle has none. */
  readonly cloud?: Accuracy;
  /** Edge and cloud together at the bundle's own threshold, and who answers; absent when the bundle has no cloud network. */
  readonly offloaded?: Offloaded;
  /** The bundle's own threshold, and where its figures come from. */
  readonly threshold: number;
  readonly profile: DeviceProfileName;
  readonly uplink: UplinkName;
  /** Ascending in T: from all sent to none; empty when the bundle has no cloud network. */
  readonly curve: readonly CurvePoint[];
}

interface Offloaded extends Accuracy {
  /** Sums to 1. */
  readonly exits: { readonly main: number; readonly extension: number; readonly cloud: number };
}

/**
 * Runs every model of a bundle over a split of a data set.
 *
 * @throws {MeanetError} DATASET_MISSING, DATASET_CORRUPT, MODEL_INVALID, INPUT_KIND_UNSUPPORTED
 */
export async function evaluate(
  bundle: { readonly manifest: Omit<Manifest, "schema" | "files">; readonly files: Bundle["files"] },
  dataset: Dataset,
  split: EvaluationSplit,
  options: EvaluateOptions = {},
): Promise<Evaluation> {
  const { manifest, files } = bundle;
  const opened = await openFrames(dataset, split, manifest);
  const { hardClasses } = manifest;
  const passes = files.cloud === undefined ? 1 : 2;
  const onRun =
    options.onProgress && countRuns({ split, frames: opened.indices.length, passes }, options.onProgress);
  const frames = { ...opened, onRun };
  // Two passes at a time: each engine has a thread of its own.
  const [edge, cloud] = await Promise.all([
    predictEdge({ main: files.main, extension: files.extension, hardClasses }, frames),
    files.cloud === undefined ? undefined : predictPlain(files.cloud, "y", frames),
  ]);
  const labels = Array.from(frames.indices, (index) => frames.labelled.labels[index]!);
  const scored = scoreFrames({ labels, edge, cloud, ...decisionOf(manifest) });
  const rules = ruleAccuracies(labels, edge, hardClasses, manifest.provenance.rules);
  return { data: dataset.name, split, ...figures(manifest, scored, options), rules };
}

/** The figures of frames already scored. */
export function figures(
  manifest: Pick<Manifest, "name" | "version" | "classes" | "threshold" | "blocks" | "input">,
  frames: readonly ScoredFrame[],
  { profile = "raspberry-pi-4", uplink = "wifi" }: EvaluateOptions,
): Omit<Evaluation, "data" | "split"> {
  const costs = edgeCosts(manifest, profile, uplink);
  const cloudSaw = frames.every((frame) => frame.cloudClass !== undefined);
  const extensionShare = share(frames, (frame) => frame.exit === "extension");
  return {
    bundle: `${manifest.name} ${manifest.version}`,
    n: frames.length,
    main: accuracyOf(frames, "mainClass"),
    edge: accuracyOf(frames, "edgeClass"),
    detection: share(frames, (frame) => frame.calledHard === frame.isHard),
    calls: callPrecision(frames),
    mainErrors: mainErrors(frames),
    exits: { main: 1 - extensionShare, extension: extensionShare },
    extensionRuns: share(frames, (frame) => frame.calledHard),
    entropy: entropyMeans(frames),
    ...(cloudSaw
      ? { cloud: accuracyOf(frames, "cloudClass"), offloaded: offloadedAt(frames, manifest.threshold) }
      : {}),
    threshold: manifest.threshold,
    profile,
    uplink,
    curve: cloudSaw
      ? curveThresholds(manifest.classes.length, manifest.threshold).map((threshold) =>
          curvePoint(frames, threshold, costs),
        )
      : [],
  };
}

function offloadedAt(frames: readonly ScoredFrame[], threshold: number): Offloaded {
  const isComplex = (frame: ScoredFrame) => frame.entropy > threshold;
  const answered = frames.map((frame) =>
    isComplex(frame) ? { ...frame, edgeClass: frame.cloudClass! } : frame,
  );
  const ends = (exit: ScoredFrame["exit"]) =>
    share(frames, (frame) => !isComplex(frame) && frame.exit === exit);
  return {
    ...accuracyOf(answered, "edgeClass"),
    exits: { main: ends("main"), extension: ends("extension"), cloud: share(frames, isComplex) },
  };
}

/** What a frame costs the edge, by the MACs of the manifest and the profile's model. */
function edgeCosts(
  manifest: Pick<Manifest, "blocks" | "input">,
  profile: DeviceProfileName,
  uplink: UplinkName,
): EdgeCosts {
  const device = deviceProfile(profile);
  const { main, adaptive, extension } = manifest.blocks;
  const frameBytes = frameLength(manifest.input) * (manifest.input.kind === "window" ? 4 : 1);
  return {
    mainJ: computeJ(device, main.macs),
    extensionJ: computeJ(device, adaptive.macs + extension.macs),
    uploadJ: uplinkJ(uplinks[uplink], frameBytes),
    frameBytes,
  };
}

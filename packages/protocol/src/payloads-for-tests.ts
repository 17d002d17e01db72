import fc from "fast-check";
import { type CloudAnswer, type ComplexItem, frameFormats } from "./complex.ts";
import {
  type Label,
  type NodeEnergy,
  nodeKinds,
  type Replay,
  type SettingState,
  type Stats,
  type Status,
} from "./node.ts";
import { labelSources, type Training, trainingTriggers } from "./training.ts";
import { cloudOutcomes, exits, refusalReasons, routes, type Verdict } from "./verdict.ts";

const id = fc.stringMatching(/^[a-z0-9-]{1,64}$/);
// JSON knows no -0.
const amount = fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);
const probability = fc.double({ min: 0, max: 1, noNaN: true }).map((value) => value + 0);
const time = fc.nat({ max: 8.64e15 });
const count = fc.nat();
const row = fc.integer({ min: 1, max: 2 ** 40 });
const text = fc.string({ maxLength: 40 });
const counts = fc.dictionary(
  fc.string({ maxLength: 20 }).filter((key) => key !== "__proto__"),
  amount,
  { noNullPrototype: true },
);
const kind = fc.constantFrom(...nodeKinds);

const common = {
  id,
  site: id,
  device: id,
  edge: id,
  journal: id,
  seq: row,
  at: time,
  receivedAt: time,
  qos: fc.constantFrom(0 as const, 1 as const),
  latencyMs: amount,
};

/** Some of the keys, or none. */
const some = <T extends Record<string, fc.Arbitrary<unknown>>>(shape: T) =>
  fc.record(shape, { requiredKeys: [] });
/** With what a verdict may lack, all of it or nothing. */
const withDetail = <T, D>(whole: fc.Arbitrary<T>, detail: fc.Arbitrary<D>): fc.Arbitrary<T | (T & D)> =>
  fc.oneof(
    whole,
    fc.tuple(whole, detail).map(([one, more]) => ({ ...one, ...more })),
  );
const topClasses = fc.array(fc.record({ classIndex: count, label: text, probability }), { maxLength: 3 });
const answerDetail = fc.record({
  frameBytes: count,
  threshold: amount,
  stages: some({
    admitMs: amount,
    decodeMs: amount,
    mainQueueMs: amount,
    mainMs: amount,
    cloudMs: amount,
    cloudQueueMs: amount,
    cloudComputeMs: amount,
    extensionQueueMs: amount,
    extensionMs: amount,
  }),
  top: some({ main: topClasses, extension: topClasses, cloud: topClasses }),
  edgeAnswer: fc.record({
    label: text,
    classIndex: count,
    confidence: probability,
    exit: fc.constantFrom("main" as const, "extension" as const),
    complete: fc.boolean(),
  }),
});

const answeredFrame = fc.record({
  ...common,
  outcome: fc.constant("answered" as const),
  final: fc.boolean(),
  supersedes: fc.option(row),
  label: text,
  classIndex: count,
  confidence: probability,
  exit: fc.constantFrom(...exits),
  route: fc.constantFrom(...routes),
  cloud: fc.constantFrom(...cloudOutcomes),
  entropy: amount,
  queueMs: amount,
  computeMs: amount,
  energy: fc.record({ mainJ: amount, extensionJ: amount, uplinkJ: amount, cloudJ: amount, source: text }),
  uplinkBytes: count,
  model: text,
  worker: fc.option(id),
});

const refusedFrame = fc.record({
  ...common,
  outcome: fc.constant("refused" as const),
  final: fc.constant(true as const),
  reason: fc.constantFrom(...refusalReasons),
  detail: text,
});

const verdict: fc.Arbitrary<Verdict> = fc.oneof(
  withDetail(answeredFrame, answerDetail),
  withDetail(refusedFrame, fc.record({ frameBytes: count })),
);

const names = fc.array(text, { maxLength: 5 });
const step = { at: time, model: text, energyJ: amount, run: count };
const named = <const E extends string>(event: E) => ({ ...step, event: fc.constant(event) });
const comparison = fc.record({
  items: count,
  current: probability,
  candidate: probability,
  won: count,
  lost: count,
});
const figures = fc.record({ heldOut: comparison, reference: fc.option(comparison) });
const disagreement = fc.record({ items: count, before: probability, after: probability });
const bySource = { [labelSources[0]]: count, [labelSources[1]]: count };
const training: fc.Arbitrary<Training> = fc.oneof(
  withDetail(
    fc.record({ ...named("collected"), items: fc.record(bySource), fresh: count }),
    fc.record({ heldOut: count, classes: fc.array(fc.record({ name: text, ...bySource, heldOut: count })) }),
  ),
  withDetail(
    fc.record({
      ...named("started"),
      trigger: fc.constantFrom(...trainingTriggers),
      items: count,
      heldOut: count,
      epochs: count,
      hardClasses: names,
    }),
    fc.record({ stored: count }),
  ),
  withDetail(
    fc.oneof(
      fc.record({
        ...named("epoch"),
        epoch: row,
        epochs: row,
        loss: amount,
        accuracy: fc.option(probability),
        imagesPerS: amount,
        pausedMs: amount,
      }),
      fc.record({ ...named("accepted"), figures }),
      fc.record({ ...named("refused"), reason: text, figures }),
    ),
    fc.record({ latencyP99Ms: amount }),
  ),
  fc.record({ ...named("swapped"), before: text }),
  fc.record({
    ...named("passed"),
    by: fc.constantFrom("items" as const, "age" as const),
    disagreement,
  }),
  fc.record({ ...named("rolled-back"), before: text, reason: text, disagreement }),
  fc.record({ ...named("failed"), reason: text }),
  fc.record({ ...named("proposed"), hardClasses: names, becomeHard: names, becomeEasy: names }),
  fc.record({
    ...named("agreed"),
    hardClasses: names,
    by: fc.constantFrom("operator" as const, "policy" as const),
  }),
  withDetail(
    fc.record({ ...named("dismissed"), hardClasses: names, becomeHard: names, becomeEasy: names }),
    fc.record({ waits: fc.array(fc.record({ name: text, labels: count }), { maxLength: 3 }) }),
  ),
);

const complex: fc.Arbitrary<ComplexItem> = fc.record({
  id,
  site: id,
  device: id,
  edge: id,
  attempt: fc.integer({ min: 1 }),
  remainingMs: amount,
  model: text,
  edgeAnswer: fc.record({ classIndex: count, confidence: probability, entropy: amount }),
  format: fc.constantFrom(...frameFormats),
  frame: fc.uint8Array({ maxLength: 300 }) as fc.Arbitrary<Uint8Array<ArrayBuffer>>,
});

const answered = { id, worker: id, attempt: fc.integer({ min: 1 }) };
const answer: fc.Arbitrary<CloudAnswer> = fc.oneof(
  fc.record({
    ...answered,
    outcome: fc.constant("answered" as const),
    classes: fc.array(fc.record({ classIndex: count, label: text, probability }), {
      minLength: 1,
      maxLength: 5,
    }),
    model: text,
    queueMs: amount,
    computeMs: amount,
    energyJ: amount,
    energySource: text,
  }),
  fc.record({ ...answered, outcome: fc.constant("failed" as const), code: text, detail: text }),
);

const stats: fc.Arbitrary<Stats> = fc.record(
  {
    kind,
    at: time,
    uptimeS: amount,
    since: time,
    memoryBytes: count,
    counters: counts,
    drops: counts,
    queues: counts,
    exits: fc.record({ main: amount, extension: amount, cloud: amount }),
    models: counts,
    journal: fc.record({ journal: id, lastSeq: count }),
  },
  { requiredKeys: ["kind", "at", "uptimeS", "counters", "drops", "queues"] },
);

/** Any value of each payload that has a schema, by topic. */
export const payloadsOf = {
  verdict,
  complex,
  answer,
  stats,
  label: fc.record({
    label: fc.oneof(fc.string({ minLength: 1, maxLength: 128 }), count),
  }) as fc.Arbitrary<Label>,
  replay: fc
    .tuple(id, row, row)
    .map(([journal, a, b]): Replay => ({ journal, from: Math.min(a, b), to: Math.max(a, b) })),
  energy: fc.record(
    { kind, at: time, uptimeS: amount, computeJ: amount, uplinkJ: amount, thumbnailJ: amount, source: text },
    { requiredKeys: ["kind", "at", "uptimeS", "computeJ", "uplinkJ", "source"] },
  ) as fc.Arbitrary<NodeEnergy>,
  training,
  status: fc.record({
    state: fc.constantFrom("online", "offline", "stopped"),
    kind,
    version: text,
    models: fc.array(text, { maxLength: 4 }),
    since: time,
  }) as fc.Arbitrary<Status>,
  state: fc.record({
    value: fc.oneof(text, amount),
    at: time,
    error: fc.option(text),
  }) as fc.Arbitrary<SettingState>,
};

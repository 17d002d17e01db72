/** `docs/results/low-light.md`, as text: every figure from a run on record or from the settings of the scenario. */
import { configSchema as edgeConfigSchema } from "@meanet/edge-node";
import { lowLightCommand } from "../scenario/command.ts";
import { lowLightConfigSchema } from "../scenario/config.ts";
import { planLowLight, TURN_S, UNDER_WAY } from "../scenario/plan.ts";
import { bundleOf, type KeptRun } from "./low-light-runs.ts";
import {
  cleanChange,
  gain,
  gainTable,
  loss,
  lowLightRate,
  lowLightWithCloud,
  mean,
  plotOf,
  type RunsBySeed,
  rangeOf,
  streamTable,
  verdictsText,
} from "./low-light-sections.ts";
import { notRun, percent, points, signedPoints, table, whole } from "./markdown.ts";
import type { ResultsDocument } from "./write.ts";

const plannedSeeds = [1, 2, 3];
const name = "low-light";
type Labels = KeptRun["result"]["labels"];

const edge = edgeConfigSchema.parse({});
const settings = lowLightConfigSchema.parse({});

export function lowLightDocument(runs: readonly KeptRun[]): ResultsDocument {
  const groups = grouped(runs);
  const [people, cloud] = [groups.get(commandOf("true"))!, groups.get(commandOf("teacher"))!];
  const planned = [people, cloud];
  const others = [...groups.values()].filter((group) => !planned.includes(group));
  const plots = new Map<string, string>();
  const plot = (group: RunsBySeed, file: string, title: string) => {
    if (group.runs.length === 0) return `Plot: ${notRun}.`;
    plots.set(file, plotOf(group, title));
    return `![${title}](${name}/${file})`;
  };
  const sections: readonly (readonly [string, string])[] = [
    [
      "Labels of people",
      `${plot(people, "true.svg", "Hard classes while the light goes: the edge alone, labels of people")}

Windows of up to ${planLowLight(settings, 0.5).windowFrames} frames of the stream: a point may be 4 to 5 points off by chance. A numbered line is where what that seed learned came into force, or was refused. The first table is what
counts: the edge alone, on clean frames of all classes and on those of hard classes among them in low light, before and after.

${sectionText(people)}${peopleText(people)}`,
    ],
    [
      "Labels of the cloud alone",
      `The edge takes an answer of the cloud for a label when the cloud is sure of it, ${edge.learning.teacher.confidence} or more.

${plot(cloud, "teacher.svg", "Hard classes while the light goes: the edge alone, labels of the cloud")}

${sectionText(cloud)}${cloudText(cloud, people)}`,
    ],
    ...(others.length === 0
      ? []
      : [
          [
            "Other settings",
            others.map((group) => `### \`${group.command}\`\n\n${sectionText(group)}`).join("\n\n"),
          ] as const,
        ]),
    ["How it is done", howText()],
    ["What was chosen, and on what", choiceText()],
    ["Again", againText()],
  ];
  const markdown = `# Low light: does an edge learn?

<!-- Made by \`npm run meanet -- results low-light\` from runs on record. Do not edit: a test compares. -->

The light goes while an edge node works. Labels arrive over MQTT, the node trains its extension on, judges it, puts it in force, and is judged on frames that
nobody ever told it the class of.

${runsText(runs)}

${sections.map(([title, text]) => `## ${title}\n\n${text}`).join("\n\n")}
`;
  return { name, markdown, plots };
}

/** Without its seed: what runs have in common that differ in the seed alone. */
function commandOf(labels: Labels): string {
  return withoutSeed(lowLightCommand(lowLightConfigSchema.parse({ labels }), {}));
}

function withoutSeed(command: string): string {
  return command.replace(/ --seed \d+/, "");
}

/** By command: those that are planned first, run or not. */
function grouped(runs: readonly KeptRun[]): Map<string, RunsBySeed> {
  const planned = (["true", "teacher"] as const).map(commandOf);
  const commands = new Set([
    ...planned,
    ...runs.map(({ provenance }) => withoutSeed(provenance.command)).sort(),
  ]);
  return new Map(
    [...commands].map((command) => {
      const own = runs.filter(({ provenance }) => withoutSeed(provenance.command) === command);
      const seeds = new Set([
        ...(planned.includes(command) ? plannedSeeds : []),
        ...own.map(({ result }) => result.seed),
      ]);
      return [command, { command, seeds: [...seeds].sort((a, b) => a - b), runs: own }];
    }),
  );
}

function runsText(runs: readonly KeptRun[]): string {
  const [first] = runs;
  if (first === undefined) return `The runs: ${notRun}.`;
  const machines = new Set(runs.map(({ provenance }) => provenance.machine));
  const seconds = rangeOf(
    { command: "", seeds: [], runs },
    ({ result }) => result.runSeconds,
    (value) => value.toFixed(0),
  );
  return `Runs on record are of the bundle ${bundleOf(first)}, on: ${[...machines].join("; ")}. Each took ${seconds} s, beside other work.`;
}

function sectionText(group: RunsBySeed): string {
  if (group.runs.length === 0) return gainTable(group);
  return `${gainTable(group)}

On the stream, from its start:

${streamTable(group)}

How the edge judged what it had learned:

${verdictsText(group)}`;
}

function peopleText(people: RunsBySeed): string {
  if (people.runs.length === 0) return "";
  const regained = (run: KeptRun) => gain(run) / loss(run);
  return `

Low light costs the hard classes ${rangeOf(people, loss, tenths)} points; what the edge learns gives ${rangeOf(people, regained, (value) => percent(value, 0))} of that back, and
changes clean frames of all classes by ${rangeOf(people, cleanChange, signedPoints)} points. Joules are modelled, \`${edge.energy.device}\` and \`${edge.energy.uplink}\`: those of the training, and those of
all streamed frames, compute and uplink. Seconds of the training include the edge's own work: it answered ${rangeOf(people, lowLightRate, (value) => value.toFixed(0))} frames a second meanwhile.`;
}

function cloudText(cloud: RunsBySeed, people: RunsBySeed): string {
  if (cloud.runs.length === 0) return "";
  const gained = points(mean(cloud.runs.map(gain)));
  const against =
    people.runs.length === 0
      ? ""
      : `, against ${signedPoints(mean(people.runs.map(gain)))} with labels of people`;
  const withCloud = cloud.runs.flatMap((run) => lowLightWithCloud(run) ?? []);
  return `

- On average the edge gains ${gained}${against}. A refused training counts: the edge keeps what it had.
- What the cloud is sure of, the edge mostly knows already. So there is little to judge a candidate by, and whether one goes live hangs on a few items: one seed may
  be accepted in a run and refused in the next, since which frames fall to the cloud depends on when they come.
- The cloud's own network suffers in low light too, and the edge cannot learn beyond it: with the cloud the stream's hard classes are answered right at ${withCloud.length === 0 ? "a share that was not measured" : percent(mean(withCloud))}.`;
}

function howText(): string {
  const { light, phases, judged } = planLowLight(settings, 0.5);
  const { hardShare } = phases[1]!;
  const stops = -Math.log2(light.gain);
  return `${table(
    ["", ""],
    [
      ["processes", "broker, edge node, cloud worker and recorder of their own, as `meanet up` starts them"],
      [
        "low light",
        `severity ${settings.severity}: ${tidy(stops)} stops less light, tone curve of ${tidy(light.gamma)}, blur of ${tidy(light.blurPx)} pixels, ${whole(light.photons)} photons at white, sensor noise of ${tidy(100 * light.readNoise)} %`,
      ],
      [
        "shifted mix",
        `${percent(hardShare, 0)} of frames of hard classes, against as many as the data set has`,
      ],
      [
        "streamed",
        `frames held out from the training set, ${whole(settings.frames)} clean, in low light until the edge has learned, ${whole(settings.frames)} more; up to ${settings.rate} a second, ${UNDER_WAY} under way`,
      ],
      [
        "labels",
        `\`{device}/label/{id}\` of ${percent(settings.labelShare, 0)} of the frames in low light, until the edge begins to train; again after it`,
      ],
      [
        "training",
        `at ${itemsOf("true")} labelled frames of hard classes, or ${itemsOf("teacher")} of the cloud's answers; part of them is held out to judge by`,
      ],
      [
        "judged",
        `official test set, ${whole(judged)} frames drawn by the seed, never streamed, never labelled; policy \`edge-only\`, so that every answer is the edge's`,
      ],
      [
        "over time",
        `the stream's own frames, policies \`edge-only\` and \`meanet\` in turns of ${TURN_S} s: what the edge answers alone, and with the cloud`,
      ],
    ],
    2,
  )}

Frames, noise and labels are functions of the seed. Which frames reach which policy, and so the exact items and figures, depend on the machine's pace: two runs of one seed differ.`;
}

/** Which settings are ours, and what they were chosen on; trials of the choice are not on record, and have no figures here. */
function choiceText(): string {
  const { rate, replay } = edge.learning.training;
  return `- The low light was made so that it costs 15 to 30 points on held-out frames, and more by darkness than by noise, which destroys what could be learned.
- The edge's learning rate (${rate}), the 100 reference frames of each class and their share of a batch, ${percent(replay, 0)}, were chosen on held-out frames in several splits. A first run on test frames of
  seed 1, with a higher rate and half the frames, had lost more on clean frames; that prompted the choice. Seeds 2 and 3 were first run with the final settings.
- Shifts and flips of the items did not help: less on hard classes in low light at the same number of epochs.
- An earlier run at ${settings.rate} frames a second on a machine that others kept busy did not finish its training within ${settings.patienceS} s: training gives way to frames. The camera has kept at most ${UNDER_WAY}
  frames under way since.`;
}

function againText(): string {
  const commands = plannedSeeds.flatMap((seed) =>
    (["true", "teacher"] as const).map((labels) =>
      lowLightCommand(lowLightConfigSchema.parse({ seed, labels }), {}),
    ),
  );
  return `A run leaves its plot and every figure in \`${settings.out}/\`.

\`\`\`sh
${commands.join("\n")}
npm run meanet -- results record ${settings.out}/*.json   # takes the place of earlier runs of the same command
npm run meanet -- results low-light
\`\`\``;
}

function itemsOf(labels: Labels): string {
  return whole(planLowLight(lowLightConfigSchema.parse({ labels }), 0.5).items);
}

function tenths(difference: number): string {
  return (100 * difference).toFixed(1);
}

/** Without the tail of binary fractions. */
function tidy(value: number): string {
  return String(Number(value.toPrecision(3)));
}

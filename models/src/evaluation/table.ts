import type { Evaluation } from "./evaluate.ts";
import type { Accuracy } from "./score.ts";

/** An evaluation as text for a terminal, also valid Markdown. */
export function evaluateTable(result: Evaluation): string {
  const { exits, cloud } = result;
  // Each frame is called hard, and each of them rightly.
  const everyClassHard = result.extensionRuns === 1 && result.detection === 1;
  const lines = [
    `${result.bundle} on ${result.data}, ${result.split}: ${result.n} frames`,
    "",
    ...table(
      ["", "all", "hard classes", "easy classes"],
      [
        accuracyRow("main alone", result.main),
        accuracyRow("edge, nothing sent", result.edge),
        ...(result.offloaded === undefined ? [] : [accuracyRow("edge and cloud", result.offloaded)]),
        ...(cloud === undefined ? [] : [accuracyRow("cloud, all sent", cloud)]),
      ].map((row) => (everyClassHard ? row.with(-1, "-") : row)),
    ),
    "",
    `Easy or hard detected ${percent(result.detection)}; the extension runs for ${percent(result.extensionRuns)} of the frames.`,
    ...detectionLines(result),
    `Exits with nothing sent: main ${percent(exits.main)}, extension ${percent(exits.extension)}.`,
    `Mean entropy of main: ${entropyText(result)}; the bundle's T is ${result.threshold.toFixed(3)}.`,
  ];
  if (result.rules !== undefined) {
    const rules = Object.entries(result.rules).map(([name, accuracy]) => `${name} ${percent(accuracy, 2)}`);
    lines.push(`The edge by decision rule: ${rules.join(", ")}.`);
  }
  if (result.curve.length > 0) {
    lines.push(
      "",
      `By threshold T; energy and bytes per frame at the edge, modelled: ${result.profile}, ${result.uplink}.`,
      "",
      ...table(
        ["T", "sent", "accuracy", "energy", "uplink"],
        result.curve.map((point) => [
          `${point.T.toFixed(3)}${point.T === result.threshold ? " *" : ""}`,
          percent(point.sent),
          percent(point.accuracy, 2),
          `${(1000 * point.energyJ).toFixed(3)} mJ`,
          `${point.uplinkBytes.toFixed(1)} B`,
        ]),
      ),
      "",
      "\\* the bundle's own T",
    );
  }
  return lines.join("\n");
}

/** Of answers that there are none of there is no mean. */
function entropyText({ main, entropy: { correct, wrong } }: Evaluation): string {
  if (main.accuracy === 1) return `${correct.toFixed(3)} nats, it is never wrong`;
  if (main.accuracy === 0) return `${wrong.toFixed(3)} nats, it is never right`;
  return `${correct.toFixed(3)} nats when right, ${wrong.toFixed(3)} when wrong`;
}

function detectionLines({ calls, mainErrors: errors }: Evaluation): string[] {
  if (calls === undefined || errors === undefined) return [];
  return [
    `Of the frames called hard ${percent(calls.hard)} are, of those called easy ${percent(calls.easy)}.`,
    `Main is wrong: easy → hard ${percent(errors.easyToHard)}, hard → easy ${percent(errors.hardToEasy)}, easy → another easy class ${percent(errors.easyToEasy)}, hard → another hard class ${percent(errors.hardToHard)}.`,
  ];
}

function accuracyRow(name: string, { accuracy, hard, easy }: Accuracy): string[] {
  return [name, percent(accuracy, 2), percent(hard, 2), percent(easy, 2)];
}

function table(head: readonly string[], body: readonly (readonly string[])[]): string[] {
  const widths = head.map((title, column) =>
    Math.max(3, title.length, ...body.map((row) => row[column]!.length)),
  );
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))).join(" | ")} |`;
  const rule = `| ${widths.map((width, column) => (column === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`)).join(" | ")} |`;
  return [line(head), rule, ...body.map(line)];
}

function percent(fraction: number, digits = 1): string {
  return `${(100 * fraction).toFixed(digits)} %`;
}

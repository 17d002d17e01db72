import assert from "node:assert/strict";

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A metric with all its series. */
export interface Family {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: Sample[];
}

/** Reads Prometheus' text format. @see https://prometheus.io/docs/instrumenting/exposition_formats/ */
function readFamilies(text: string): Family[] {
  const families: Family[] = [];
  let help = "";
  for (const line of text.split("\n").filter((one) => one !== "")) {
    const [, keyword, name = "", rest = ""] = line.match(/^# (HELP|TYPE) (\S+) (.*)$/) ?? [];
    if (keyword === "HELP") help = rest;
    else if (keyword === "TYPE") families.push({ name, type: rest, help, samples: [] });
    else families.at(-1)?.samples.push(readSample(line));
  }
  return families;
}

function readSample(line: string): Sample {
  const [, name, labels = "", value] = line.match(/^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/) ?? [];
  assert.ok(name !== undefined && value !== undefined, `no sample: ${line}`);
  const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key, text]) => [key, text]);
  return {
    name,
    labels: Object.fromEntries(pairs) as Record<string, string>,
    value: Number(value.replace("Inf", "Infinity")),
  };
}

export async function scrape(http: string | undefined): Promise<{ text: string; families: Family[] }> {
  const text = await (await fetch(new URL("/metrics", http))).text();
  return { text, families: readFamilies(text) };
}

/** The series of one metric, or of one part of a histogram. */
export function seriesOf(families: readonly Family[], name: string): Sample[] {
  return families.flatMap(({ samples }) => samples.filter((sample) => sample.name === name));
}

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export const grafanaFolder = join(import.meta.dirname, "../../docs/monitoring/grafana");

interface Target {
  readonly refId: string;
  readonly datasource: { readonly uid: string };
  readonly query: string;
}

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly datasource?: { readonly uid: string };
  readonly targets?: readonly Target[];
  readonly fieldConfig?: {
    readonly defaults: {
      readonly unit?: string;
      readonly thresholds?: { readonly steps: readonly unknown[] };
    };
  };
  readonly options?: { readonly legend?: { readonly showLegend: boolean } };
}

interface Board {
  readonly uid: string;
  readonly title: string;
  readonly tags: readonly string[];
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly query: string }[] };
  readonly annotations: { readonly list: readonly { readonly name: string; readonly query: string }[] };
}

export function readBoards(): Board[] {
  const folder = join(grafanaFolder, "dashboards");
  return readdirSync(folder).map((file) => JSON.parse(readFileSync(join(folder, file), "utf8")) as Board);
}

/** Everything that a board asks its datasource, by the name of where it stands. */
export function queriesOf({
  title,
  panels,
  templating,
  annotations,
}: Board): (readonly [name: string, query: string])[] {
  return [
    ...templating.list.map(({ name, query }) => [`${title} › variable ${name}`, query] as const),
    ...annotations.list.map(({ name, query }) => [`${title} › annotation ${name}`, query] as const),
    ...panels.flatMap(({ title: panel, targets = [] }) =>
      targets.map(({ refId, query }) => [`${title} › ${panel} › ${refId}`, query] as const),
    ),
  ];
}

/** A query as Grafana sends it: with "All" chosen in every variable. @see https://grafana.com/docs/grafana/latest/datasources/influxdb/query-editor */
export function expandMacros(
  query: string,
  { sinceMs, intervalMs }: { readonly sinceMs: number; readonly intervalMs: number },
): string {
  return query
    .replaceAll("$timeFilter", `time >= ${sinceMs}ms`)
    .replaceAll("$__interval_ms", String(intervalMs))
    .replaceAll("$__interval", `${intervalMs}ms`)
    .replace(/\^\$\w+\$/g, "^.*$");
}

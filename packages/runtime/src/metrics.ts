import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

export { Counter, Gauge, Histogram, Registry };

/** Gauges that end in `_total`, which is for counters; each is the sum of a metric of the same name without it. */
const misnamed = ["handles", "requests", "resources"].map((what) => `nodejs_active_${what}_total`);

/** A registry of its own per process, with Node's own metrics in it; two in one test do not collide. */
export function createMetrics(process: string): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ process });
  collectDefaultMetrics({ register: registry });
  for (const name of misnamed) registry.removeSingleMetric(name);
  return registry;
}

/** Name and help of a metric: names after Prometheus' conventions, base units last (`_seconds`, `_bytes`, `_joules`), `_total` for counters. */
interface Named {
  readonly name: string;
  readonly help: string;
}

interface Labelled extends Named {
  /** Tells the figures apart: `outcome`, `reason`. Their sum must mean something. */
  readonly label: string;
}

type Figures = () => Readonly<Record<string, number>>;

/** One count kept elsewhere, as a counter: Prometheus reads what the stats topic reads, at the moment it asks. */
export function exposeCount(registry: Registry, named: Named, read: () => number): void {
  new Counter({
    ...named,
    registers: [registry],
    collect() {
      this.reset();
      this.inc(read());
    },
  });
}

/** Counts kept elsewhere, as a counter with a label. */
export function exposeCounts(registry: Registry, { label, ...named }: Labelled, read: Figures): void {
  new Counter({
    ...named,
    labelNames: [label],
    registers: [registry],
    collect() {
      this.reset();
      for (const [value, figure] of Object.entries(read())) this.inc({ [label]: value }, figure);
    },
  });
}

/** One level kept elsewhere, as a gauge; not shown while it is not known. */
export function exposeLevel(registry: Registry, named: Named, read: () => number | undefined): void {
  new Gauge({
    ...named,
    registers: [registry],
    collect() {
      const level = read();
      if (level === undefined) this.remove();
      else this.set(level);
    },
  });
}

/** Levels kept elsewhere, as a gauge with a label; a value that is gone is not shown any more. */
export function exposeLevels(registry: Registry, { label, ...named }: Labelled, read: Figures): void {
  new Gauge({
    ...named,
    labelNames: [label],
    registers: [registry],
    collect() {
      this.reset();
      for (const [value, level] of Object.entries(read())) this.set({ [label]: value }, level);
    },
  });
}

/** Lengths kept elsewhere, as a gauge by `queue`. */
export function exposeQueues(registry: Registry, named: Named, read: Figures): void {
  exposeLevels(registry, { ...named, label: "queue" }, read);
}

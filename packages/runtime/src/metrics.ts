import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

export { Counter, Gauge, Histogram, Registry };

/** A registry of its own per process, with Node's own metrics in it; two in one test do not collide. */
export function createMetrics(process: string): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ process });
  collectDefaultMetrics({ register: registry });
  return registry;
}

type Figures = () => Readonly<Record<string, number>>;

interface Exposed {
  readonly name: string;
  readonly help: string;
  /** Tells the figures apart: `event`, `reason`. */
  readonly label: string;
}

/** Counts kept elsewhere, as a counter: Prometheus reads what the stats topic reads, at the moment it asks. */
export function exposeCounts(registry: Registry, { label, ...names }: Exposed, read: Figures): void {
  new Counter({
    ...names,
    labelNames: [label],
    registers: [registry],
    collect() {
      this.reset();
      for (const [value, figure] of Object.entries(read())) this.inc({ [label]: value }, figure);
    },
  });
}

/** Lengths kept elsewhere, as a gauge by `queue`. */
export function exposeQueues(registry: Registry, names: Omit<Exposed, "label">, read: Figures): void {
  new Gauge({
    ...names,
    labelNames: ["queue"],
    registers: [registry],
    collect() {
      for (const [queue, length] of Object.entries(read())) this.set({ queue }, length);
    },
  });
}

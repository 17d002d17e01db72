import { createMetrics, exposeCount, exposeLevel, type Registry } from "@meanet/runtime";
import type { ChildFigures } from "./child/messages.ts";
import type { KeptRunning } from "./kept-running.ts";

/** What Node-RED did and how it fares: for stats on MQTT, and as metrics. */
export class Tally {
  readonly registry: Registry = createMetrics("flows");
  #nodeRed: KeptRunning | undefined;
  #figures: ChildFigures | undefined;

  constructor() {
    const restarts = {
      name: "meanet_flows_node_red_restarts_total",
      help: "times Node-RED was started again",
    };
    exposeCount(this.registry, restarts, () => this.#nodeRed?.restarts ?? 0);
    this.#gauge("meanet_flows_node_red_up", "1 while Node-RED works", () => (this.#nodeRed?.pid ? 1 : 0));
    this.#gauge("meanet_flows_node_red_safe_mode", "1 while its flows are not started", () =>
      this.#nodeRed?.safe ? 1 : 0,
    );
    this.#gauge(
      "meanet_flows_node_red_memory_bytes",
      "resident memory of Node-RED",
      () => this.#figures?.rssBytes,
    );
    this.#gauge(
      "meanet_flows_node_red_heap_bytes",
      "heap that Node-RED uses",
      () => this.#figures?.heapUsedBytes,
    );
    this.#gauge(
      "meanet_flows_node_red_loop_delay_seconds",
      "99th percentile of the event loop's delay",
      () => this.#figures && this.#figures.loopDelayP99Ms / 1000,
    );
  }

  /** To be called once it runs. */
  readFrom(nodeRed: KeptRunning): void {
    this.#nodeRed = nodeRed;
  }

  figures(figures: ChildFigures): void {
    this.#figures = figures;
  }

  get counters(): Record<string, number> {
    return { restarts: this.#nodeRed?.restarts ?? 0 };
  }

  #gauge(name: string, help: string, read: () => number | undefined): void {
    exposeLevel(this.registry, { name, help }, read);
  }
}

import type { AnswerVerdict, Replay } from "@meanet/protocol";
import { createLog } from "@meanet/runtime";
import { MqttSession, mqttConfigSchema } from "@meanet/session";
import { answered } from "./verdicts.ts";

/** An edge node as the recorder sees it: publishes verdicts, tells its last row, publishes rows again on request. */
export class Edge {
  readonly session: MqttSession;
  readonly replays: Replay[] = [];
  readonly #rows = new Map<number, AnswerVerdict>();
  #lastSeq = 0;

  private constructor(session: MqttSession) {
    this.session = session;
  }

  static async connect(url: string, node = "edge-1", site = "lab"): Promise<Edge> {
    const session = new MqttSession({
      mqtt: mqttConfigSchema.parse({ url }),
      ...{ node, site, log: createLog("edge", "silent") },
      status: { kind: "edge", version: "0.0.0", models: [] },
    });
    const edge = new Edge(session);
    session.subscribe(session.topics.replay, { site, edge: node }, ({ value }) => {
      edge.replays.push(value);
      for (let seq = value.from; seq <= Math.min(value.to, edge.#lastSeq); seq++) {
        const row = edge.#rows.get(seq);
        if (row !== undefined) void edge.publish(row);
      }
    });
    await session.connect();
    return edge;
  }

  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** The next row, in the journal but not yet published. */
  write(changes: Partial<AnswerVerdict> = {}): AnswerVerdict {
    this.#lastSeq += 1;
    const { site, node: edge } = this.session;
    const row = answered(this.#lastSeq, { site, edge, at: Date.now(), ...changes });
    this.#rows.set(row.seq, row);
    return row;
  }

  publish(row: AnswerVerdict): Promise<boolean> {
    const { site, device } = row;
    return this.session.publish(this.session.topics.verdict, { site, device }, row);
  }

  async answer(count: number): Promise<void> {
    for (let left = count; left > 0; left -= 50) {
      await Promise.all(Array.from({ length: Math.min(50, left) }, () => this.publish(this.write())));
    }
  }

  /** Loses a row, as retention of the journal would. */
  forget(seq: number): void {
    this.#rows.delete(seq);
  }

  async tellStats(): Promise<void> {
    const { session } = this;
    const { site, node } = session;
    await session.publish(
      session.topics.stats,
      { site, node },
      {
        ...{ kind: "edge", at: Date.now(), uptimeS: 1, counters: {}, drops: {}, queues: {} },
        journal: { journal: "journal-1", lastSeq: this.#lastSeq },
      },
      { qos: 1 },
    );
  }
}

import type { AnswerVerdict, Replay } from "@meanet/protocol";
import { createLog } from "@meanet/runtime";
import { MqttSession, mqttConfigSchema } from "@meanet/session";
import { answered } from "./verdicts.ts";

/** Verdicts that wait for the broker. */
const AT_ONCE = 50;

/** An edge node as the recorder sees it: publishes verdicts, tells its last row, publishes rows again on request. */
export class Edge {
  readonly session: MqttSession;
  readonly replays: Replay[] = [];
  readonly #rows = new Map<number, AnswerVerdict>();
  #lastSeq = 0;
  /** Ranges asked for whose turn has not come. */
  readonly #waiting = new Set<string>();
  #replaying: Promise<void> = Promise.resolve();

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
      // One after the other and each once, as an edge node does: all at once would exceed what may wait for the broker.
      const range = `${value.from}-${value.to}`;
      if (edge.#waiting.has(range)) return;
      edge.#waiting.add(range);
      // What a closing session leaves unpublished is asked for again.
      edge.#replaying = edge.#replaying
        .then(() => {
          edge.#waiting.delete(range);
          return edge.#publishAgain(value);
        })
        .catch(() => undefined);
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
    for (let left = count; left > 0; left -= AT_ONCE) {
      await Promise.all(Array.from({ length: Math.min(AT_ONCE, left) }, () => this.publish(this.write())));
    }
  }

  async #publishAgain({ from, to }: Replay): Promise<void> {
    for (let first = from; first <= Math.min(to, this.#lastSeq); first += AT_ONCE) {
      const seqs = Array.from({ length: Math.min(AT_ONCE, to - first + 1) }, (_, index) => first + index);
      const rows = seqs.map((seq) => this.#rows.get(seq)).filter((row) => row !== undefined);
      await Promise.all(rows.map((row) => this.publish(row)));
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

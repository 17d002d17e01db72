import type { CloudAnswer, ComplexItem } from "@meanet/protocol";
import type { Logger } from "@meanet/runtime";
import { type MqttConfig, MqttSession } from "@meanet/session";
import { Subject } from "rxjs";
import type { Question } from "./operators/offload.ts";

export interface CloudPortOptions {
  readonly mqtt: MqttConfig;
  readonly site: string;
  /** The edge node, whose topics these are. */
  readonly edge: string;
  readonly log: Logger;
  /** Called for every publication that the session accepted, with the bytes of its payload. */
  readonly onPublished: (bytes: number) => void;
}

/**
 * Questions to the workers and their answers, over a connection of their own, client id `{edge}-cloud`.
 *
 * Brokers bound the unacknowledged messages of one connection (Mosquitto: `max_inflight_messages`, 20). Frames that wait for
 * the cloud are unacknowledged: on the same connection, 20 of them would hold up the very answers that they wait for.
 */
export class CloudPort {
  readonly answers = new Subject<CloudAnswer>();
  readonly #options: CloudPortOptions;
  readonly #session: MqttSession;

  constructor(options: CloudPortOptions) {
    const { mqtt, site, edge, log } = options;
    this.#options = options;
    // After an outage old questions would go first, though nobody waits for their answers any more.
    this.#session = new MqttSession({ mqtt, site, node: `${edge}-cloud`, log, resends: false });
    this.#session.subscribe(this.#session.topics.answer, { site, edge }, ({ params, value }) => {
      // A worker that answers under another id than it was asked by is answering another question.
      if (params.id === value.id) this.answers.next(value);
    });
  }

  /** Whether a question could be asked and its answer heard. */
  get online(): boolean {
    return this.#session.ready;
  }

  /** @throws {MeanetError} BROKER_UNREACHABLE after `timeoutMs` or when `signal` aborts, still trying */
  connect(timeoutMs: number, signal?: AbortSignal): Promise<void> {
    return this.#session.connect(timeoutMs, signal);
  }

  /**
   * Publishes, and returns the bytes of the payload, 0 when the session accepts no more. Whatever keeps it from arriving shows as
   * silence.
   */
  publish(question: Question): number {
    const { site, edge, log, onPublished } = this.#options;
    const { complex } = this.#session.topics;
    const payload = complex.encode(describe(question, site, edge));
    const accepted = this.#session.accepts(payload.byteLength);
    this.#session
      .publishBytes(complex.format({ site, edge, id: question.ticket }), payload, complex)
      .catch((error: unknown) => log.warn({ err: error }, "a complex frame was not published"));
    if (!accepted) return 0;
    onPublished(payload.byteLength);
    return payload.byteLength;
  }

  close(): Promise<void> {
    return this.#session.close();
  }
}

function describe({ item, ticket, attempt, remainingMs }: Question, site: string, edge: string): ComplexItem {
  const { classIndex, confidence } = item.model.decide(item.p1, undefined);
  return {
    id: ticket,
    site,
    device: item.frame.device,
    edge,
    attempt,
    remainingMs,
    model: item.model.base,
    edgeAnswer: { classIndex, confidence, entropy: item.entropy },
    format: item.format,
    // Read from a socket, so never shared memory.
    frame: item.frame.payload as Uint8Array<ArrayBuffer>,
  };
}

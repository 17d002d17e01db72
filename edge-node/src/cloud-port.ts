import type { CloudAnswer, ComplexItem } from "@meanet/protocol";
import type { MqttSession } from "@meanet/session";
import { Subject } from "rxjs";
import type { Question } from "./operators/offload.ts";

export interface CloudPortOptions {
  readonly session: MqttSession;
  /** Told of every publication with the bytes of its payload. */
  readonly onPublished: (bytes: number) => void;
  readonly onError: (error: unknown) => void;
}

/** Questions to the workers and their answers. */
export class CloudPort {
  readonly answers = new Subject<CloudAnswer>();
  readonly #options: CloudPortOptions;

  constructor(options: CloudPortOptions) {
    this.#options = options;
    const { session } = options;
    const { topics, site, node } = session;
    session.subscribe(topics.answer, { site, edge: node }, ({ params, value }) => {
      // A worker that answers under another id than it was asked by means another question.
      if (params.id === value.id) this.answers.next(value);
    });
  }

  /** Publishes and returns the bytes of the payload; what keeps it from arriving shows as silence. */
  publish(question: Question): number {
    const { session, onPublished, onError } = this.#options;
    const { topics, site, node: edge } = session;
    const { complex } = topics;
    const payload = complex.encode(describe(question, site, edge));
    session
      .publishBytes(complex.format({ site, edge, id: question.ticket }), payload, complex)
      .catch(onError);
    onPublished(payload.byteLength);
    return payload.byteLength;
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
    model: item.model.name,
    edgeAnswer: { classIndex, confidence, entropy: item.entropy },
    format: item.format,
    // Off the socket, never of shared memory.
    frame: item.frame.payload as Uint8Array<ArrayBuffer>,
  };
}

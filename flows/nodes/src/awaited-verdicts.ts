import type { Verdict } from "@meanet/protocol";
import { MeanetError } from "@meanet/runtime/error";

interface Awaited {
  /** Publishes the frame once more: the same id is answered the same. */
  readonly again: () => void;
  settle(outcome: Verdict | MeanetError): void;
}

/** Frames whose final verdict somebody waits for: as many as the node lets wait. */
export class AwaitedVerdicts {
  readonly #awaited = new Map<string, Awaited>();

  get size(): number {
    return this.#awaited.size;
  }

  /**
   * @param again - publishes the frame once more
   * @throws {MeanetError} VERDICT_TIMEOUT, VERDICT_BACKLOG, SESSION_CLOSED
   */
  async wait(device: string, id: string, timeoutMs: number, again: () => void): Promise<Verdict> {
    const key = `${device}/${id}`;
    if (this.#awaited.has(key)) throw twice(device, id);
    const { promise, resolve, reject } = Promise.withResolvers<Verdict>();
    const awaited: Awaited = {
      again,
      settle: (outcome) => {
        if (outcome instanceof MeanetError) reject(outcome);
        else resolve(outcome);
      },
    };
    this.#awaited.set(key, awaited);
    const timer = setTimeout(() => awaited.settle(late(id, timeoutMs)), timeoutMs);
    return await promise.finally(() => {
      clearTimeout(timer);
      this.#awaited.delete(key);
    });
  }

  /** Takes note of a verdict; of a provisional one, or for a frame of somebody else, nothing. */
  arrived(verdict: Verdict): void {
    if (verdict.final) this.#awaited.get(`${verdict.device}/${verdict.id}`)?.settle(verdict);
  }

  /** A frame cannot be published: nobody waits for its verdict. */
  failed(device: string, id: string, error: MeanetError): void {
    this.#awaited.get(`${device}/${id}`)?.settle(error);
  }

  /** Verdicts of an outage are gone: asks for all of them again. */
  publishAgain(): void {
    for (const { again } of this.#awaited.values()) again();
  }

  close(): void {
    for (const awaited of this.#awaited.values()) {
      awaited.settle(new MeanetError("SESSION_CLOSED", "the node was closed before the verdict came"));
    }
  }
}

function late(id: string, timeoutMs: number): MeanetError {
  return new MeanetError(
    "VERDICT_TIMEOUT",
    `no final verdict for frame ${id} within ${timeoutMs} ms: check that an edge node of this site is online; publishing the same id again is safe`,
    { id, timeoutMs },
  );
}

function twice(device: string, id: string): MeanetError {
  return new MeanetError(
    "VERDICT_BACKLOG",
    `frame ${id} of ${device} is awaited already: publish it again when its verdict has come, or under another id`,
    { device, id },
  );
}

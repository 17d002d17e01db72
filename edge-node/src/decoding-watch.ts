import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { MeanetError } from "@meanet/runtime";
import { z } from "zod";

export interface DecodingWatchOptions {
  readonly file: string;
  /** On a clock that only runs forward. */
  readonly nowMs: () => number;
  /** The file could not be read or written; decoding goes on. */
  readonly onError: (error: unknown) => void;
}

/** How long caution lasts after an unclean end: what ended the process is redelivered on the first connection. */
const CAUTIOUS_MS = 60_000;
/** A kill from outside may hit any picture once. */
const ENDS = 2;
/** Pictures refused for ever; beyond this number the oldest get another chance. */
const MAX_REFUSED = 16;

const recordSchema = z.strictObject({
  /** False after a clean stop. */
  running: z.boolean(),
  /** Digest of the picture that is decoded now, and how often the process ended over it. */
  suspect: z.strictObject({ picture: z.string(), ends: z.int() }).optional(),
  refused: z.array(z.string()),
});
type DecodingRecord = z.output<typeof recordSchema>;

/**
 * Finds the picture that crashes the process: native code decodes pictures, and a QoS 1 frame is redelivered at every start.
 *
 * For a minute after an unclean end pictures are decoded one at a time, each noted in a file first. One that has crashed the process
 * twice is refused from then on. After a clean end nothing is noted and nothing waits.
 */
export class DecodingWatch {
  readonly #options: DecodingWatchOptions;
  readonly #refused: Set<string>;
  readonly #cautiousUntilMs: number;
  readonly #suspect: DecodingRecord["suspect"];
  /** Settles with the last picture in line. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: DecodingWatchOptions) {
    this.#options = options;
    const { running, suspect, refused } = this.#read();
    this.#refused = new Set(refused);
    this.#cautiousUntilMs = running ? options.nowMs() + CAUTIOUS_MS : Number.NEGATIVE_INFINITY;
    this.#suspect = suspect && { ...suspect, ends: suspect.ends + 1 };
    if (this.#suspect !== undefined && this.#suspect.ends >= ENDS) this.#refuse(this.#suspect.picture);
    this.#write(true);
  }

  /** Decodes a picture. @throws {MeanetError} IMAGE_UNDECODABLE when the process has ended over it; what `decode` throws */
  decode<T>(bytes: Uint8Array, decode: () => Promise<T>): Promise<T> {
    const cautious = this.#options.nowMs() < this.#cautiousUntilMs;
    if (!cautious && this.#refused.size === 0) return decode();
    const picture = createHash("sha256").update(bytes).digest("hex");
    if (this.#refused.has(picture)) return Promise.reject(refusal());
    return cautious ? this.#alone(picture, decode) : decode();
  }

  /** The process ends cleanly. */
  stop(): void {
    this.#write(false);
  }

  #alone<T>(picture: string, decode: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(async () => {
      const ends = this.#suspect?.picture === picture ? this.#suspect.ends : 0;
      this.#write(true, { picture, ends });
      try {
        return await decode();
      } finally {
        this.#write(true);
      }
    });
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  #refuse(picture: string): void {
    this.#refused.add(picture);
    for (const oldest of this.#refused) {
      if (this.#refused.size <= MAX_REFUSED) return;
      this.#refused.delete(oldest);
    }
  }

  #read(): DecodingRecord {
    const nothing = { running: false, refused: [] };
    try {
      return recordSchema.parse(JSON.parse(readFileSync(this.#options.file, "utf8")));
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return nothing;
      this.#options.onError(error);
      // Perhaps cut short by the very crash that is looked for.
      return { ...nothing, running: true };
    }
  }

  /** Not flushed: it must outlive the process, not a power cut. */
  #write(running: boolean, suspect?: DecodingRecord["suspect"]): void {
    const { file, onError } = this.#options;
    try {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, JSON.stringify({ running, suspect, refused: [...this.#refused] }));
    } catch (error) {
      onError(error);
    }
  }
}

function refusal(): MeanetError {
  return new MeanetError(
    "IMAGE_UNDECODABLE",
    `this edge node ended ${ENDS} times while it decoded this very picture, and does not try again: send it from another source`,
  );
}

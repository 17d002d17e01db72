import { MeanetError } from "@meanet/runtime";

/** Of the head of a part: boundary, type and length. */
const MAX_HEAD_BYTES = 1024;
const END_OF_HEAD = Buffer.from("\r\n\r\n");

/**
 * Takes apart what ffmpeg's format `mpjpeg` writes: a boundary, the length and the picture, for ever. The length tells where a
 * picture ends; searching for JPEG's end marker could find one inside.
 */
export class MultipartReader {
  readonly #maxBytes: number;
  #rest: Buffer = Buffer.alloc(0);

  /** @param maxBytes - of one picture */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** @returns the pictures that this chunk completes @throws {MeanetError} CAMERA_FAILED for what is not of this format */
  read(chunk: Uint8Array): Buffer[] {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    const pictures: Buffer[] = [];
    while (true) {
      const end = this.#rest.indexOf(END_OF_HEAD);
      if (end < 0 ? this.#rest.length > MAX_HEAD_BYTES : end > MAX_HEAD_BYTES)
        throw notMultipart("no length");
      if (end < 0) return pictures;
      const length = lengthIn(this.#rest.toString("latin1", 0, end));
      if (length > this.#maxBytes) {
        throw notMultipart(`a picture of ${length} bytes, at most ${this.#maxBytes} are taken`);
      }
      const begin = end + END_OF_HEAD.length;
      if (this.#rest.length < begin + length) return pictures;
      pictures.push(Buffer.from(this.#rest.subarray(begin, begin + length)));
      this.#rest = this.#rest.subarray(begin + length);
    }
  }
}

function lengthIn(head: string): number {
  const [, digits] = /^content-length: *(\d+) *$/im.exec(head) ?? [];
  if (digits === undefined) throw notMultipart("no length");
  return Number(digits);
}

function notMultipart(found: string): MeanetError {
  return new MeanetError(
    "CAMERA_FAILED",
    `ffmpeg wrote ${found} where a picture should begin: check that the setting ffmpeg names ffmpeg itself`,
  );
}

import { type IPublishPacket, writeToStream } from "mqtt-packet";

/** mqtt-packet keeps the bytes of every length below, for ever, once a packet has had it. */
const KEPT_BELOW = 16_384;
/** Fixed header aside, of a PUBLISH with a topic of one letter: its length and the letter. */
const LEAST_LENGTH = 3;

let areKept = false;

/**
 * Lets mqtt-packet make the bytes of all packet lengths that it keeps, at once: 128 KiB, some 20 ms, for mqtt.js and Aedes alike.
 *
 * One by one they cost up to a gigabyte. Each is two bytes out of the 64 KiB that Node cuts small buffers from at that moment, and holds
 * on to all 64: a process that sends JPEGs of any size below 16 KiB grows for weeks.
 */
export function keepPacketLengths(): void {
  if (areKept) return;
  areKept = true;
  // All that it asks of a stream here.
  const nowhere = { write: () => true } as unknown as NodeJS.WritableStream;
  const bytes = Buffer.alloc(KEPT_BELOW);
  const packet: IPublishPacket = {
    cmd: "publish",
    topic: "t",
    payload: "",
    qos: 0,
    retain: false,
    dup: false,
  };
  for (let length = LEAST_LENGTH; length < KEPT_BELOW; length++) {
    writeToStream({ ...packet, payload: bytes.subarray(LEAST_LENGTH, length) }, nowhere);
  }
}

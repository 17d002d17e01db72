import { z } from "zod";

/** Where a process can be reached, by what answers there: `{ mqtt: "mqtt://127.0.0.1:1883", http: "http://…" }`. */
export type Addresses = Readonly<Record<string, string>>;

/** What a child process tells its parent, once. */
export const childMessageSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("ready"), addresses: z.record(z.string(), z.string()) }),
  /** The start failed; `text` is what a person would have read on the terminal, `code` null for a bug. */
  z.object({ type: z.literal("failed"), code: z.string().nullable(), text: z.string() }),
]);
export type ChildMessage = z.infer<typeof childMessageSchema>;

/** What the parent that hands over to another Node tells, before it passes a signal on as SIGTERM. */
export const parentMessageSchema = z.object({
  type: z.literal("signal"),
  signal: z.enum(["SIGINT", "SIGTERM", "SIGHUP"]),
});

/** Tells the parent, if there is one that listens; resolves when the message is out. */
export function tellParent(message: ChildMessage): Promise<void> {
  const send = process.send?.bind(process);
  if (send === undefined) return Promise.resolve();
  return new Promise((resolve) => {
    // A parent that has just vanished is noticed by `disconnect`.
    send(message, undefined, {}, () => resolve());
  });
}

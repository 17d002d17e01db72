import { MeanetError } from "@meanet/runtime/error";
import type { FlowMessage, NodeRedNode, Send } from "./node-red.ts";

/**
 * Works on each message that comes to a node: what `work` throws goes to Catch nodes.
 *
 * @param part - what the node works with; undefined when its configuration does not fit, then every message is an error
 */
export function onInput<Part>(
  node: NodeRedNode,
  part: Part | undefined,
  work: (part: Part, message: FlowMessage, send: Send) => Promise<void>,
): void {
  node.on("input", (message, send, done) => {
    const run = async () => {
      let failure: Error | undefined;
      try {
        if (part === undefined) throw unconfigured();
        await work(part, message, send);
      } catch (error) {
        failure = error instanceof Error ? error : new Error(String(error));
      }
      done(failure);
    };
    void run();
  });
}

function unconfigured(): MeanetError {
  return new MeanetError(
    "CONFIG_INVALID",
    "this node has no valid connection: choose one in its dialog, and see what the connection itself tells",
  );
}

/** What an id or name in a message or in the dialog says: a dialog's comes first. */
export function textOf(configured: string | undefined, given: unknown): string | undefined {
  const text = configured?.trim();
  if (text) return text;
  return typeof given === "string" || typeof given === "number" ? String(given) : undefined;
}

import { constants } from "node:os";

const SIGPIPE_EXIT = 128 + constants.signals.SIGPIPE;

/**
 * What reads the output has gone, as in `meanet query exits | head -1`: Node ignores SIGPIPE, and a stream nobody listens to ends the
 * process with a trace. A command that stops in order does so, as if its terminal were closed; any other ends at once, as SIGPIPE would.
 */
export function endWithReader(stream: NodeJS.WriteStream): void {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    if (process.listenerCount("SIGHUP") > 0) process.emit("SIGHUP");
    else process.exit(SIGPIPE_EXIT);
  });
}

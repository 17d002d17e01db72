import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { waitUntil } from "@meanet/session/testing";

/**
 * Kills a process that `meanet up` watches over, and takes its port, so that it cannot come back until the outage ends.
 *
 * @param up - pid of `meanet up`
 * @param command - of the process: `broker`
 */
export async function takeDown(up: number, command: string, port: number): Promise<{ end(): Promise<void> }> {
  const pid = childrenOf(up).find((child) => {
    const args = readFileSync(`/proc/${child}/cmdline`, "utf8").split("\0");
    return args.includes(command);
  });
  if (pid === undefined) throw new Error(`meanet up has no child ${command}`);
  process.kill(pid, "SIGKILL");
  const server = createServer((socket) => socket.destroy());
  await waitUntil(
    `port ${port} is ours`,
    async () => {
      server.listen(port, "127.0.0.1");
      return once(server, "listening").then(
        () => true,
        () => false,
      );
    },
    (isOurs) => isOurs,
  );
  return {
    async end() {
      server.close();
      await once(server, "close");
    },
  };
}

/** Of this moment, as Linux tells. */
function childrenOf(pid: number): number[] {
  const listed = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
  return listed.trim().split(" ").map(Number);
}

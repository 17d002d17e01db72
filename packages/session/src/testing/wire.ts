import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

/** A network between a client and a broker that a test can break. */
export interface Wire {
  /** `mqtt://127.0.0.1:4711` */
  readonly url: string;
  /** Breaks every connection, as a pulled plug does once it is noticed. New ones are refused until `mend`. */
  cut(): void;
  mend(): void;
  /** Passes nothing on, and lets both sides wait. */
  freeze(): void;
  close(): Promise<void>;
}

/** Opens a wire to the broker on `port` of this machine. */
export async function openWire(port: number): Promise<Wire> {
  const sockets = new Set<Socket>();
  let broken = false;
  const server = createServer((near) => {
    if (broken) {
      near.destroy();
      return;
    }
    const far = connect(port, "127.0.0.1");
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        sockets.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address() as { port: number };

  function cut(): void {
    broken = true;
    for (const socket of sockets) socket.destroy();
  }
  return {
    url: `mqtt://127.0.0.1:${address.port}`,
    cut,
    mend() {
      broken = false;
    },
    freeze() {
      for (const socket of sockets) {
        socket.unpipe();
        socket.pause();
      }
    },
    async close() {
      cut();
      server.close();
      await once(server, "close");
    },
  };
}

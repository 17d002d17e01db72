import { statfsSync } from "node:fs";
import { exposeLevel, type Registry } from "./metrics.ts";

export interface DiskOptions {
  /** What the names of the metrics begin with, such as `meanet_edge`. */
  readonly prefix: string;
  /** A folder on that disk. */
  readonly folder: string;
  /** What the process keeps there, for the help lines. */
  readonly holds: string;
}

/** `…_disk_free_bytes` and `…_disk_size_bytes`, read when Prometheus asks; not shown where the system does not tell. */
export function exposeDisk(registry: Registry, { prefix, folder, holds }: DiskOptions): void {
  const level = (name: string, help: string, read: (disk: Disk) => number) =>
    exposeLevel(registry, { name: `${prefix}_disk_${name}`, help }, () => {
      const disk = diskOf(folder);
      return disk && read(disk);
    });
  level("free_bytes", `room on the disk of the ${holds}`, ({ freeBytes }) => freeBytes);
  level("size_bytes", `size of the disk of the ${holds}`, ({ sizeBytes }) => sizeBytes);
}

interface Disk {
  /** What a process without special rights may still write. */
  readonly freeBytes: number;
  readonly sizeBytes: number;
}

function diskOf(folder: string): Disk | undefined {
  try {
    const { bavail, blocks, bsize } = statfsSync(folder);
    return { freeBytes: bavail * bsize, sizeBytes: blocks * bsize };
  } catch {
    return undefined;
  }
}

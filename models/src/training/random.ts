/** Randomness as a function of a seed and a place: a training that resumes there draws what it would have drawn. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** Uniform integer in [0, below). */
  below(below: number): number;
}

/**
 * A generator for one place in the training, such as `(seed, epoch, step)`. Equal arguments give equal draws on every
 * machine: 32-bit integer operations only.
 *
 * @param stream - integers, mixed one after the other
 * @see mulberry32 (Tommy Ettinger, public domain) over a murmur3 finaliser
 */
export function randomAt(...stream: readonly number[]): Random {
  let state = 0x9e3779b9;
  for (const value of stream) {
    state = mix(state ^ mix(value | 0));
  }
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return { next, below: (below) => Math.floor(next() * below) };
}

/** A new array of the same entries in a drawn order (Fisher-Yates). */
export function shuffled(entries: Uint32Array, random: Random): Uint32Array<ArrayBuffer> {
  const order = Uint32Array.from(entries);
  for (let last = order.length - 1; last > 0; last--) {
    const other = random.below(last + 1);
    const entry = order[last]!;
    order[last] = order[other]!;
    order[other] = entry;
  }
  return order;
}

/** Standard normal, Box and Muller (1958). */
export function normal(random: Random): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random.next()));
  return radius * Math.cos(2 * Math.PI * random.next());
}

function mix(value: number): number {
  let h = (value + 0x7ed55d16) | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

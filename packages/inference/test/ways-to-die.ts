/** First numbers of the input `x` that make `dying-thread.ts` die. */
export const ways = { exit: -1, throw: -2, memory: -3 } as const;

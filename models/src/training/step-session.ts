/** How a training thread opens its models: one core each, and no more memory than a step needs. */
export const stepSession = { threads: 1, memPattern: false } as const;

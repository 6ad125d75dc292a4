/**
 * All failpoints; what comes before the dot says where. `throws`: an error at that point happens in life too (a disk that takes no more, an
 * answer that got lost), and the code around it deals with it. At the others an error would be a lie: the effect has happened, or nothing can fail there.
 */
export const failpoints = {
  /** In both processes: any commit of any store. */
  'lmdb.before-commit': { throws: true },
  'event-store.before-write': { throws: false },
  'event-store.before-flush': { throws: false },
  'event-store.after-flush': { throws: false },
  'event-store.before-ack': { throws: false },
  'event-store.after-ack': { throws: false },
  'read-model.before-commit': { throws: false },
  'read-model.after-commit': { throws: false },
  'read-model.before-checkpoint': { throws: true },
  'bus.before-publish': { throws: true },
  'bus.before-deliver': { throws: true },
  'bus.before-ack': { throws: true },
  'bus.after-ack': { throws: false },
  'bus.before-checkpoint': { throws: false },
  'bus.after-checkpoint': { throws: false },
  'kubernetes.before-call': { throws: false },
  'kubernetes.after-call': { throws: true },
  'vault.before-write': { throws: true },
  'vault.after-write': { throws: true },
  'http.before-answer': { throws: false },
  'http.after-answer': { throws: false },
  /** In the process of the simulated cluster. */
  'cluster-sim.before-write': { throws: true },
  'cluster-sim.after-write': { throws: false },
  'cluster-sim.before-answer': { throws: true },
  'cluster-sim.before-watch-event': { throws: false },
} as const satisfies Readonly<Record<string, { readonly throws: boolean }>>;

export type FailpointName = keyof typeof failpoints;

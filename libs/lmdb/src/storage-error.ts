/** Another process (or another part of this one) has the folder open. */
export class StoreLocked extends Error {
  readonly code = 'store-locked';
  constructor(
    readonly folder: string,
    readonly pid: number,
  ) {
    super(`the folder "${folder}" is in use by process ${pid}`);
    this.name = new.target.name;
  }
}

/** The disk, the quota or the file size limit took no more. Nothing of the refused write was kept; later ones may succeed. */
export class StorageFull extends Error {
  readonly code = 'storage-full';
  constructor(
    readonly folder: string,
    options?: ErrorOptions,
  ) {
    super(`no space left for the data in "${folder}"`, options);
    this.name = new.target.name;
  }
}

/** The operating system failed a write for another reason than space. Nothing of the write was kept. */
export class StorageFailed extends Error {
  readonly code = 'storage-failed';
  constructor(
    readonly folder: string,
    options: ErrorOptions,
  ) {
    super(
      `writing to "${folder}" failed: ${options.cause instanceof Error ? options.cause.message : String(options.cause)}`,
      options,
    );
    this.name = new.target.name;
  }
}

/** The environment was closed before. */
export class StorageClosed extends Error {
  readonly code = 'storage-closed';
  constructor(readonly folder: string) {
    super(`the data in "${folder}" is closed`);
    this.name = new.target.name;
  }
}

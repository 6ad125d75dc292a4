/** Whether the stores of this process take writes. */
export abstract class StorageHealth {
  /** Names of those that have no room left on their disk. */
  abstract full(): readonly string[];
}

/** A store that can tell. */
export interface FillableStore {
  isFull(): boolean;
}

/** Of the stores that lie on disks of this machine. */
export class EmbeddedStorageHealth extends StorageHealth {
  /** @param stores by the names that a health check gives them */
  constructor(private readonly stores: Readonly<Record<string, FillableStore>>) {
    super();
  }

  override full(): readonly string[] {
    return Object.entries(this.stores).flatMap(([name, store]) => (store.isFull() ? [name] : []));
  }
}

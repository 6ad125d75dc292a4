import { type LmdbEnvironment, type LmdbTable, openEnvironment } from '@souk/lmdb';
import { type KubeObject } from '../objects/kube-object';

/** About what an object or a record takes. */
const BYTES_OF_AN_OBJECT = 4 * 1024;

/** What one flush writes, all of it or nothing. `undefined` removes. */
export interface StateBatch {
  /** JSON. */
  readonly objects: ReadonlyMap<string, string | undefined>;
  readonly records: ReadonlyMap<string, object | undefined>;
  readonly version: number;
}

/** Everything that the file held when it was opened. */
export interface SavedState {
  readonly objects: { readonly key: string; readonly object: KubeObject }[];
  readonly records: Map<string, object>;
  readonly version: number;
}

/**
 * The cluster's state on disk: objects by key, private records (see `ObjectStore.setRecord`) and the resource version.
 * Law: `save` is fulfilled when the batch is flushed; batches are kept in the order of the calls.
 */
export class StateFile {
  private constructor(
    private readonly environment: LmdbEnvironment,
    private readonly objects: LmdbTable<string, string>,
    private readonly records: LmdbTable<string, object>,
    private readonly meta: LmdbTable<string, number>,
  ) {}

  /** @throws StoreLocked while another process has it open */
  static async open(folder: string): Promise<StateFile> {
    const environment = await openEnvironment(folder, { maxTables: 4 });
    return new StateFile(
      environment,
      environment.openTable('objects', { encoding: 'text' }),
      environment.openTable('records', { encoding: 'json' }),
      environment.openTable('meta', { encoding: 'json' }),
    );
  }

  load(): SavedState {
    return {
      objects: [...this.objects.entries()].map(({ key, value }) => ({ key, object: JSON.parse(value) as KubeObject })),
      records: new Map([...this.records.entries()].map(({ key, value }) => [key, value])),
      version: this.meta.get('resourceVersion') ?? 0,
    };
  }

  save({ objects, records, version }: StateBatch): Promise<void> {
    const keys = objects.size + records.size;
    const change = () => {
      for (const [key, text] of objects) {
        if (text !== undefined) this.objects.put(key, text);
        else this.objects.remove(key);
      }
      for (const [key, record] of records) {
        if (record) this.records.put(key, record);
        else this.records.remove(key);
      }
      this.meta.put('resourceVersion', version);
    };
    return this.environment.writeBlind(change, { keys, bytes: keys * BYTES_OF_AN_OBJECT });
  }

  close(): Promise<void> {
    return this.environment.close();
  }
}

/** Any object of the Kubernetes API, as JSON. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMetadata;
  readonly [field: string]: unknown;
}

export interface ObjectMetadata {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly generation?: number;
  readonly resourceVersion?: string;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Names one object. */
export interface ObjectName {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
}

export interface Selection {
  /** All namespaces without it. */
  readonly namespace?: string;
  readonly labelSelector?: string;
}

/** All objects of a kind, or a page of them. */
export interface ListResult {
  readonly items: readonly KubernetesObject[];
  /** A watch from here on misses nothing: where the list began, of pages that are read one after the other. */
  readonly resourceVersion: string;
}

export interface ListPage extends ListResult {
  /** The first one. It comes again where the server no longer has the later ones: then what was read before does not count. */
  readonly isFirst: boolean;
}

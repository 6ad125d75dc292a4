import type { HealthCheck, PortPair, ResourceRange } from '../topology';

/** An environment variable that an image knows. */
export interface PresetVariable {
  readonly key: string;
  readonly title: string;
  /** Without it the image does not start, or not as one would have it. */
  readonly required: boolean;
  /** Its value is given as `${secret.…}` and never written down. */
  readonly secret: boolean;
  /** Taken where the node does not say; `{serviceName}` in it stands for that of the node. */
  readonly default?: string;
}

/** An entry of the catalogue of third-party nodes: what a node need not say itself. */
export interface Preset {
  /** As a node's `preset` names it. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly kind: 'database' | 'cache' | 'web-server' | 'message-broker' | 'object-store' | 'automation';
  /** Unmodified, with a pinned tag. */
  readonly image: string;
  /** What the image is published for, as OCI writes it: `linux/amd64`. */
  readonly platforms: readonly string[];
  readonly ports: readonly PortPair[];
  readonly variables: readonly PresetVariable[];
  /** Default: those of the image. */
  readonly args?: readonly string[];
  /** Where the process keeps its data, in the container. */
  readonly dataPath?: string;
  /** The data belong to one process at a time, which keeps its name: with storage, the node is a StatefulSet. */
  readonly stableStorage?: boolean;
  /** User that the image can run as from the beginning; left out where it wants to begin as root. */
  readonly userId?: number;
  /** Default: TCP on the first port. */
  readonly healthCheck?: HealthCheck;
  readonly cpu: ResourceRange;
  readonly memory: ResourceRange;
}

/** The same port inside and outside. */
export function tcp(port: number): PortPair {
  return { internal: port, external: port, protocol: 'TCP' };
}

export function requiredSecret(key: string, title: string): PresetVariable {
  return { key, title, required: true, secret: true };
}

export function optionalSecret(key: string, title: string): PresetVariable {
  return { key, title, required: false, secret: true };
}

export function required(key: string, title: string): PresetVariable {
  return { key, title, required: true, secret: false };
}

export function optional(key: string, title: string): PresetVariable {
  return { key, title, required: false, secret: false };
}

export function given(key: string, value: string, title: string): PresetVariable {
  return { key, title, required: true, secret: false, default: value };
}

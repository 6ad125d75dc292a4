/** An independently running process. `init` runs once in the whole life of an instance. */
export type NodeCategory = 'custom' | 'third-party' | 'init';

export const nodeCategories = ['custom', 'third-party', 'init'] as const satisfies readonly NodeCategory[];

export type Protocol = 'TCP' | 'UDP';

/** Other nodes reach the process under its service name and the external port. */
export interface PortPair {
  readonly internal: number;
  readonly external: number;
  readonly protocol: Protocol;
}

/** Kubernetes quantities: `250m`, `512Mi`. */
export interface ResourceRange {
  readonly request: string;
  readonly limit: string;
}

export type ServiceType = 'ClusterIP' | 'NodePort';

export const serviceTypes = ['ClusterIP', 'NodePort'] as const satisfies readonly ServiceType[];

/** How a probe asks. Without one, TCP on the first port. Seconds. */
export interface HealthCheck {
  readonly http?: { readonly path: string; readonly port: number };
  readonly tcp?: { readonly port: number };
  readonly command?: readonly string[];
  readonly initialDelaySeconds?: number;
  readonly periodSeconds?: number;
}

export interface TopologyNode {
  /** RFC 1035 label, unique in the configuration; the node's identity and its address. */
  readonly serviceName: string;
  readonly category: NodeCategory;
  /** OCI reference. Optional for a third-party node: its preset names one. */
  readonly image?: string;
  /** Name of the preset, for a third-party node. */
  readonly preset?: string;
  readonly cpu?: ResourceRange;
  readonly memory?: ResourceRange;
  /** Default 1. */
  readonly replicas?: number;
  /** Values may hold references: `${node.mysql.host}`, `${param.adminEmail}`, `${secret.dbPassword}`. */
  readonly env?: Readonly<Record<string, string>>;
  readonly ports?: readonly PortPair[];
  /** Default `ClusterIP`. */
  readonly serviceType?: ServiceType;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly healthCheck?: HealthCheck;
  /** Place on the canvas. Not part of what is released. */
  readonly position?: { readonly x: number; readonly y: number };
}

/** A node with everything said: what a snapshot holds and what is rendered. */
export type ResolvedNode = Omit<TopologyNode, 'position'> &
  Required<Pick<TopologyNode, 'image' | 'cpu' | 'memory' | 'replicas' | 'env' | 'ports' | 'serviceType'>>;

/** Deploy order: `to` deploys first, `from` after it. Both are service names. */
export interface Arrow {
  readonly from: string;
  readonly to: string;
}

/** Filled in by the buyer for each instance. */
export interface Parameter {
  readonly type: 'string' | 'number' | 'boolean';
  readonly title?: string;
  readonly description?: string;
  readonly default?: string;
  /** Default false; a required parameter without default must be given. */
  readonly required?: boolean;
}

/** Generated for each instance, or supplied by the buyer. */
export interface SecretDeclaration {
  readonly source: 'generated' | 'supplied';
  readonly title?: string;
}

/** The definition of an app: nodes, their settings, the order they deploy in. Lists are sorted: nodes by service name, arrows by from, to. */
export interface Topology {
  readonly nodes: readonly TopologyNode[];
  readonly arrows: readonly Arrow[];
  readonly parameters: Readonly<Record<string, Parameter>>;
  readonly secrets: Readonly<Record<string, SecretDeclaration>>;
}

export const emptyTopology: Topology = { nodes: [], arrows: [], parameters: {}, secrets: {} };

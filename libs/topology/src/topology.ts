/**
 * An independently running process; `init` runs once in the whole life of an instance. A `cloud` node is no process: one managed
 * resource for each instance.
 */
export type NodeCategory = 'custom' | 'cloud' | 'third-party' | 'init';

export const nodeCategories = ['custom', 'cloud', 'third-party', 'init'] as const satisfies readonly NodeCategory[];

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

export type ServiceType = 'ClusterIP' | 'LoadBalancer' | 'NodePort';

export const serviceTypes = ['ClusterIP', 'LoadBalancer', 'NodePort'] as const satisfies readonly ServiceType[];

export type HostPathType = 'File' | 'CharDevice' | 'Directory' | 'Socket' | 'BlockDevice';

export const hostPathTypes = [
  'File',
  'CharDevice',
  'Directory',
  'Socket',
  'BlockDevice',
] as const satisfies readonly HostPathType[];

/** Something of the host that the process sees. Deployed only where the cluster's owner has granted it. */
export interface HostPath {
  readonly containerPath: string;
  readonly hostPath: string;
  readonly type: HostPathType;
  /** Default false. */
  readonly readOnly?: boolean;
}

/** A directory that outlives the pod. */
export interface StorageMount {
  /** Relative path on the cluster's NAS, below the instance's own directory: mounts of the same identifier see the same files. */
  readonly identifier: string;
  readonly containerPath: string;
  /** Kubernetes quantity; default `1Gi`. */
  readonly size?: string;
}

/** What a cloud node is, in the terms of the Open Service Broker API: an offering of the catalogue, and one of its plans. */
export interface CloudService {
  readonly service: string;
  readonly plan: string;
  /** As the plan's schema describes them. */
  readonly parameters?: Readonly<Record<string, unknown>>;
}

/** How a probe asks. Without one, TCP on the first port. Seconds. */
export interface HealthCheck {
  readonly http?: { readonly path: string; readonly port: number };
  readonly tcp?: { readonly port: number };
  readonly command?: readonly string[];
  readonly initialDelaySeconds?: number;
  readonly periodSeconds?: number;
  /** Default 1. */
  readonly timeoutSeconds?: number;
  /** Answers in a row that say no before it counts; default 3. */
  readonly failureThreshold?: number;
}

export interface TopologyNode {
  /** RFC 1035 label, unique in the configuration; the node's identity and its address. */
  readonly serviceName: string;
  readonly category: NodeCategory;
  /** OCI reference. Optional for a third-party node: its preset names one. A cloud node has none. */
  readonly image?: string;
  /** Name of the preset, for a third-party node. */
  readonly preset?: string;
  readonly cpu?: ResourceRange;
  readonly memory?: ResourceRange;
  /** Default 1. */
  readonly replicas?: number;
  /** Values may hold references: `${node.mysql.host}`, `${node.rds.uri}`, `${param.adminEmail}`, `${secret.dbPassword}`, `${service.orders.host}`. */
  readonly env?: Readonly<Record<string, string>>;
  readonly ports?: readonly PortPair[];
  /** Default `ClusterIP`. */
  readonly serviceType?: ServiceType;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly workingDirectory?: string;
  /** User id of the process; that of the image where it is left out. */
  readonly userId?: number;
  /** Name under which the provider has stored what its registry wants to see (`PUT /v1/secrets/{name}`): a `.dockerconfigjson`. */
  readonly imagePullSecret?: string;
  /** Liveness and readiness; a failed liveness check restarts the process. */
  readonly healthCheck?: HealthCheck;
  /** Readiness, where it asks otherwise than `healthCheck`. */
  readonly readinessCheck?: HealthCheck;
  /** The process is reached at the address of its host. Internal and external ports are the same then. */
  readonly hostNetwork?: boolean;
  readonly hostPaths?: readonly HostPath[];
  readonly storage?: readonly StorageMount[];
  /** Absolute path in the container. What is written to files there is collected and can be searched. */
  readonly logDirectory?: string;
  /** Of a cloud node, which has no other settings than this. */
  readonly cloud?: CloudService;
  /** Place on the canvas. Not part of what is released. */
  readonly position?: { readonly x: number; readonly y: number };
}

/** A node with everything said: what a snapshot holds and what is rendered. */
export type ResolvedNode = ResolvedProcess | ResolvedCloudNode;

/** A node that runs on the cluster. */
export type ResolvedProcess = Omit<TopologyNode, 'position' | 'category' | 'cloud'> & {
  readonly category: Exclude<NodeCategory, 'cloud'>;
} & Required<Pick<TopologyNode, 'image' | 'cpu' | 'memory' | 'replicas' | 'env' | 'ports' | 'serviceType'>>;

export interface ResolvedCloudNode {
  readonly serviceName: string;
  readonly category: 'cloud';
  readonly cloud: CloudService;
}

export const isProcess = (node: ResolvedNode): node is ResolvedProcess => node.category !== 'cloud';

/** Deploy order: `to` deploys first, `from` after it. Both are service names. */
export interface Arrow {
  readonly from: string;
  readonly to: string;
}

/**
 * Filled in by the buyer for each instance: a JSON Schema (2020-12) of one value. Values and defaults are written as texts, as a form or an environment
 * variable has them: `3.5`, `true`.
 */
export interface Parameter {
  readonly type: 'string' | 'number' | 'integer' | 'boolean';
  readonly title?: string;
  readonly description?: string;
  readonly default?: string;
  /** Default false; a required parameter without default must be given. */
  readonly required?: boolean;
  /** Its value is kept like that of a supplied secret, and given as one: the name under which it is stored. Default false. */
  readonly secret?: boolean;
  readonly enum?: readonly string[];
  /** Regular expression without look-around and back-references. */
  readonly pattern?: string;
  readonly format?: ParameterFormat;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
}

export const parameterTypes = ['string', 'number', 'integer', 'boolean'] as const satisfies readonly Parameter['type'][];

export type ParameterFormat = 'email' | 'hostname' | 'ipv4' | 'uri';

export const parameterFormats = ['email', 'hostname', 'ipv4', 'uri'] as const satisfies readonly ParameterFormat[];

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

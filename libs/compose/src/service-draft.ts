import type { HealthCheck, HostPath, PortPair, Protocol, StorageMount } from '@souk/topology';

/** The value of a variable, slots included, and where it stands. */
export interface DraftedVariable {
  readonly text: string;
  readonly at: string;
}

/** What a service has to wait for. */
export interface Dependency {
  readonly at: string;
  readonly completed: boolean;
}

/** Ports that a node has at most. */
const MAX_PORTS = 100;

/** A service on its way to become a node. */
export class ServiceDraft {
  image?: string;
  isBuilt = false;
  /** Runs once, before others. */
  isInit = false;
  command?: readonly string[];
  args?: readonly string[];
  workingDirectory?: string;
  userId?: number;
  replicas?: number;
  hostNetwork = false;
  /** Reachable from outside of the cluster. */
  isPublished = false;
  healthCheck?: HealthCheck;
  /** Quantities in millicores and bytes. */
  readonly cpu: { request?: number; limit?: number } = {};
  readonly memory: { request?: number; limit?: number } = {};
  readonly environment = new Map<string, DraftedVariable>();
  readonly hostPaths: HostPath[] = [];
  readonly storage: StorageMount[] = [];
  /** By name of the service in the document. */
  readonly dependencies = new Map<string, Dependency>();
  /** Other names under which the document lets this service be reached. */
  readonly aliases = new Set<string>();
  /** References to secrets, by the file that would hold them. */
  readonly secretFiles = new Map<string, string>();

  /** Variables that would give those secrets, where none that the service has itself does. */
  readonly secretVariables: { readonly key: string; readonly file: string; readonly at: string }[] = [];

  private readonly pairs = new Map<string, PortPair>();

  constructor(
    /** As the document names it. */
    readonly name: string,
    readonly at: string,
    /** As the topology does. */
    readonly serviceName: string,
  ) {}

  get ports(): readonly PortPair[] {
    return [...this.pairs.values()];
  }

  /** Under the number that the process listens on: that is where the document's services reach each other. False where there are too many. */
  addPort(port: number, protocol: Protocol): boolean {
    const key = `${port}/${protocol}`;
    if (!this.pairs.has(key) && this.pairs.size >= MAX_PORTS) return false;
    this.pairs.set(key, { internal: port, external: port, protocol });
    return true;
  }

  dependOn(service: string, dependency: Dependency): void {
    const known = this.dependencies.get(service);
    this.dependencies.set(service, known?.completed ? known : dependency);
  }
}

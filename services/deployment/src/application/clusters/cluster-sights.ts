import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { CommandHandler } from '@souk/event-sourcing';
import { AccessDenied, KubernetesCluster, KubernetesError } from '@souk/kubernetes';
import { formatCpu, formatMemory } from '@souk/topology';
import { type HostCapacity, hostsOf, sum } from '../../domain/clusters/capacity';
import { type Observe, reachability } from '../../domain/clusters/reachability.decide';
import type { ClusterSight } from '../../domain/clusters/reachability.events';
import { ClusterClients } from './cluster-clients';
import { hostCapacities } from './cluster-workplace';
import { DeploymentSettings } from '../deployment-settings';

export type Seen = Observe['seen'];

/** Name of what looks, in the history. */
const WATCH = 'cluster-watch';

/** Short looks at clusters, by clients of their own: what else is asked of a cluster does not hold them up, nor do they. */
@Injectable()
export class ClusterSights {
  private readonly clients = new Map<string, KubernetesCluster>();

  constructor(
    private readonly commands: CommandHandler,
    private readonly connections: ClusterClients,
    private readonly settings: DeploymentSettings,
  ) {}

  async look(clusterId: string): Promise<Seen> {
    try {
      return { sight: await sightOf(this.client(clusterId)) };
    } catch (error) {
      if (!(error instanceof KubernetesError)) throw error;
      return { code: error instanceof AccessDenied ? 'cluster-refuses' : 'cluster-unreachable', detail: error.message };
    }
  }

  /** Hosts, and what is asked of them now. @throws KubernetesError */
  hosts(clusterId: string): Promise<HostCapacity[]> {
    return hostCapacities(this.client(clusterId));
  }

  /** A fact, where it is news. */
  async record(clusterId: string, ownerTenant: string, seen: Seen): Promise<void> {
    const commandId = randomUUID();
    const context = {
      commandId,
      correlationId: commandId,
      causationId: commandId,
      actor: { kind: 'system', id: WATCH } as const,
    };
    await this.commands.handle(reachability, clusterId, { type: 'Observe', clusterId, ownerTenant, seen }, context);
  }

  /** It is reached otherwise from here on, or not any more. */
  forget(clusterId: string): void {
    this.clients.get(clusterId)?.close();
    this.clients.delete(clusterId);
  }

  /** Clients of other clusters are closed. */
  keepOnly(clusterIds: ReadonlySet<string>): void {
    for (const clusterId of this.clients.keys()) if (!clusterIds.has(clusterId)) this.forget(clusterId);
  }

  close(): void {
    for (const client of this.clients.values()) client.close();
  }

  private client(clusterId: string): KubernetesCluster {
    const known = this.clients.get(clusterId);
    if (known) return known;
    const client = new KubernetesCluster(() => this.connections.endpointOf(clusterId), {
      timeoutMs: this.settings.checkTimeoutMs,
    });
    this.clients.set(clusterId, client);
    return client;
  }
}

async function sightOf(cluster: KubernetesCluster): Promise<ClusterSight> {
  const [{ gitVersion }, nodes] = await Promise.all([cluster.version(), cluster.list('Node')]);
  const hosts = hostsOf(nodes.items, new Map());
  const { cpu, memory } = sum(...hosts.map(({ allocatable }) => allocatable));
  return { version: gitVersion, hosts: hosts.length, allocatable: { cpu: formatCpu(cpu), memory: formatMemory(memory) } };
}

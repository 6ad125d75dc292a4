import { Injectable } from '@nestjs/common';
import { KubernetesError, type KubernetesObject, NotFound, Refused, Unprocessable } from '@souk/kubernetes';
import { ClusterUnreachable } from '../../domain/clusters/cluster.errors';
import { labels, namespaceOf } from '../../domain/cluster-object';
import { NoPodLog } from '../../domain/logs/log.errors';
import { ClusterClients } from '../clusters/cluster-clients';

/** Of which container, and how much. */
export interface PodLogWish {
  /** Default: the newest pod of the node. */
  readonly pod?: string;
  /** Default: that of the process. */
  readonly container?: string;
  readonly tailLines?: number;
  readonly follow?: boolean;
  /** Of the container before it was started again. */
  readonly previous?: boolean;
}

interface Pod extends KubernetesObject {
  readonly spec: { readonly containers: readonly { readonly name: string }[] };
}

/** What pods print, as their cluster has it. */
@Injectable()
export class PodLogs {
  constructor(private readonly clients: ClusterClients) {}

  /**
   * Bytes as they come, no faster than they are read, until the container ends or the signal says stop.
   * @throws NoPodLog, ClusterUnreachable; both before the first byte
   */
  async of(
    { instanceId, clusterId }: { readonly instanceId: string; readonly clusterId: string },
    node: string,
    wish: PodLogWish,
    signal: AbortSignal,
  ): Promise<AsyncIterable<Buffer>> {
    const client = this.clients.client(clusterId);
    const namespace = namespaceOf(instanceId);
    try {
      const { items } = await client.list('Pod', { namespace, labelSelector: `${labels.node}=${node}` });
      const { metadata, spec } = chosen(items as readonly Pod[], node, wish.pod);
      const { container = spec.containers[0]?.name ?? '', tailLines, follow, previous } = wish;
      const options = { container, ...defined({ tailLines, follow, previous }) };
      return await client.log({ namespace, name: metadata.name }, options, signal);
    } catch (error) {
      if (error instanceof NotFound || error instanceof Refused || error instanceof Unprocessable)
        throw new NoPodLog(error.message);
      if (error instanceof KubernetesError) throw new ClusterUnreachable(clusterId, error.message);
      throw error;
    }
  }
}

/** @throws NoPodLog */
function chosen(pods: readonly Pod[], node: string, name: string | undefined): Pod {
  const candidates = pods.filter(({ metadata }) => name === undefined || metadata.name === name);
  const newest = candidates.toSorted((a, b) => (createdAt(a) < createdAt(b) ? 1 : -1))[0];
  if (!newest) throw new NoPodLog(`node "${node}" has no pod${name === undefined ? ' at the moment' : ` "${name}"`}`);
  return newest;
}

function createdAt({ metadata }: Pod): string {
  return metadata.creationTimestamp ?? '';
}

function defined<T extends object>(values: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never;
}

import { parseCpu, parseMemory, type ResolvedProcess, type ResourceRange } from '@souk/topology';

/** What one pod of a node asks for, and what it may take: its process, and its log collector. Millicores, bytes. */
export interface PodDemand {
  readonly cpu: number;
  readonly memory: number;
  readonly requestedCpu: number;
  readonly requestedMemory: number;
}

/** Enough for some hundred lines a second. */
export const collectorCpu: ResourceRange = { request: '10m', limit: '100m' };
export const collectorMemory: ResourceRange = { request: '32Mi', limit: '64Mi' };

/**
 * Has a log collector beside it (F24). Not an init node: its pod ends with its process, and a second container would go on for ever; what it
 * prints is kept by its Job.
 */
export const collectsLogs = ({ logDirectory, category }: Pick<ResolvedProcess, 'logDirectory' | 'category'>): boolean =>
  logDirectory !== undefined && category !== 'init';

export function podDemandOf(node: ResolvedProcess): PodDemand {
  const process = demandOf(node.cpu, node.memory);
  return collectsLogs(node) ? sum(process, demandOf(collectorCpu, collectorMemory)) : process;
}

function demandOf(cpu: ResourceRange, memory: ResourceRange): PodDemand {
  return {
    cpu: parseCpu(cpu.limit),
    memory: parseMemory(memory.limit),
    requestedCpu: parseCpu(cpu.request),
    requestedMemory: parseMemory(memory.request),
  };
}

function sum(a: PodDemand, b: PodDemand): PodDemand {
  return {
    cpu: a.cpu + b.cpu,
    memory: a.memory + b.memory,
    requestedCpu: a.requestedCpu + b.requestedCpu,
    requestedMemory: a.requestedMemory + b.requestedMemory,
  };
}

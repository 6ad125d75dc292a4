import { defaultCpu, defaultMemory, parseCpu, parseMemory, formatCpu, type ResourceRange } from '@souk/topology';
import type { Report } from './finding';
import type { ServiceDraft } from './service-draft';
import { memoryQuantity, parseBytes, parseCpus } from './units';
import { eachMember, type Handler, type Value, withText } from './value';

export type Side = 'request' | 'limit';

export function readCpus(value: Value, at: string, draft: ServiceDraft, side: Side, report: Report): void {
  withText(value, at, report, (text) => {
    const millicores = parseCpus(text);
    if (millicores === undefined) {
      report.problem(at, 'quantity-invalid', `${JSON.stringify(text)} is no number of processors`);
      return;
    }
    draft.cpu[side] = millicores;
    report.mapped(at, `cpu-${side}`, `${side} of ${formatCpu(millicores)}`);
  });
}

export function readMemory(value: Value, at: string, draft: ServiceDraft, side: Side, report: Report): void {
  withText(value, at, report, (text) => {
    const bytes = parseBytes(text);
    if (bytes === undefined) {
      report.problem(at, 'quantity-invalid', `${JSON.stringify(text)} is no amount of memory`, 'write "512m" or "1.5g"');
      return;
    }
    draft.memory[side] = bytes;
    report.mapped(at, `memory-${side}`, `${side} of ${memoryQuantity(bytes)}`);
  });
}

/** `deploy` of a service. */
export function readDeploy(value: Value, at: string, draft: ServiceDraft, report: Report): void {
  const ignored =
    (message: string): Handler =>
    (_, memberAt) =>
      report.noEquivalent(memberAt, 'deploy-detail', message);
  const resources =
    (side: Side): Handler =>
    (member, memberAt) =>
      eachMember(member, memberAt, report, {
        cpus: (cpus, cpusAt) => readCpus(cpus, cpusAt, draft, side, report),
        memory: (memory, memoryAt) => readMemory(memory, memoryAt, draft, side, report),
        pids: ignored('the number of processes is for the cluster to limit'),
        devices: ignored('devices are not reserved'),
        generic_resources: ignored('only processors and memory are reserved'),
      });
  eachMember(value, at, report, {
    replicas: (member, memberAt) => readReplicas(member, memberAt, draft, report),
    resources: (member, memberAt) =>
      eachMember(member, memberAt, report, { limits: resources('limit'), reservations: resources('request') }),
    mode: (member, memberAt) => {
      if (member === 'replicated') report.mapped(memberAt, 'replicated', 'as many replicas as are named, or one');
      else report.noEquivalent(memberAt, 'deploy-mode', 'a node has a number of replicas, not one on each host');
    },
    restart_policy: (_, memberAt) => report.approximated(memberAt, 'restart-always', 'a node that ends is always started again'),
    update_config: ignored('replicas are replaced one by one, the new one ready before the old one goes'),
    rollback_config: ignored('a failed upgrade goes back as it came'),
    placement: ignored('on which host a node runs is for the cluster to say; replicas are spread'),
    endpoint_mode: ignored('a node is reached by one address'),
    labels: ignored('labels are for other tools'),
  });
}

export function readReplicas(value: Value, at: string, draft: ServiceDraft, report: Report): void {
  withText(value, at, report, (text) => {
    const replicas = Number(text);
    if (!Number.isInteger(replicas) || replicas < 1 || replicas > 100) {
      report.noEquivalent(at, 'replicas-out-of-range', `a node has from 1 to 100 replicas, not ${JSON.stringify(text)}`);
      return;
    }
    draft.replicas = replicas;
    report.mapped(at, 'replicas', `${replicas} replicas`);
  });
}

/** What a node says about processors: nothing where the document says nothing. */
export function cpuOf({ cpu }: ServiceDraft, before: ResourceRange = defaultCpu): ResourceRange | undefined {
  return rangeOf(cpu, parseCpu(before.request), parseCpu(before.limit), formatCpu);
}

export function memoryOf({ memory }: ServiceDraft, before: ResourceRange = defaultMemory): ResourceRange | undefined {
  return rangeOf(memory, parseMemory(before.request), parseMemory(before.limit), memoryQuantity);
}

/** The side that is not said is the usual one, unless that would put the request above the limit. */
function rangeOf(
  { request, limit }: { request?: number; limit?: number },
  usualRequest: number,
  usualLimit: number,
  format: (amount: number) => string,
): ResourceRange | undefined {
  if (request === undefined && limit === undefined) return undefined;
  const most = limit ?? Math.max(usualLimit, request!);
  return { request: format(request ?? Math.min(usualRequest, most)), limit: format(most) };
}

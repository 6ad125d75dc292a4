import type { Problem } from '@souk/event-sourcing';
import { containerPathPattern, hostPathPattern, storageIdentifierPattern } from './patterns';
import { presetNamed } from './presets/catalogue';
import { InvalidQuantity, parseMemory } from './quantities';
import type { StorageMount, TopologyNode } from './topology';

/** Kubernetes labels each pod of a StatefulSet with its name, a dash and ten characters, and a label has 63. */
const LONGEST_STATEFUL_NAME = 52;

/** The process and its files belong together: a second one must not begin on them before the first one has gone. */
export function hasStableStorage({ preset, storage = [] }: Pick<TopologyNode, 'preset' | 'storage'>): boolean {
  return storage.length > 0 && preset !== undefined && presetNamed(preset)?.stableStorage === true;
}

/** What is wrong with the directories that a process is given: of the host, of the NAS, and the one that its logs are collected from. */
export function fileProblems(node: TopologyNode, at: string): Problem[] {
  const { hostPaths = [], storage = [], logDirectory } = node;
  const problems: Problem[] = [];
  hostPaths.forEach(({ hostPath, containerPath }, index) => {
    const pointer = `${at}/hostPaths/${index}`;
    problems.push(...containerPathProblems(containerPath, `${pointer}/containerPath`));
    if (!hostPathPattern.test(hostPath))
      problems.push({
        code: 'host-path-invalid',
        pointer: `${pointer}/hostPath`,
        message: `${JSON.stringify(hostPath)} is no absolute, normalised path on a host: no "..", no empty part, no slash at the end`,
      });
  });
  storage.forEach((mount, index) => problems.push(...storageProblems(mount, `${at}/storage/${index}`)));
  if (node.serviceName.length > LONGEST_STATEFUL_NAME && hasStableStorage(node))
    problems.push({
      code: 'service-name-too-long',
      pointer: `${at}/serviceName`,
      message: `the name of a ${node.preset!} that has storage has ${LONGEST_STATEFUL_NAME} characters at most: its pods are labelled with it`,
    });
  if (logDirectory !== undefined) problems.push(...containerPathProblems(logDirectory, `${at}/logDirectory`));
  return problems.concat(clashes(node, at));
}

function storageProblems({ identifier, containerPath, size }: StorageMount, at: string): Problem[] {
  const problems = containerPathProblems(containerPath, `${at}/containerPath`);
  if (!storageIdentifierPattern.test(identifier))
    problems.push({
      code: 'storage-identifier-invalid',
      pointer: `${at}/identifier`,
      message:
        `${JSON.stringify(identifier)} is no identifier of storage: a relative path of letters, digits, ".", "_" and "-", ` +
        'without ".." and without a slash at its ends',
    });
  if (size !== undefined) problems.push(...sizeProblems(size, `${at}/size`));
  return problems;
}

function sizeProblems(size: string, pointer: string): Problem[] {
  try {
    if (parseMemory(size) > 0) return [];
    return [{ code: 'quantity-invalid', pointer, message: `storage of "${size}" holds nothing` }];
  } catch (error) {
    if (!(error instanceof InvalidQuantity)) throw error;
    return [{ code: error.code, pointer, message: error.message }];
  }
}

function containerPathProblems(path: string, pointer: string): Problem[] {
  if (containerPathPattern.test(path)) return [];
  return [
    {
      code: 'container-path-invalid',
      pointer,
      message:
        `${JSON.stringify(path)} is no path in the container: absolute, below "/", without ".." and ":", ` +
        'without empty parts, without a slash at the end',
    },
  ];
}

/** One place in the container shows one thing. */
function clashes({ hostPaths = [], storage = [], logDirectory }: TopologyNode, at: string): Problem[] {
  const mounts = [
    ...hostPaths.map(({ containerPath }, index) => ({ path: containerPath, pointer: `${at}/hostPaths/${index}/containerPath` })),
    ...storage.map(({ containerPath }, index) => ({ path: containerPath, pointer: `${at}/storage/${index}/containerPath` })),
    ...(logDirectory === undefined ? [] : [{ path: logDirectory, pointer: `${at}/logDirectory` }]),
  ];
  const firstAt = new Map<string, string>();
  return mounts.flatMap(({ path, pointer }): Problem[] => {
    const first = firstAt.get(path);
    if (first === undefined) firstAt.set(path, pointer);
    if (first === undefined) return [];
    const message = `${JSON.stringify(path)} is taken already by ${first}`;
    return [{ code: 'container-path-duplicate', pointer, message }];
  });
}

import { pointerSegment, type Problem } from '@souk/event-sourcing';
import { cloudNamePattern } from './patterns';
import { secretNamePattern } from './secret-names';
import type { TopologyNode } from './topology';

const allowed: ReadonlySet<string> = new Set(['serviceName', 'category', 'cloud', 'position']);

/** A cloud node is an offering and its plan, and nothing that a process has. */
export function cloudProblems(node: TopologyNode, at: string): Problem[] {
  const { cloud } = node;
  const foreign = Object.entries(node)
    .filter(([field, value]) => value !== undefined && !allowed.has(field))
    .map(([field]) => ({
      code: 'cloud-setting',
      pointer: `${at}/${field}`,
      message: `a cloud node is no process, so it has no "${field}"`,
    }));
  if (!cloud) {
    const message = 'a cloud node names an offering of its cloud and a plan: "cloud": {"service": …, "plan": …}';
    return [{ code: 'cloud-missing', pointer: `${at}/cloud`, message }, ...foreign];
  }
  const unnamed = (['service', 'plan'] as const)
    .filter((part) => !cloudNamePattern.test(cloud[part]))
    .map((part) => ({
      code: 'cloud-name-invalid',
      pointer: `${at}/cloud/${part}`,
      message: `${JSON.stringify(cloud[part])} is no name of a ${part === 'service' ? 'service' : 'plan'}: one word`,
    }));
  return [...unnamed, ...parameterProblems(cloud.parameters, `${at}/cloud/parameters`), ...foreign];
}

const DEEPEST = 16;
const LARGEST = 16 * 1024;

/** They go to the provider, and as they are written into the history: so they are small, and no secret is one of them. */
function parameterProblems(parameters: unknown, at: string): Problem[] {
  const problems: Problem[] = [];
  const left: { value: unknown; pointer: string; depth: number; secret: boolean }[] = [
    { value: parameters, pointer: at, depth: 0, secret: false },
  ];
  for (let item = left.pop(); item; item = left.pop()) {
    const { value, pointer, depth, secret } = item;
    if (depth > DEEPEST)
      return [{ code: 'cloud-parameters-too-deep', pointer: at, message: `parameters are at most ${DEEPEST} levels deep` }];
    if (typeof value === 'object' && value !== null) {
      for (const [name, member] of Object.entries(value)) {
        const isSecret = Array.isArray(value) ? secret : secretNamePattern.test(name);
        left.push({ value: member, pointer: `${pointer}/${pointerSegment(name)}`, depth: depth + 1, secret: isSecret });
      }
    } else if (secret && (typeof value === 'string' || typeof value === 'number')) {
      const message = 'what is secret does not belong in a version: its provider makes the credentials';
      problems.push({ code: 'cloud-parameter-secret', pointer, message });
    }
  }
  if (parameters !== undefined && Buffer.byteLength(JSON.stringify(parameters)) > LARGEST)
    problems.push({ code: 'cloud-parameters-too-large', pointer: at, message: `parameters have at most ${LARGEST} bytes` });
  return problems.reverse();
}

import type { Problem } from '@souk/event-sourcing';
import { serviceNamePattern } from './patterns';
import type { Topology } from './topology';
import { cyclesOf, quoted } from './waves';

/**
 * What makes a topology no graph: invalid or duplicate service names, arrows that are doubled, lead from a node to itself or to a missing node,
 * and cycles. Codes: `service-name-invalid`, `service-name-duplicate`, `arrow-duplicate`, `arrow-to-itself`, `node-missing`, `cycle`.
 */
export function structuralProblems(topology: Topology): readonly Problem[] {
  return nameProblems(topology).concat(arrowProblems(topology), cycleProblems(topology));
}

export function nameProblems({ nodes }: Topology): Problem[] {
  const problems: Problem[] = [];
  const firstAt = new Map<string, number>();
  nodes.forEach(({ serviceName }, index) => {
    const pointer = `/nodes/${index}/serviceName`;
    const first = firstAt.get(serviceName);
    if (first === undefined) firstAt.set(serviceName, index);
    if (first !== undefined) {
      problems.push({
        code: 'service-name-duplicate',
        pointer,
        message: `the service name ${JSON.stringify(serviceName)} is that of /nodes/${first} already`,
      });
    }
    if (!serviceNamePattern.test(serviceName)) {
      problems.push({
        code: 'service-name-invalid',
        pointer,
        message:
          `${JSON.stringify(serviceName)} is no service name: 1 to 63 lower-case letters, digits and dashes, ` +
          'beginning with a letter, not ending with a dash (RFC 1035)',
      });
    }
  });
  return problems;
}

export function arrowProblems({ nodes, arrows }: Topology): Problem[] {
  const problems: Problem[] = [];
  const names = new Set(nodes.map((node) => node.serviceName));
  /** From → to → index. */
  const firstAt = new Map<string, Map<string, number>>();
  arrows.forEach(({ from, to }, index) => {
    const say = (code: string, part: string, what: string) => {
      const drawn = `${JSON.stringify(from)} → ${JSON.stringify(to)}`;
      problems.push({ code, pointer: `/arrows/${index}${part}`, message: `the arrow ${drawn} ${what}` });
    };
    const ofFrom = firstAt.get(from) ?? new Map<string, number>();
    firstAt.set(from, ofFrom);
    const first = ofFrom.get(to);
    if (first === undefined) ofFrom.set(to, index);
    if (first !== undefined) say('arrow-duplicate', '', `is drawn already, as /arrows/${first}`);
    if (from === to) say('arrow-to-itself', '', 'leads from a node to itself');
    if (!names.has(from)) say('node-missing', '/from', `needs a node ${JSON.stringify(from)}, which does not exist`);
    if (!names.has(to)) say('node-missing', '/to', `needs a node ${JSON.stringify(to)}, which does not exist`);
  });
  return problems;
}

/** One problem for each cycle; arrows from a node to itself are told of by themselves. */
export function cycleProblems({ nodes, arrows }: Topology): Problem[] {
  const others = arrows.filter(({ from, to }) => from !== to);
  return cyclesOf({ nodes, arrows: others }).map((names) => ({
    code: 'cycle',
    pointer: '/arrows',
    message: `the nodes ${quoted(names)} wait for each other in a cycle, so none of them could deploy`,
  }));
}

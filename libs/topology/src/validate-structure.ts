import { atOnce, type Problem, type Steps } from '@souk/event-sourcing';
import { arrowsByEnd, numberedGraph, type NumberedGraph } from './graph';
import { serviceNamePattern } from './patterns';
import type { Arrow, Topology } from './topology';
import { cyclesIn, quoted } from './waves';

/**
 * What makes a topology no graph: invalid or duplicate service names, arrows that are doubled, lead from a node to itself or to a missing node,
 * and cycles. Codes: `service-name-invalid`, `service-name-duplicate`, `arrow-duplicate`, `arrow-to-itself`, `node-missing`, `cycle`.
 */
export function structuralProblems(topology: Topology): readonly Problem[] {
  return atOnce(structureSteps(topology));
}

/** As {@link structuralProblems}, in steps. */
export function* structureSteps(topology: Topology): Steps<Problem[]> {
  const names = nameProblems(topology);
  yield;
  const graph = yield* numberedGraph(topology);
  const arrows = arrowProblems(topology.arrows, graph);
  yield;
  return names.concat(arrows, cycleProblems(graph));
}

function nameProblems({ nodes }: Topology): Problem[] {
  const problems: Problem[] = [];
  const firstAt = new Map<string, number>();
  nodes.forEach(({ serviceName }, index) => {
    const say = (code: string, message: string) => problems.push({ code, pointer: `/nodes/${index}/serviceName`, message });
    const written = () => JSON.stringify(serviceName);
    const first = firstAt.get(serviceName);
    if (first === undefined) firstAt.set(serviceName, index);
    else say('service-name-duplicate', `the service name ${written()} is that of /nodes/${first} already`);
    if (!serviceNamePattern.test(serviceName))
      say(
        'service-name-invalid',
        `${written()} is no service name: 1 to 63 lower-case letters, digits and dashes, ` +
          'beginning with a letter, not ending with a dash (RFC 1035)',
      );
  });
  return problems;
}

function arrowProblems(arrows: readonly Arrow[], graph: NumberedGraph): Problem[] {
  const { size, from, to } = graph;
  const problems: Problem[] = [];
  const say = (index: number, code: string, part: string, what: string) => {
    const drawn = `${JSON.stringify(arrows[index]!.from)} → ${JSON.stringify(arrows[index]!.to)}`;
    problems.push({ code, pointer: `/arrows/${index}${part}`, message: `the arrow ${drawn} ${what}` });
  };
  const needs = (name: string) => `needs a node ${JSON.stringify(name)}, which does not exist`;
  const earlier = repeatedArrows(graph);
  for (let index = 0; index < arrows.length; index++) {
    if (earlier[index] !== NONE) say(index, 'arrow-duplicate', '', `is drawn already, as /arrows/${earlier[index]!}`);
    if (from[index] === to[index]) say(index, 'arrow-to-itself', '', 'leads from a node to itself');
    if (from[index]! >= size) say(index, 'node-missing', '/from', needs(arrows[index]!.from));
    if (to[index]! >= size) say(index, 'node-missing', '/to', needs(arrows[index]!.to));
  }
  return problems;
}

const NONE = -1;

/** By arrow: the first one between the same two nodes, where it is another one. */
function repeatedArrows(graph: NumberedGraph): Int32Array {
  const { names, from, to } = graph;
  const earlier = new Int32Array(from.length).fill(NONE);
  /** By the number that is pointed at: the last arrow to it that was no repetition. */
  const last = new Int32Array(names.length).fill(NONE);
  for (const arrow of arrowsByEnd(graph, from).arrows) {
    const known = last[to[arrow]!]!;
    if (known !== NONE && from[known] === from[arrow]) earlier[arrow] = known;
    else last[to[arrow]!] = arrow;
  }
  return earlier;
}

/** One problem for each cycle; arrows from a node to itself are told of by themselves. */
function cycleProblems(graph: NumberedGraph): Problem[] {
  return cyclesIn(graph)
    .filter(({ length }) => length > 1)
    .map((names) => ({
      code: 'cycle',
      pointer: '/arrows',
      message: `the nodes ${quoted(names)} wait for each other in a cycle, so none of them could deploy`,
    }));
}

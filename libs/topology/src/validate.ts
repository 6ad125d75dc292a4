import { atOnce, type Problem, type Steps } from '@souk/event-sourcing';
import { cloudReferenceProblems } from './cloud-parameters';
import type { Topology, TopologyNode } from './topology';
import { declarationProblems, writtenSecretsIn } from './validate-declarations';
import { environmentProblems, type Known, knownTo, secretLiteralsIn } from './validate-environment';
import { structuralProblems, structureSteps } from './validate-structure';
import { nodeProblems } from './validate-node';
import { hostPortProblems } from './validate-ports';

export { structuralProblems };

/**
 * Everything that is wrong with a topology, at once; empty for one that can be released and deployed.
 * Pointers are relative to the topology document. Takes whatever has the right types, and never throws. Linear in its size.
 */
export function validateTopology(topology: Topology): readonly Problem[] {
  return atOnce(validationOf(topology));
}

/** Nodes that are looked at in one piece of a validation. */
const NODES_AT_ONCE = 250;

/** As `validateTopology`, in pieces that take some milliseconds each: for who has others waiting. */
export function* validationOf(topology: Topology): Steps<readonly Problem[]> {
  const { nodes } = topology;
  const problems: Problem[] = [];
  const note = (more: readonly Problem[]): void => more.forEach((problem) => problems.push(problem));
  if (nodes.length === 0) note([{ code: 'no-nodes', pointer: '/nodes', message: 'a topology needs at least one node' }]);
  note(yield* structureSteps(topology));
  for (let from = 0; from < nodes.length; from += NODES_AT_ONCE) {
    yield;
    for (let index = from; index < Math.min(from + NODES_AT_ONCE, nodes.length); index++)
      note(nodeProblems(nodes[index]!, `/nodes/${index}`));
  }
  yield;
  note(hostPortProblems(nodes));
  const known = knownTo(topology);
  for (let from = 0; from < nodes.length; from += NODES_AT_ONCE) {
    yield;
    for (let index = from; index < Math.min(from + NODES_AT_ONCE, nodes.length); index++)
      note(referenceProblemsOf(nodes[index]!, known, `/nodes/${index}`));
  }
  yield;
  note(declarationProblems(topology));
  return problems;
}

const referenceProblemsOf = (node: TopologyNode, known: Known, at: string): Problem[] =>
  node.category === 'cloud' ? cloudReferenceProblems(node, known.parameters, at) : environmentProblems(node, known, at);

/** Literals where a preset wants a secret, and values of secret parameters. They are never stored, not even in a draft. */
export function secretLiterals(topology: Topology): readonly Problem[] {
  return topology.nodes
    .flatMap((node, index) => secretLiteralsIn(node, topology.parameters, `/nodes/${index}`))
    .concat(writtenSecretsIn(topology));
}

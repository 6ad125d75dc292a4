import type { Problem } from '@souk/event-sourcing';
import type { Topology } from './topology';
import { declarationProblems, writtenSecretsIn } from './validate-declarations';
import { environmentProblems, secretLiteralsIn } from './validate-environment';
import { structuralProblems } from './validate-structure';
import { nodeProblems } from './validate-node';
import { hostPortProblems } from './validate-ports';

export { structuralProblems };

/**
 * Everything that is wrong with a topology, at once; empty for one that can be released and deployed.
 * Pointers are relative to the topology document. Takes whatever has the right types, and never throws. Linear in its size.
 */
export function validateTopology(topology: Topology): readonly Problem[] {
  const empty = { code: 'no-nodes', pointer: '/nodes', message: 'a topology needs at least one node' };
  return (topology.nodes.length === 0 ? [empty] : []).concat(
    structuralProblems(topology),
    topology.nodes.flatMap((node, index) => nodeProblems(node, `/nodes/${index}`)),
    hostPortProblems(topology.nodes),
    environmentProblems(topology),
    declarationProblems(topology),
  );
}

/** Literals where a preset wants a secret, and values of secret parameters. They are never stored, not even in a draft. */
export function secretLiterals(topology: Topology): readonly Problem[] {
  return topology.nodes
    .flatMap((node, index) => secretLiteralsIn(node, topology.parameters, `/nodes/${index}`))
    .concat(writtenSecretsIn(topology));
}

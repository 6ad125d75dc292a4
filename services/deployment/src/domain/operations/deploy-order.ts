import { wavesOf } from '@souk/topology';

/** A node, and the nodes that must be there before it. */
export interface Ordered {
  readonly name: string;
  readonly dependsOn: readonly string[];
}

/** Dependencies first; the topology has no cycle. */
export function inDeployOrder<Node extends Ordered>(nodes: readonly Node[]): Node[] {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const waves = wavesOf({
    nodes: nodes.map(({ name }) => ({ serviceName: name })),
    arrows: nodes.flatMap(({ name, dependsOn }) => dependsOn.map((to) => ({ from: name, to }))),
  });
  return waves.flat().map((name) => byName.get(name)!);
}

/** One step of the way back. */
export interface StepBack<Node> {
  readonly name: string;
  /** As it is to be; absent where the node goes. */
  readonly node?: Node;
  /** Only the version that it leads to has the node. All these come before all others. */
  readonly again: boolean;
  /** Steps of its own kind that come before it. */
  readonly after: readonly string[];
}

/**
 * The way back from one version to another: first comes again what only the other one has, in deploy order; then every node after all
 * that depend on it: what was changed last is changed back first.
 *
 *     left: web -> api -> db, worker -> db    to: web -> api -> db, api -> cache
 *     gives   cache, web, worker (goes), api, db
 */
export function inOrderBack<Node extends Ordered>(to: readonly Node[], left: readonly Ordered[]): StepBack<Node>[] {
  const leaving = new Set(left.map(({ name }) => name));
  const again = inDeployOrder(to.filter(({ name }) => !leaving.has(name)));
  const comesAgain = new Set(again.map(({ name }) => name));
  const dependents = new Map<string, string[]>();
  for (const { name, dependsOn } of left)
    for (const dependency of dependsOn) {
      const known = dependents.get(dependency);
      if (known) known.push(name);
      else dependents.set(dependency, [name]);
    }
  const byName = new Map(to.map((node) => [node.name, node]));
  return [
    ...again.map((node) => ({
      name: node.name,
      node,
      again: true,
      after: node.dependsOn.filter((name) => comesAgain.has(name)),
    })),
    ...inDeployOrder(left)
      .toReversed()
      .map(({ name }) => {
        const node = byName.get(name);
        return { name, again: false, after: dependents.get(name) ?? [], ...(node && { node }) };
      }),
  ];
}

import { assertNever, atOnce, type Steps } from '@souk/event-sourcing';
import {
  type Arrow,
  canonicalTopology,
  differingSteps,
  emptyTopology,
  type Parameter,
  type SecretDeclaration,
  type Topology,
  type TopologyDifference,
  type TopologyNode,
  withoutPosition,
} from '@souk/topology';
import type { DrawingEvent } from './configuration.events';

/**
 * A topology as the facts that drew it, the newest first, on top of a finished one or of nothing. Adding a fact takes the same time however large the topology is: a bulk
 * replace of thousands of nodes is as many facts in one append, and a copy of the topology for each of them would take the square of that.
 */
export type Drawing = { readonly fact: DrawingEvent; readonly before: Drawing } | { readonly finished: Topology } | undefined;

export const blank: Drawing = undefined;

/** A drawing of that topology, whatever facts led to it. */
export function drawn(topology: Topology): Drawing {
  return { finished: topology };
}

export function draw(before: Drawing, fact: DrawingEvent): Drawing {
  return { fact, before };
}

/** What is drawn, in canonical order. */
export function topologyOf(drawing: Drawing): Topology {
  return atOnce(topologySteps(drawing));
}

/** As {@link topologyOf}, in steps. Whoever asks for it again has it at once. */
export function* topologySteps(drawing: Drawing): Steps<Topology> {
  if (!drawing) return emptyTopology;
  if ('finished' in drawing) return drawing.finished;
  const known = unfolded.get(drawing);
  if (known) return known;
  const topology = yield* unfold(drawing);
  unfolded.set(drawing, topology);
  return topology;
}

/** The facts that lead from one topology to another. None where they are the same. */
export function factsBetween(before: Topology, after: Topology): readonly DrawingEvent[] {
  return atOnce(factSteps(before, after));
}

/** As {@link factsBetween}, in steps. Whoever asks for them again has them at once. */
export function* factSteps(before: Topology, after: Topology): Steps<readonly DrawingEvent[]> {
  const known = leadingTo.get(after);
  if (known?.before === before) return known.facts;
  const facts = factsOf(yield* differingSteps(before, after));
  leadingTo.set(after, { before, facts });
  return facts;
}

function factsOf({ nodes, arrows, parameters, secrets }: TopologyDifference): readonly DrawingEvent[] {
  return [
    ...arrows.erased.map((arrow): DrawingEvent => ({ type: 'ArrowErased', data: arrow })),
    ...nodes.removed.map((serviceName): DrawingEvent => ({ type: 'NodeRemoved', data: { serviceName } })),
    ...nodes.added.map((node): DrawingEvent => ({ type: 'NodeAdded', data: { node } })),
    ...nodes.changed.map(({ serviceName, after: node }): DrawingEvent => ({
      type: 'NodeSettingsChanged',
      data: { serviceName, settings: withoutPosition(node) },
    })),
    ...nodes.moved.map((move): DrawingEvent => ({ type: 'NodeMoved', data: move })),
    ...arrows.drawn.map((arrow): DrawingEvent => ({ type: 'ArrowDrawn', data: arrow })),
    ...parameters.removed.map((name): DrawingEvent => ({ type: 'ParameterRemoved', data: { name } })),
    ...parameters.declared.map(({ name, value }): DrawingEvent => ({
      type: 'ParameterDeclared',
      data: { name, parameter: value },
    })),
    ...secrets.removed.map((name): DrawingEvent => ({ type: 'SecretRemoved', data: { name } })),
    ...secrets.declared.map(({ name, value }): DrawingEvent => ({ type: 'SecretDeclared', data: { name, secret: value } })),
  ];
}

const unfolded = new WeakMap<object, Topology>();
const leadingTo = new WeakMap<Topology, { readonly before: Topology; readonly facts: readonly DrawingEvent[] }>();

/** Facts that are gone through in one step. */
const FACTS_AT_ONCE = 1000;

/** The parts of a topology while its facts are gone through. */
interface Canvas {
  readonly nodes: Map<string, TopologyNode>;
  readonly arrows: Map<string, Arrow>;
  readonly parameters: Map<string, Parameter>;
  readonly secrets: Map<string, SecretDeclaration>;
}

function* unfold(drawing: Drawing): Steps<Topology> {
  const facts: DrawingEvent[] = [];
  let at = drawing;
  for (; at && 'fact' in at; at = at.before) facts.push(at.fact);
  yield;
  const canvas = canvasOf(at ? at.finished : emptyTopology);
  for (const [i, fact] of facts.reverse().entries()) {
    if (i % FACTS_AT_ONCE === 0) yield;
    apply(fact, canvas);
  }
  yield;
  return canonicalTopology({
    nodes: [...canvas.nodes.values()],
    arrows: [...canvas.arrows.values()],
    parameters: Object.fromEntries(canvas.parameters),
    secrets: Object.fromEntries(canvas.secrets),
  });
}

function canvasOf({ nodes, arrows, parameters, secrets }: Topology): Canvas {
  return {
    nodes: new Map(nodes.map((node) => [node.serviceName, node])),
    arrows: new Map(arrows.map((arrow) => [arrowKey(arrow), arrow])),
    parameters: new Map(Object.entries(parameters)),
    secrets: new Map(Object.entries(secrets)),
  };
}

function arrowKey({ from, to }: Arrow): string {
  return `${from} ${to}`;
}

function apply({ type, data }: DrawingEvent, { nodes, arrows, parameters, secrets }: Canvas): void {
  switch (type) {
    case 'NodeAdded':
      nodes.set(data.node.serviceName, data.node);
      return;
    case 'NodeSettingsChanged': {
      const position = nodes.get(data.serviceName)?.position;
      nodes.set(data.serviceName, { ...data.settings, ...(position && { position }) });
      return;
    }
    case 'NodeMoved': {
      const node = nodes.get(data.serviceName);
      if (node) nodes.set(data.serviceName, { ...withoutPosition(node), ...(data.position && { position: data.position }) });
      return;
    }
    case 'NodeRemoved':
      nodes.delete(data.serviceName);
      return;
    case 'ArrowDrawn':
      arrows.set(arrowKey(data), data);
      return;
    case 'ArrowErased':
      arrows.delete(arrowKey(data));
      return;
    case 'ParameterDeclared':
      parameters.set(data.name, data.parameter);
      return;
    case 'ParameterRemoved':
      parameters.delete(data.name);
      return;
    case 'SecretDeclared':
      secrets.set(data.name, data.secret);
      return;
    case 'SecretRemoved':
      secrets.delete(data.name);
      return;
    default:
      assertNever(type);
  }
}

import type { ConfigurationAtRevision, Platform, SnapshotImage } from '@souk/contracts';
import { jsonPointer, type Problem } from '@souk/event-sourcing';
import { resolveNode, type Topology } from '@souk/topology';

/** What came of asking for an image. */
export type ImageFinding =
  | {
      readonly kind: 'found';
      readonly digest: string;
      /** Empty where the image does not say. */
      readonly platforms: readonly string[];
      readonly simulated: boolean;
    }
  /** The registry was asked, and has none. */
  | { readonly kind: 'missing'; readonly message: string }
  /** The registry could not be asked, or did not tell. */
  | { readonly kind: 'unknown'; readonly code: string; readonly message: string };

/** By image, as nodes name it. */
export type ImageFindings = ReadonlyMap<string, ImageFinding>;

/** Every image that a topology names, by itself or by its presets; each once, sorted. */
export function imagesOf({ nodes }: Topology): string[] {
  return [...new Set(nodes.map(imageOfNode).filter((image) => image !== ''))].sort();
}

/** An image named by digest is pinned, whatever the registry says of it. */
export function snapshotImageOf(image: string, finding: ImageFinding | undefined): SnapshotImage {
  const named = digestIn(image);
  const found = finding?.kind === 'found' ? finding : undefined;
  const digest = named ?? found?.digest;
  if (digest === undefined) return { image, unpinned: true, ...(finding?.kind === 'unknown' && { reason: finding.code }) };
  return {
    ...{ image, digest, unpinned: false },
    ...(found && found.platforms.length > 0 && { platforms: found.platforms }),
    ...(named === undefined && found?.simulated && { simulated: true }),
  };
}

/** Images that stand in the way of a release: those that are nowhere, and those that do not run where the app does. */
export function imageProblems(
  configurations: readonly ConfigurationAtRevision[],
  findings: ImageFindings,
  platforms: readonly Platform[],
): Problem[] {
  return everyNode(configurations, findings).flatMap(({ pointer, image, finding }) => {
    if (finding.kind === 'missing') return [{ code: 'image-not-found', pointer, message: finding.message }];
    if (finding.kind === 'unknown' || finding.platforms.length === 0) return [];
    const lacking = platforms.filter((platform) => !finding.platforms.includes(platform));
    if (lacking.length === 0) return [];
    const message = `"${image}" is for ${finding.platforms.join(', ')}, and not for ${lacking.join(', ')}, where the app runs`;
    return [{ code: 'image-platform', pointer, message }];
  });
}

/** Images that will run as whatever their tag stands for by then. */
export function imageWarnings(configurations: readonly ConfigurationAtRevision[], findings: ImageFindings): Problem[] {
  return everyNode(configurations, findings).flatMap(({ pointer, image, finding }) =>
    finding.kind === 'unknown' && digestIn(image) === undefined
      ? [{ code: 'image-unpinned', pointer, message: `"${image}" stays named by its tag: ${finding.message}` }]
      : [],
  );
}

function everyNode(configurations: readonly ConfigurationAtRevision[], findings: ImageFindings) {
  return configurations.flatMap(({ name, topology }) =>
    topology.nodes.flatMap((node, i) => {
      const image = imageOfNode(node);
      const finding = findings.get(image);
      return finding ? [{ pointer: jsonPointer('configurations', name, 'nodes', String(i), 'image'), image, finding }] : [];
    }),
  );
}

function imageOfNode(node: Topology['nodes'][number]): string {
  const resolved = resolveNode(node);
  return resolved.category === 'cloud' ? '' : resolved.image;
}

function digestIn(image: string): string | undefined {
  return /@(sha256:[0-9a-f]{64})$/.exec(image)?.[1];
}

import { createHash } from 'node:crypto';
import { parseImage } from '@souk/topology';

/** Something that is fetched by its digest. */
export interface Content {
  readonly digest: string;
  readonly type: string;
  readonly body: Buffer;
}

export interface PushOptions {
  /** Default: all that an app may name. */
  readonly platforms?: readonly string[];
  /** One manifest for one platform, without an index around it. */
  readonly plain?: boolean;
  /** What the image consists of: another text is another digest. */
  readonly content?: string;
}

const ALL_PLATFORMS: readonly string[] = ['linux/amd64', 'linux/arm64', 'linux/arm/v7'];
/** Contents of images that nobody has pushed: so many are remembered. */
const MAX_CONTENTS = 20_000;

/** Images without layers. What they consist of follows from their names alone, so that every start has the same digests. */
export class ImageStore {
  /** By `registry/repository`, then by tag. */
  private readonly repositories = new Map<string, Map<string, string>>();
  private readonly contents = new Map<string, Content>();

  /** Answers the digest. A tag that is there moves. */
  push(image: string, { platforms = ALL_PLATFORMS, plain = false, content = image }: PushOptions = {}): string {
    const reference = parseImage(image);
    if (!reference) throw new Error(`no image: ${image}`);
    const manifests = platforms.map((platform) => ({ platform, manifest: this.manifestOf(content, platform) }));
    const top = plain ? manifests[0]!.manifest : this.indexOf(manifests);
    const name = `${reference.registry}/${reference.repository}`;
    const tags = this.repositories.get(name) ?? new Map<string, string>();
    this.repositories.set(name, tags.set(reference.tag ?? 'latest', top.digest));
    return top.digest;
  }

  /** Of a tag, or of a digest. */
  find(repository: string, reference: string): Content | undefined {
    return this.contents.get(this.repositories.get(repository)?.get(reference) ?? reference);
  }

  tags(repository: string): string[] | undefined {
    const tags = this.repositories.get(repository);
    return tags && [...tags.keys()].sort();
  }

  /** Of one registry, without its name. */
  names(registry: string): string[] {
    const below = `${registry}/`;
    return [...this.repositories.keys()]
      .filter((name) => name.startsWith(below))
      .map((name) => name.slice(below.length))
      .sort();
  }

  private indexOf(manifests: readonly { readonly platform: string; readonly manifest: Content }[]): Content {
    return this.kept('application/vnd.oci.image.index.v1+json', {
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.index.v1+json',
      manifests: manifests.map(({ platform, manifest }) => ({
        ...{ mediaType: manifest.type, digest: manifest.digest, size: manifest.body.length },
        platform: partsOf(platform),
      })),
    });
  }

  private manifestOf(content: string, platform: string): Content {
    const config = this.kept('application/vnd.oci.image.config.v1+json', {
      ...partsOf(platform),
      config: { Labels: { content } },
      rootfs: { type: 'layers', diff_ids: [] },
    });
    return this.kept('application/vnd.oci.image.manifest.v1+json', {
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config: { mediaType: config.type, digest: config.digest, size: config.body.length },
      layers: [],
    });
  }

  private kept(type: string, document: object): Content {
    const body = Buffer.from(JSON.stringify(document));
    const digest = `sha256:${createHash('sha256').update(body).digest('hex')}`;
    const content = { digest, type, body };
    this.contents.delete(digest);
    this.contents.set(digest, content);
    for (const oldest of this.contents.keys()) {
      if (this.contents.size <= MAX_CONTENTS) break;
      this.contents.delete(oldest);
    }
    return content;
  }
}

/** `linux/arm/v7` → os, architecture and variant */
function partsOf(platform: string) {
  const [os, architecture, variant] = platform.split('/');
  return { architecture, os, ...(variant !== undefined && { variant }) };
}

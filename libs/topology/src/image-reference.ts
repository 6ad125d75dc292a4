/** The parts of an OCI image reference. No tag stays no tag: `latest` is for the registry to say. */
export interface ImageReference {
  /** `docker.io` where none is written. */
  readonly registry: string;
  /** `library/nginx` for `nginx`. */
  readonly repository: string;
  readonly tag?: string;
  /** `sha256:<64 hex digits>` */
  readonly digest?: string;
}

const registryPattern =
  /^(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*(?::\d{1,5})?$/;
const pathComponent = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/;
const tagPattern = /^\w[\w.-]{0,127}$/;
const digestPattern = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;
const MAX_NAME = 255;

/**
 * What `parseImage` reads, as one pattern for editors. That a name has 255 characters at most, it does not say. The alternatives exclude each other:
 * the first component is a registry, or it is none.
 */
export const imagePattern: RegExp = (() => {
  const body = ({ source }: RegExp): string => source.replace(/^\^|\$$/g, '');
  const path = `${body(pathComponent)}(?:/${body(pathComponent)})*`;
  const named = `(?:(?=[^/]*[.:A-Z][^/]*/|localhost/)${body(registryPattern)}/|(?![^/]*[.:A-Z][^/]*/|localhost/))${path}`;
  return new RegExp(`^${named}(?::${body(tagPattern)})?(?:@${body(digestPattern)})?$`);
})();

/**
 * Reads `[registry[:port]/]path[:tag][@digest]`; `undefined` for anything else.
 * Grammar: distribution/reference. The first component is a registry where it holds a dot or a colon, or is `localhost`.
 */
export function parseImage(image: string): ImageReference | undefined {
  const at = image.indexOf('@');
  const named = at < 0 ? image : image.slice(0, at);
  const digest = at < 0 ? undefined : image.slice(at + 1);
  const colon = named.indexOf(':', named.lastIndexOf('/') + 1);
  const name = colon < 0 ? named : named.slice(0, colon);
  const tag = colon < 0 ? undefined : named.slice(colon + 1);
  if (name.length > MAX_NAME) return undefined;
  if (tag !== undefined && !tagPattern.test(tag)) return undefined;
  if (digest !== undefined && !digestPattern.test(digest)) return undefined;

  const slash = name.indexOf('/');
  const first = name.slice(0, Math.max(slash, 0));
  const hasRegistry = slash >= 0 && (/[.:A-Z]/.test(first) || first === 'localhost');
  const path = hasRegistry ? name.slice(slash + 1) : name;
  if (hasRegistry && !registryPattern.test(first)) return undefined;
  if (!path.split('/').every((component) => pathComponent.test(component))) return undefined;

  return {
    registry: hasRegistry ? first : 'docker.io',
    repository: hasRegistry || slash >= 0 ? path : `library/${path}`,
    ...(tag !== undefined && { tag }),
    ...(digest !== undefined && { digest }),
  };
}

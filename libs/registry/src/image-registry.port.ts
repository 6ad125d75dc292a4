/** How a tenant is known to one registry. */
export interface RegistryCredentials {
  readonly username: string;
  /** Password or access token. */
  readonly password: string;
}

/** What stands behind a name at this moment. */
export interface ResolvedImage {
  /** `sha256:<64 hex digits>`: of the index where there is one, so that it fits every platform. */
  readonly digest: string;
  /** `linux/amd64`, `linux/arm/v7`; empty where the image does not say. */
  readonly platforms: readonly string[];
}

/** Some of a list that may be long. */
export interface ListedPage {
  readonly items: readonly string[];
  /** For the next page; absent at the end. */
  readonly next?: string;
}

export interface ListOptions {
  readonly credentials?: RegistryCredentials;
  readonly limit?: number;
  /** The `next` of the page before. */
  readonly after?: string;
  readonly signal?: AbortSignal;
}

export interface ResolveOptions {
  readonly credentials?: RegistryCredentials;
  readonly signal?: AbortSignal;
}

/**
 * Where images are: what a tag stands for, and what there is to choose from. Laws, checked for every adapter by its contract suite: a digest
 * is answered only if the registry has a manifest of that digest; credentials go to the registry that they are for (and whom it names for
 * tokens) and to nobody else; every call ends in time; whatever goes wrong is a {@link RegistryError}.
 */
export abstract class ImageRegistry {
  /**
   * An image named by digest is looked up as well: its platforms are wanted.
   * @throws ImageInvalid, ImageNotFound, RegistryAccessDenied, RegistryThrottled, RegistryUnreachable, RegistryAnswerInvalid
   */
  abstract resolve(image: string, options?: ResolveOptions): Promise<ResolvedImage>;
  /** Of a repository as images write it: `nginx`, `ghcr.io/team/web`. @throws as `resolve` */
  abstract tags(repository: string, options?: ListOptions): Promise<ListedPage>;
  /** Names below a registry that begin with the prefix, without the registry. @throws ListingUnsupported, and as `resolve` */
  abstract repositories(registry: string, prefix: string, options?: ListOptions): Promise<ListedPage>;
}

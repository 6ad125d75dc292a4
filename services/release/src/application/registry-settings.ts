/** Which registries are asked what an image is. */
export const registryModes = ['real', 'simulated', 'none'] as const;
export type RegistryMode = (typeof registryModes)[number];

/** What this service needs to know of its surroundings. Its own token. */
export abstract class RegistrySettings {
  /**
   * `real`: the registries that images name. `simulated`: one of this process, that has every image, so that nothing leaves the machine.
   * `none`: nobody is asked, and every tag stays a tag.
   */
  abstract readonly mode: RegistryMode;
  /** Networks (CIDR) where registries may be although they are not public. */
  abstract readonly networks: readonly string[];
}

/** Networks in CIDR notation, or addresses, by commas. */
export const NETWORKS = /^[0-9a-fA-F.:]+(\/\d{1,3})?(,[0-9a-fA-F.:]+(\/\d{1,3})?)*$/;

/** Of the variables by which any process says it. */
export function registrySettingsOf({
  SOUK_REGISTRIES: mode,
  SOUK_REGISTRY_NETWORKS: networks,
}: {
  readonly SOUK_REGISTRIES: RegistryMode;
  readonly SOUK_REGISTRY_NETWORKS: string | undefined;
}): RegistrySettings {
  return { mode, networks: networks?.split(',') ?? [] };
}

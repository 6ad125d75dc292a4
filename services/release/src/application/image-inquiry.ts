import { Injectable } from '@nestjs/common';
import { ImageInvalid, ImageNotFound, ImageRegistry, RegistryError } from '@souk/registry';
import type { ImageFinding, ImageFindings } from '../domain/images';
import { RegistryLogins } from './registry-logins';
import { RegistrySettings } from './registry-settings';

/** Images that are asked for at the same time. */
const PARALLEL = 8;

/** Asks registries what the images of a draft are. Ends in time, whatever registries do: what was not told by then is unknown. */
@Injectable()
export class ImageInquiry {
  constructor(
    private readonly registry: ImageRegistry,
    private readonly logins: RegistryLogins,
    private readonly settings: RegistrySettings,
  ) {}

  /** @param patienceMs for all of them together */
  async findings(images: readonly string[], tenant: string, patienceMs: number): Promise<ImageFindings> {
    const signal = AbortSignal.timeout(patienceMs);
    const waiting = [...new Set(images)].values();
    const findings = new Map<string, ImageFinding>();
    const askOneAfterTheOther = async (): Promise<void> => {
      for (const image of waiting) {
        const finding = await this.finding(image, tenant, signal);
        if (finding) findings.set(image, finding);
      }
    };
    await Promise.all(Array.from({ length: PARALLEL }, askOneAfterTheOther));
    return findings;
  }

  /** None for what is no image: validation says so. */
  private async finding(image: string, tenant: string, signal: AbortSignal): Promise<ImageFinding | undefined> {
    const simulated = this.settings.mode === 'simulated';
    try {
      const options = { signal, ...(await this.logins.forImage(tenant, image)) };
      const { digest, platforms } = await this.registry.resolve(image, options);
      return { kind: 'found', digest, platforms, simulated };
    } catch (error) {
      if (error instanceof ImageInvalid) return undefined;
      if (!(error instanceof RegistryError)) throw error;
      const { code, message } = error;
      // A digest that somebody has looked up is of a registry that the simulated one knows nothing of.
      const missing = error instanceof ImageNotFound && !(simulated && image.includes('@'));
      return missing ? { kind: 'missing', message } : { kind: 'unknown', code, message };
    }
  }
}

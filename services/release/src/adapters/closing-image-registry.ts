import type { OnApplicationShutdown } from '@nestjs/common';
import { OciImageRegistry } from '@souk/registry';

/** The registries that images name. Its connections end with the process. */
export class ClosingImageRegistry extends OciImageRegistry implements OnApplicationShutdown {
  onApplicationShutdown(): void {
    this.close();
  }
}

import { Injectable } from '@nestjs/common';

/** Whether this process was asked to end. It still answers then, but whoever sends it requests is to look for another one. */
@Injectable()
export class Ending {
  private asked = false;

  get hasBegun(): boolean {
    return this.asked;
  }

  begin(): void {
    this.asked = true;
  }
}

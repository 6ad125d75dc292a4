import type { IncomingMessage } from 'node:http';

/** A body that is not taken in. */
export class BodyRefused extends Error {
  constructor(
    readonly statusCode: 413 | 503,
    message: string,
  ) {
    super(message);
    this.name = new.target.name;
  }
}

/** Bytes that a body takes up at least: what arrives in drops costs more than its drops. */
const LEAST = 1024;

/**
 * Bodies of requests, each taken in whole, so that it can be sent again. They count from their first byte until they are released, towards one budget:
 * whoever sends, known or not, can fill no more of the memory than that.
 */
export class Bodies {
  private readonly held = new Map<IncomingMessage, number>();
  private total = 0;

  /** @param budget bytes that all bodies together may take up */
  constructor(private readonly budget: number) {}

  /**
   * To be released when the request was answered, or its client has gone.
   * @throws BodyRefused where it has more than `limit` bytes, or there is no room for it now; what is left of it is let go by unread
   */
  take(request: IncomingMessage, limit: number): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      let room = Buffer.alloc(0);
      let size = 0;
      const refuse = (error: BodyRefused): void => {
        request.removeListener('data', add).resume();
        this.release(request);
        reject(error);
      };
      const add = (chunk: Buffer): void => {
        const end = size + chunk.length;
        if (end > limit) {
          refuse(tooLarge(limit));
          return;
        }
        if (end > room.length) {
          const wanted = Math.min(limit, Math.max(LEAST, end, 2 * room.length));
          if (!this.hold(request, wanted)) {
            refuse(tooMany());
            return;
          }
          const larger = Buffer.allocUnsafeSlow(wanted);
          room.copy(larger, 0, 0, size);
          room = larger;
        }
        chunk.copy(room, size);
        size = end;
      };
      request.once('error', reject).once('end', () => resolve(room.subarray(0, size)));
      if (Number(request.headers['content-length']) > limit) refuse(tooLarge(limit));
      else request.on('data', add);
    });
  }

  release(request: IncomingMessage): void {
    this.total -= this.held.get(request) ?? 0;
    this.held.delete(request);
  }

  private hold(request: IncomingMessage, bytes: number): boolean {
    const total = this.total + bytes - (this.held.get(request) ?? 0);
    if (total > this.budget) return false;
    this.total = total;
    this.held.set(request, bytes);
    return true;
  }
}

const tooLarge = (limit: number): BodyRefused => new BodyRefused(413, `a body here has ${limit} bytes at most`);
const tooMany = (): BodyRefused => new BodyRefused(503, 'there is no room for another body at the moment; try again');

import { pointerSegment } from '@souk/event-sourcing';

/** What became of a part of the document. A `problem` is for people to solve before the app can be released. */
export type Outcome = 'mapped' | 'approximated' | 'no-equivalent' | 'problem';

/** One line of the loss report. Never quotes the value of an environment variable. */
export interface Finding {
  readonly outcome: Outcome;
  readonly code: string;
  /** RFC 6901, into the document with its anchors and merge keys resolved. It speaks for everything below, but for what has a finding of its own. */
  readonly pointer: string;
  /** Name of the service as the document writes it, where the finding is about one. */
  readonly service?: string;
  readonly message: string;
  /** What to do about it. */
  readonly hint?: string;
}

/** Collects findings. */
export class Report {
  private readonly all: Finding[] = [];
  /** Pointer → findings about it. */
  private readonly told = new Map<string, number>();
  private hopeless = false;

  /** In the order in which they were found. */
  get findings(): readonly Finding[] {
    return this.all.filter(({ code, pointer }) => code !== 'empty' || this.told.get(pointer) === 1);
  }

  /** The document gives no topology, not even one for a draft. */
  isHopeless(): boolean {
    return this.hopeless;
  }

  /** Said only as long as nothing else is known of it. */
  empty(pointer: string): void {
    if (!this.told.has(pointer)) this.add('mapped', pointer, 'empty', 'nothing is said here');
  }

  mapped(pointer: string, code: string, message: string): void {
    this.add('mapped', pointer, code, message);
  }

  approximated(pointer: string, code: string, message: string, hint?: string): void {
    this.add('approximated', pointer, code, message, hint);
  }

  noEquivalent(pointer: string, code: string, message: string, hint?: string): void {
    this.add('no-equivalent', pointer, code, message, hint);
  }

  problem(pointer: string, code: string, message: string, hint?: string): void {
    this.add('problem', pointer, code, message, hint);
  }

  /** A problem that leaves no topology. */
  fatal(pointer: string, code: string, message: string, hint?: string): void {
    this.hopeless = true;
    this.add('problem', pointer, code, message, hint);
  }

  /** Every message as `rewritten` answers. */
  rewrite(rewritten: (message: string) => string): void {
    for (const [index, finding] of this.all.entries()) this.all[index] = { ...finding, message: rewritten(finding.message) };
  }

  private add(outcome: Outcome, pointer: string, code: string, message: string, hint?: string): void {
    const service = /^\/services\/([^/]+)/.exec(pointer)?.[1]?.replaceAll('~1', '/').replaceAll('~0', '~');
    this.told.set(pointer, (this.told.get(pointer) ?? 0) + 1);
    this.all.push({
      outcome,
      code,
      pointer,
      ...(service !== undefined && { service }),
      message,
      ...(hint !== undefined && { hint }),
    });
  }
}

/** Pointer to a member or an entry of what stands at `pointer`. */
export function below(pointer: string, member: string | number): string {
  return `${pointer}/${pointerSegment(String(member))}`;
}

import { EXCEPTION_FILTERS_METADATA } from '@nestjs/common/constants';
import { ModulesContainer } from '@nestjs/core';
import { MetadataScanner } from '@nestjs/core';
import { BaseRpcContext, type CustomTransportStrategy, type MessageHandler, Server } from '@nestjs/microservices';
import { PATTERN_HANDLER_METADATA } from '@nestjs/microservices/constants';
import { PatternHandler } from '@nestjs/microservices/enums/pattern-handler.enum';
import { isObservable, lastValueFrom } from 'rxjs';
import type { ConsumerGroup, EventBus, PublicEvent, PublicEventHandler } from './event-bus.port';
import { KeepErrorFilter } from './keep-error.filter';

/** What `@Ctx()` gives to a consumer, beside the event as `@Payload()`. */
export class BusContext extends BaseRpcContext<[group: string, type: string]> {
  get group(): string {
    return this.args[0];
  }

  get type(): string {
    return this.args[1];
  }
}

/**
 * Nest's side of an {@link EventBus}: consumers are methods of any controller,
 * `@EventPattern('release.version-released.v1', { group: 'deployment' })`, with the {@link PublicEvent} as `@Payload()`.
 * One strategy serves all groups of the process. A handler is awaited until its effect is there: its promise, and the end of an
 * observable that it answers. Several methods of one group for one type run one after the other.
 *
 * `listen` (that is `app.startAllMicroservices()`) starts the bus, after `app.init()`: modules are up when the first event comes.
 * `app.close()` stops it before `onApplicationShutdown`: that is the place to close stores, not `onModuleDestroy`.
 */
export class NestBusStrategy extends Server implements CustomTransportStrategy {
  /** Handlers for another transport (`@GrpcMethod`) are not ours. */
  override readonly transportId = Symbol('souk-bus');
  private readonly groups = new Map<string, Map<string, PublicEventHandler[]>>();
  private consumed = false;

  constructor(private readonly bus: EventBus) {
    super();
  }

  override addHandler(
    pattern: unknown,
    callback: MessageHandler,
    isEventHandler = false,
    extras: Record<string, unknown> = {},
  ): void {
    const { group } = extras;
    if (typeof pattern !== 'string')
      throw new Error(`a consumer's pattern is the type of a public event, not ${JSON.stringify(pattern)}`);
    if (!isEventHandler) throw new Error(`@MessagePattern('${pattern}') must name its transport: the bus carries events only`);
    if (typeof group !== 'string' || group === '')
      throw new Error(`@EventPattern('${pattern}') names no consumer group: add { group: '<service>' }`);
    const handlers = this.groups.get(group) ?? new Map<string, PublicEventHandler[]>();
    this.groups.set(group, handlers);
    handlers.set(pattern, [...(handlers.get(pattern) ?? []), (event) => run(callback, event, new BusContext([group, pattern]))]);
  }

  override listen(callback: (error?: unknown) => void): void {
    this.start().then(
      () => callback(),
      (error: unknown) => callback(error),
    );
  }

  override async close(): Promise<void> {
    await this.bus.stop();
  }

  /** What was collected so far. */
  consumerGroups(): readonly ConsumerGroup[] {
    return [...this.groups].map(([name, handlers]) => ({ name, handlers }));
  }

  override on(): never {
    throw new Error('the bus has no events of its own');
  }

  override unwrap<T>(): T {
    return this.bus as T;
  }

  private async start(): Promise<void> {
    if (!this.consumed) for (const group of this.consumerGroups()) this.bus.consume(group);
    this.consumed = true;
    await this.bus.start();
  }
}

async function run(callback: MessageHandler, event: PublicEvent, context: BusContext): Promise<void> {
  const result: unknown = await callback(event, context);
  if (isObservable(result)) await lastValueFrom(result, { defaultValue: undefined });
}

/**
 * Options for `app.connectMicroservice(busMicroservice(bus))`. Leave out `inheritAppConfig`: guards, pipes, interceptors and filters of
 * HTTP are not for consumers. Every consumer gets {@link KeepErrorFilter}, so that the bus retries, and logs, what was really thrown;
 * filters on the method itself go before it.
 */
export function busMicroservice(bus: EventBus): {
  inject: [typeof ModulesContainer];
  useFactory: (modules: ModulesContainer) => { strategy: NestBusStrategy };
} {
  return {
    inject: [ModulesContainer],
    useFactory: (modules) => {
      keepErrors(modules);
      return { strategy: new NestBusStrategy(bus) };
    },
  };
}

/**
 * A global filter would come too late: `connectMicroservice` builds the handlers at once, with the filters that stand in the metadata then.
 */
function keepErrors(modules: ModulesContainer): void {
  const scanner = new MetadataScanner();
  for (const { controllers } of modules.values())
    for (const { metatype } of controllers.values()) {
      const prototype = (metatype as { prototype?: Record<string, object> } | null)?.prototype;
      if (!prototype) continue;
      for (const name of scanner.getAllMethodNames(prototype)) {
        const method = prototype[name]!;
        if (Reflect.getMetadata(PATTERN_HANDLER_METADATA, method) !== PatternHandler.EVENT) continue;
        const filters = (Reflect.getMetadata(EXCEPTION_FILTERS_METADATA, method) ?? []) as unknown[];
        if (filters.some((filter) => filter instanceof KeepErrorFilter)) continue;
        Reflect.defineMetadata(EXCEPTION_FILTERS_METADATA, [new KeepErrorFilter(), ...filters], method);
      }
    }
}

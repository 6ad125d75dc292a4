import { Controller, Get, Injectable, Module, type CanActivate, type ExceptionFilter, Catch, Scope } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, NestFactory } from '@nestjs/core';
import { Ctx, EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Consumer, EmbeddedWorld, Gate, happen, thing, thingPublication } from '@souk/messaging/testing';
import { defer, from, mergeMap, of } from 'rxjs';
import type { PublicEvent } from './event-bus.port';
import type { DeliveryFailure } from './bus-stats';
import type { InProcessBus } from './in-process-bus';
import { BusContext, busMicroservice } from './nest-bus.strategy';

/** What the consumers below report to; what they wait for. */
let deployment: Consumer;
let audit: Consumer;
let observed: string[];
let gate: Gate;

class ShopClosed extends Error {
  readonly code = 'shop-closed';
}

@Controller('v1/things')
class DeploymentConsumer {
  @Get()
  list(): readonly string[] {
    return deployment.handled;
  }

  @EventPattern('things.happened.v1', { group: 'deployment' })
  async happened(@Payload() event: PublicEvent, @Ctx() context: BusContext): Promise<void> {
    expect([context.group, context.type]).toEqual(['deployment', 'things.happened.v1']);
    await deployment.handler(event);
  }
}

@Injectable({ scope: Scope.REQUEST })
class Notebook {
  readonly pages: string[] = [];
}

@Controller()
class AuditConsumer {
  constructor(private readonly notebook: Notebook) {}

  @EventPattern(['things.happened.v1', 'things.praised.v1'], { group: 'audit' })
  async anything(event: PublicEvent): Promise<void> {
    expect(this.notebook.pages).toEqual([]);
    this.notebook.pages.push(event.id);
    await audit.handler(event);
  }

  @EventPattern('things.happened.v1', { group: 'observer' })
  slowly({ subject }: PublicEvent) {
    return defer(() => from(gate.opened)).pipe(mergeMap(() => of(observed.push(subject))));
  }
}

@Injectable()
class NobodyMayEnter implements CanActivate {
  canActivate(): boolean {
    return false;
  }
}

@Catch()
class HttpFilter implements ExceptionFilter {
  catch(
    error: unknown,
    host: { switchToHttp(): { getResponse(): { status(code: number): { send(body: unknown): void } } } },
  ): void {
    host
      .switchToHttp()
      .getResponse()
      .status(403)
      .send({ code: 'nobody-may-enter', error: String(error) });
  }
}

@Module({
  controllers: [DeploymentConsumer, AuditConsumer],
  providers: [Notebook, { provide: APP_GUARD, useClass: NobodyMayEnter }, { provide: APP_FILTER, useClass: HttpFilter }],
})
class ThingsModule {}

@Controller()
class Groupless {
  @EventPattern('things.happened.v1')
  happened(): void {
    throw new Error('never called');
  }
}
@Controller()
class Asking {
  @MessagePattern('things.count')
  count(): number {
    return 1;
  }
}
@Module({ controllers: [Groupless] })
class GrouplessModule {}
@Module({ controllers: [Asking] })
class AskingModule {}

describe('consumers in a Nest application', () => {
  let world: EmbeddedWorld;
  let bus: InProcessBus;
  let app: NestFastifyApplication | undefined;
  const failures: DeliveryFailure[] = [];

  const create = (module: new () => object): Promise<NestFastifyApplication> =>
    NestFactory.create<NestFastifyApplication>(module, new FastifyAdapter(), { logger: false, abortOnError: false });

  const begin = async (): Promise<NestFastifyApplication> => {
    app = await create(ThingsModule);
    app.connectMicroservice(busMicroservice(bus), { inheritAppConfig: false });
    await app.init();
    await app.startAllMicroservices();
    return app;
  };

  beforeEach(async () => {
    [deployment, audit, observed, gate] = [new Consumer(), new Consumer(), [], new Gate()];
    failures.length = 0;
    world = await EmbeddedWorld.open();
    bus = world.newBus({ onFailure: (failure) => failures.push(failure) }).bus;
    bus.publish(thingPublication);
  });
  afterEach(async () => {
    gate.open();
    await app?.close();
    app = undefined;
    await world.close();
  });

  it('are methods with @EventPattern, each for its group, also request-scoped and for several types', async () => {
    gate.open();
    await begin();
    await happen(world.store, ['thing-1', 'thing-2']);
    const { position } = await world.store.append('thing-1', 'any', [thing({}, 'ThingPraised')]);
    await bus.settled(position);
    expect(failures).toEqual([]);
    expect(deployment.handled.toSorted()).toEqual(['thing-1@0', 'thing-2@0']);
    expect(audit.handled.toSorted()).toEqual(['thing-1@0', 'thing-1@1', 'thing-2@0']);
    expect(observed.toSorted()).toEqual(['thing-1', 'thing-2']);
  });

  it('are awaited to the end of the observable that they answer', async () => {
    await begin();
    await happen(world.store, ['thing-1']);
    await deployment.until(() => deployment.handled.length === 1);
    const held = async () => (await bus.stats()).find(({ group }) => group === 'observer')!.heldSubjects;
    while ((await held()) === 0) await new Promise(setImmediate);
    for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate);
    expect(await held()).toBe(1);
    gate.open();
    await bus.settled(await world.store.head());
    expect(observed).toEqual(['thing-1']);
    expect(await held()).toBe(0);
  });

  it.each(['deployment', 'audit'])(
    'let out the very error that was thrown, with its stack, and are called again: %s',
    async (group) => {
      const consumer = group === 'audit' ? audit : deployment;
      const error = new ShopClosed('the shop is closed');
      consumer.behaviour = () => (consumer.began.length < 3 ? Promise.reject(error) : undefined);
      gate.open();
      await begin();
      await happen(world.store, ['thing-1']);
      await consumer.until(() => consumer.handled.length === 1);
      expect(failures.map((failure) => failure.group)).toEqual([group, group]);
      expect(failures[0]!.error).toBe(error);
      expect((failures[0]!.error as Error).stack).toContain('nest-bus.strategy.spec');
    },
  );

  it('know nothing of the guards and filters of HTTP, and HTTP nothing of them', async () => {
    gate.open();
    const { position } = await world.store.append('thing-1', 'any', [thing()]);
    const http = await begin();
    await bus.settled(position);
    expect(deployment.handled).toEqual(['thing-1@0']);
    const answer = await http.inject({ method: 'GET', url: '/v1/things' });
    expect({ status: answer.statusCode, code: answer.json<{ code: string }>().code }).toEqual({
      status: 403,
      code: 'nobody-may-enter',
    });
  });

  it('find the bus stopped when the application is closed', async () => {
    await (await begin()).close();
    app = undefined;
    await expect(bus.settled(await world.store.head())).rejects.toThrow('not running');
  });

  it('are refused at boot when they name no group', async () => {
    app = await create(GrouplessModule);
    expect(() => app!.connectMicroservice(busMicroservice(bus))).toThrow(
      "@EventPattern('things.happened.v1') names no consumer group",
    );
  });

  it('are refused at boot when they want to answer', async () => {
    app = await create(AskingModule);
    expect(() => app!.connectMicroservice(busMicroservice(bus))).toThrow("@MessagePattern('things.count')");
  });
});

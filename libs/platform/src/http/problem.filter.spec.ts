import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { MongoUnavailable } from '@souk/mongo';
import { ProblemFilter } from './problem.filter';

@Controller()
class FailingController {
  @Get('away')
  away(): never {
    throw new MongoUnavailable('reads', { cause: new Error('connect ECONNREFUSED 10.0.0.7:27017') });
  }

  @Get('broken')
  broken(): never {
    throw new TypeError('x is not a function');
  }
}

@Module({ controllers: [FailingController] })
class FailingModule {}

describe('ProblemFilter', () => {
  let app: NestFastifyApplication;
  beforeAll(async () => {
    app = await NestFactory.create<NestFastifyApplication>(FailingModule, new FastifyAdapter(), { logger: false });
    app.useGlobalFilters(new ProblemFilter());
    await app.init();
  });
  afterAll(() => app.close());

  it('answers 503 where a database is away, without saying where it should be', async () => {
    const answer = await app.inject({ method: 'GET', url: '/away' });
    expect(answer.statusCode).toBe(503);
    expect(answer.headers['retry-after']).toBe('1');
    expect(answer.json()).toMatchObject({ code: 'unavailable', status: 503 });
    expect(answer.body).not.toContain('27017');
  });

  it('answers 500 where something is wrong on this side, without saying what', async () => {
    const answer = await app.inject({ method: 'GET', url: '/broken' });
    expect(answer.json()).toMatchObject({ code: 'internal', status: 500 });
    expect(answer.body).not.toContain('function');
  });
});

import { RequestMethod, type Type } from '@nestjs/common';
import { METHOD_METADATA, MODULE_METADATA, PATH_METADATA } from '@nestjs/common/constants';
import { MetadataScanner } from '@nestjs/core';
import { FASTIFY_ROUTE_CONFIG_METADATA } from '@nestjs/platform-fastify/constants';
import { AppCatalogModule } from '../../app-catalog/src/app-catalog.module';
import { AuditModule } from '../../audit/src/audit.module';
import { AuthorizationModule } from '../../authorization/src/authorization.module';
import { CommerceModule } from '../../commerce/src/commerce.module';
import { DeploymentModule } from '../../deployment/src/deployment.module';
import { routeOf, type Service, services } from '../../edge/src/routes';
import { OrchestrationModule } from '../../orchestration/src/orchestration.module';
import { ReleaseModule } from '../../release/src/release.module';

const controllers: Record<Service, readonly Type[]> = {
  'app-catalog': controllersOf(AppCatalogModule),
  orchestration: controllersOf(OrchestrationModule),
  release: controllersOf(ReleaseModule),
  authorization: controllersOf(AuthorizationModule),
  deployment: DeploymentModule.with({ apiUrl: 'http://localhost' }).controllers as Type[],
  commerce: controllersOf(CommerceModule),
  audit: controllersOf(AuditModule),
};

function controllersOf(module: Type): readonly Type[] {
  return Reflect.getMetadata(MODULE_METADATA.CONTROLLERS, module) as Type[];
}

interface Declared {
  /** `GET /v1/apps/:appId` */
  readonly route: string;
  readonly bodyLimit: number | undefined;
}

function routesOf(controller: Type): Declared[] {
  const prefix = Reflect.getMetadata(PATH_METADATA, controller) as string;
  const prototype = controller.prototype as Record<string, object>;
  return new MetadataScanner().getAllMethodNames(prototype).flatMap((name) => {
    const method = Reflect.getMetadata(METHOD_METADATA, prototype[name]!) as RequestMethod | undefined;
    if (method === undefined) return [];
    const path = [prefix, Reflect.getMetadata(PATH_METADATA, prototype[name]!) as string].join('/').replaceAll(/\/+/g, '/');
    const config = Reflect.getMetadata(FASTIFY_ROUTE_CONFIG_METADATA, prototype[name]!) as { bodyLimit?: number } | undefined;
    const route = `${RequestMethod[method]} /${path}`.replaceAll(/\/+/g, '/').replace(/(.)\/$/, '$1');
    return [{ route, bodyLimit: config?.bodyLimit }];
  });
}

const routes = services.flatMap((service) =>
  controllers[service].flatMap((controller) =>
    routesOf(controller).map(({ route, bodyLimit }) => [route, service, bodyLimit] as const),
  ),
);

describe('The edge', () => {
  it.each(routes)('sends %s to %s', (route, service) => {
    expect(routeOf(route.split(' ')[1]!)?.service).toBe(service);
  });

  it('takes bodies as large as their route does', () => {
    const own = routes.map(([route, , bodyLimit]) => [route, bodyLimit]);
    expect(routes.map(([route]) => [route, routeOf(route.split(' ')[1]!)?.bodyLimit])).toEqual(own);
    expect(own.some(([, bodyLimit]) => bodyLimit !== undefined)).toBe(true);
  });

  it('knows every service that there is', () => {
    expect(new Set(routes.map(([, service]) => service))).toEqual(new Set(services));
  });
});

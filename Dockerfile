# syntax=docker/dockerfile:1
# One image for every process of Souk; the arguments say which one runs. Without any: the whole marketplace in one process, data in /data.
ARG NODE_IMAGE=node:22-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /souk
COPY package.json package-lock.json .npmrc ./
RUN --mount=type=cache,target=/root/.npm npm install --no-audit --no-fund
COPY . .
RUN node scripts/build.mjs

FROM ${NODE_IMAGE} AS dependencies
WORKDIR /souk
COPY package.json package-lock.json .npmrc ./
RUN --mount=type=cache,target=/root/.npm npm install --omit=dev --no-audit --no-fund

FROM ${NODE_IMAGE}
LABEL org.opencontainers.image.title="souk" \
      org.opencontainers.image.description="Event-sourced backend of a marketplace for applications that run at the customer's edge" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 SOUK_DATA_DIR=/data
WORKDIR /souk
COPY --from=dependencies /souk/node_modules node_modules
COPY --from=build /souk/dist dist
COPY package.json ./
RUN install -d -o 10001 -g 10001 -m 0700 /data
USER 10001:10001
VOLUME /data
# HTTP of a service, calls between services, HTTP and gRPC of the edge.
EXPOSE 3000 4000 8080 50051
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=3s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.PORT + '/health/ready').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# Each process handles SIGTERM itself and starts no children but the marketplace its simulated cluster: no init is needed.
ENTRYPOINT ["node", "--enable-source-maps"]
CMD ["dist/services/marketplace/src/main.js"]

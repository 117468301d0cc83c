# syntax=docker/dockerfile:1
# Not verified: written where no container engine was at hand.

FROM node:24-slim AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
# The image brings the Node that everything runs on: the pinned one from the dependencies is the same major version.
RUN npm ci --no-audit
COPY . .
RUN npm run build && mkdir /package && npm pack --ignore-scripts --pack-destination /package

FROM node:24-slim AS install
WORKDIR /landfall
COPY --from=build /build/package.json /build/package-lock.json /build/.npmrc ./
RUN npm ci --no-audit --omit=dev
COPY --from=build /package /package
RUN tar -xzf /package/*.tgz --strip-components=1 && rm -r /package
# DuckDB's signed extensions, so that a worker needs no way to the internet.
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/*
RUN XDG_CACHE_HOME=/tmp/cache node --input-type=module --eval " \
      import { signedExtension } from './dist/staging/duckdb/extensions.js'; \
      for (const name of ['httpfs', 'postgres_scanner', 'mysql_scanner', 'excel']) await signedExtension(name, console.log);" \
 && mkdir extensions && find /tmp/cache -name '*.duckdb_extension' -exec mv {} extensions/ ';' && rm -r /tmp/cache

FROM node:24-slim
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/* \
 && install -d -o node -g node /var/lib/landfall
COPY --from=install /landfall /opt/landfall
ENV NODE_ENV=production LANDFALL_DUCKDB_EXTENSIONS=/opt/landfall/extensions
USER node
# Configuration, blueprints and the staging folder are mounted here.
WORKDIR /var/lib/landfall
# Its first line says which Node, and with which options.
ENTRYPOINT ["/opt/landfall/bin/landfall.cjs"]
CMD ["worker"]

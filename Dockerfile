# syntax=docker/dockerfile:1

FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# No embedded PostgreSQL in an image: it is an optional dependency.
RUN npm ci --omit=optional --ignore-scripts
COPY tsconfig.json tsconfig.build.json nest-cli.json ./
COPY scripts/build.mjs scripts/sbom.mjs scripts/
COPY src src
RUN npm run build
RUN node scripts/sbom.mjs --omit-optional > sbom.json

FROM node:24-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --omit=optional && npm cache clean --force
RUN install -d -o 1000 -g 1000 /data

# No shell and no package manager: glibc, libstdc++, certificates, and Node of the build.
FROM gcr.io/distroless/cc-debian12
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /usr/local/bin/node /usr/local/bin/node
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY --from=build /app/sbom.json ./
COPY --from=dependencies /data /data
COPY package.json LICENSE ./
COPY scripts/command.mjs scripts/keys-rotate.mjs scripts/admin.mjs scripts/db.mjs scripts/psql.mjs scripts/
USER 1000:1000
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.PORT || 3000) + '/health/live').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# Node is process 1 and handles SIGTERM itself.
CMD ["node", "--no-memory-reducer", "dist/main.js"]
